"""The reader of certificates finds each fault it is for."""

import tempfile
import unittest
from pathlib import Path

from check import read
from pypdf import PdfWriter


class Faults(unittest.TestCase):
    def test_a_bare_page_has_every_fault(self):
        writer = PdfWriter()
        writer.add_blank_page(100, 100)
        writer.metadata = None
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "bare.pdf")
            writer.write(path)
            found = read(path)["faults"]
        for fault in (
            "it is not tagged",
            "its language is None",
            "it has no title",
            "its title is not shown",
            "it does not call itself accessible",
            "its headings have the levels []",
            "it has only []",
            "its text is not in order",
        ):
            self.assertIn(fault, found)


if __name__ == "__main__":
    unittest.main()
