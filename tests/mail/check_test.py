"""The reader of mails finds each fault it is for, and none in a good mail."""

import json
import tempfile
import unittest
from pathlib import Path

from check import read

GOOD = """\
From: Courses <courses@example.org>
To: Sam <sam@example.org>
Subject: =?utf-8?q?Your_booking=E2=80=A6?=
Date: Tue, 11 May 2027 13:00:00 +0000
Message-ID: <1@example.org>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=x

--x
Content-Type: multipart/alternative; boundary=y

--y
Content-Type: text/plain; charset=utf-8

Your booking: https://example.org/b/A_b-9.
--y
Content-Type: text/html; charset=utf-8

<!DOCTYPE html>
<html lang="en"><title>Your booking</title><p><a href="https://example.org/b/A_b-9">Your booking</a></p></html>
--y--
--x
Content-Type: text/calendar; method=REQUEST; charset=utf-8

BEGIN:VCALENDAR
--x--
""".replace("\n", "\r\n")


def read_text(text, envelope=None):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "0001.eml")
        path.write_bytes(text.encode())
        if envelope:
            path.with_suffix(".json").write_text(json.dumps(envelope))
        return read(path, "example.org")


class CheckTest(unittest.TestCase):
    def test_a_good_mail_is_told_in_full(self):
        mail = read_text(GOOD, {"to": ["sam@example.org"]})
        self.assertEqual(mail["faults"], [])
        self.assertEqual(mail["subject"], "Your booking…")
        self.assertEqual(mail["to"], "Sam <sam@example.org>")
        self.assertEqual(mail["links_text"], ["https://example.org/b/A_b-9"])
        self.assertEqual(mail["links_html"], ["https://example.org/b/A_b-9"])
        self.assertEqual([part["type"] for part in mail["parts"]], ["text/plain", "text/html", "text/calendar"])
        self.assertEqual(mail["parts"][2]["method"], "REQUEST")

    def test_each_fault_is_found(self):
        for good, bad, fault in [
            ("To: Sam <sam@example.org>", "To: sam@example.org, kim@example.org", "2 recipients"),
            ("To: Sam", "Bcc: kim@example.org\r\nTo: Sam", "2 recipients"),
            ("Your booking: https:", "Your booking: http:", "only in the text: http://example.org/b/A_b-9"),
            ("A_b-9\">", "other\">", "only in the HTML: https://example.org/b/other"),
            ("example.org/b", "example.com/b", "a link to another host: https://example.com/b/A_b-9"),
            ("<p>", "<p><img alt='' src='cid:1'>", "loaded from outside: img"),
            ("<p>", "<p></b>", "HTML, line 2: unexpected-end-tag"),
            ("Message-ID: <1@example.org>\r\n", "", "0 headers Message-ID"),
            ("Subject:", "Subject: Another\r\nSubject:", "2 headers Subject"),
            ("Subject:", "X-Injected: yes\r\nSubject:", "unknown header X-Injected"),
            ("_booking=", "=0D=0ABcc:_x=", "a control character in Subject"),
            ("Subject: ", "Subject: \r", "a header line that ends oddly or is not ASCII"),
            ("text/html;", "text/richtext;", "0 parts of type text/html"),
        ]:
            with self.subTest(fault):
                self.assertIn(good, GOOD)
                self.assertIn(fault, read_text(GOOD.replace(good, bad))["faults"])

    def test_the_envelope_must_name_the_same_recipient(self):
        mail = read_text(GOOD, {"to": ["kim@example.org"]})
        self.assertEqual(mail["faults"], ["the envelope names another recipient"])


if __name__ == "__main__":
    unittest.main()
