"""Reads certificates as a stranger's reader of PDF files would, and says what is wrong with them.

    python check.py FILE ...

Prints one JSON object a line for each file:

    {"file", "title", "language", "tags", "text", "faults"}

with the tags in the order in which they are read aloud, and exits 1 when any file has faults. A certificate has
a title that is shown, is in British English, calls itself accessible (PDF/UA-1), has a first heading and none that
skips a level, embeds its fonts, and is read in the order in which it is looked at.
"""

import argparse
import json
import re
import sys
from pathlib import Path

from pypdf import PdfReader

ORDER = ("Certificate of attendance", "confirms that", "attended the course", "Dates attended", "Issued on", "Number")


def tags(node):
    """The tags below a node of the structure, in reading order."""
    node = node.get_object()
    if not hasattr(node, "get"):
        return
    if node.get("/S"):
        yield str(node["/S"]).removeprefix("/")
    kids = node.get("/K", [])
    kids = kids.get_object() if hasattr(kids, "get_object") else kids
    for kid in kids if isinstance(kids, list) else [kids]:
        if not isinstance(kid, int):
            yield from tags(kid)


def fonts(reader):
    """The names of the fonts, and whether each is in the file."""
    for page in reader.pages:
        for font in page["/Resources"].get("/Font", {}).values():
            font = font.get_object()
            for part in font.get("/DescendantFonts", [font]):
                descriptor = part.get_object().get("/FontDescriptor", {})
                embedded = any(f"/FontFile{it}" in descriptor for it in ("", 2, 3))
                yield str(font.get("/BaseFont")), embedded


def faults(reader, read, text):
    root = reader.trailer["/Root"]
    if not root.get("/MarkInfo", {}).get("/Marked"):
        yield "it is not tagged"
    if root.get("/Lang") != "en-GB":
        yield f"its language is {root.get('/Lang')}"
    if not (reader.metadata or {}).get("/Title"):
        yield "it has no title"
    if not root.get("/ViewerPreferences", {}).get("/DisplayDocTitle"):
        yield "its title is not shown"
    known = root.get("/Metadata")
    known = known.get_object().get_data().decode() if known else ""
    if not re.search(r"pdfuaid:part(>|=\")1", known):
        yield "it does not call itself accessible"
    levels = [int(it[1:]) for it in read if re.fullmatch(r"H\d", it)]
    if levels[:1] != [1] or any(after > before + 1 for before, after in zip(levels, levels[1:])):
        yield f"its headings have the levels {levels}"
    if not {"P", "L", "LI", "LBody"} <= set(read):
        yield f"it has only {sorted(set(read))}"
    yield from (f"{name} is not in the file" for name, embedded in fonts(reader) if not embedded)
    places = [text.find(it) for it in ORDER]
    if -1 in places or places != sorted(places):
        yield "its text is not in order"
    if re.search(r"competen", text, re.I):
        yield "it says more than that somebody attended"


def read(path):
    reader = PdfReader(path)
    text = "\n".join(page.extract_text() for page in reader.pages)
    tree = reader.trailer["/Root"].get("/StructTreeRoot")
    found = list(tags(tree)) if tree else []
    return {
        "file": path.name,
        "title": (reader.metadata or {}).get("/Title"),
        "language": reader.trailer["/Root"].get("/Lang"),
        "tags": found,
        "text": text,
        "faults": list(faults(reader, found, text)),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    all_read = [read(path) for path in parser.parse_args().files]
    for it in all_read:
        print(json.dumps(it))
    sys.exit(any(it["faults"] for it in all_read))


if __name__ == "__main__":
    main()
