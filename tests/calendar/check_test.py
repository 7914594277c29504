"""The reader of calendars finds each fault it is for, and none in a good calendar."""

import tempfile
import unittest
from pathlib import Path

from check import read

REQUEST = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Alongside//EN
METHOD:REQUEST
BEGIN:VTIMEZONE
TZID:Europe/London
BEGIN:DAYLIGHT
TZOFFSETFROM:+0000
TZOFFSETTO:+0100
DTSTART:19700329T010000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
BEGIN:STANDARD
TZOFFSETFROM:+0100
TZOFFSETTO:+0000
DTSTART:19701025T020000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:1@example.org
SEQUENCE:0
DTSTAMP:20270120T140003Z
ORGANIZER:mailto:courses@example.org
DTSTART;TZID=Europe/London:20271026T100000
DTEND;TZID=Europe/London:20271026T130000
SUMMARY:Course (day 1 of 2)
CLASS:PRIVATE
STATUS:CONFIRMED
END:VEVENT
END:VCALENDAR
"""
CANCEL = (
    REQUEST.replace("METHOD:REQUEST", "METHOD:CANCEL")
    .replace("STATUS:CONFIRMED", "STATUS:CANCELLED")
    .replace("SEQUENCE:0", "SEQUENCE:1")
)
MAIL = """\
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=x

--x
Content-Type: text/calendar; method={method}; charset=utf-8

{calendar}
--x--
"""


def read_all(*calendars, method=None):
    """Each calendar in a mail of its own."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for calendar in calendars:
            announced = method or ("CANCEL" if "METHOD:CANCEL" in calendar else "REQUEST")
            paths.append(Path(folder, f"{len(paths)}.eml"))
            mail = MAIL.format(method=announced, calendar=calendar)
            paths[-1].write_bytes(mail.replace("\n", "\r\n").encode())
        return list(read(paths))


class CheckTest(unittest.TestCase):
    def test_times_are_right_on_both_sides_of_both_clock_changes(self):
        for date, starts in [
            ("20270327", "2027-03-27T10:00:00Z"),
            ("20270329", "2027-03-29T09:00:00Z"),
            ("20271030", "2027-10-30T09:00:00Z"),
            ("20271101", "2027-11-01T10:00:00Z"),
        ]:
            [event] = read_all(REQUEST.replace("20271026", date))
            self.assertEqual((event["starts"], event["faults"]), (starts, []))

    def test_a_cancel_after_its_request_is_right(self):
        events = read_all(REQUEST, CANCEL)
        told = [(it["method"], it["sequence"], it["faults"]) for it in events]
        self.assertEqual(told, [("REQUEST", 0, []), ("CANCEL", 1, [])])

    def test_a_download_has_no_method(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "calendar.ics")
            path.write_bytes(REQUEST.replace("METHOD:REQUEST\n", "").replace("\n", "\r\n").encode())
            [event] = read([path])
        self.assertEqual((event["method"], event["faults"]), (None, []))

    def test_each_fault_is_found(self):
        another = REQUEST[REQUEST.index("BEGIN:VEVENT") : REQUEST.index("END:VCALENDAR")]
        for good, bad, fault in [
            ("METHOD:REQUEST", "METHOD:CANCEL", "status CONFIRMED in a CANCEL"),
            ("METHOD:REQUEST", "METHOD:PUBLISH", "the method is PUBLISH, announced as REQUEST"),
            ("END:VCALENDAR", another + "END:VCALENDAR", "2 events in one part"),
            (another, "", "no UID"),
            ("CLASS:PRIVATE", "CLASS:PUBLIC", "not private"),
            ("ORGANIZER:mailto:courses@example.org\n", "", "no ORGANIZER"),
            ("DTSTART;TZID=Europe/London:", "DTSTART:", "a time without the zone Europe/London"),
            ("TZOFFSETTO:+0100", "TZOFFSETTO:+0200", "the zone's rules and the zone's name give different times"),
            ("DTEND;TZID=Europe/London:20271026T13", "DTEND;TZID=Europe/London:20271026T09", "it ends before it starts"),
            ("SUMMARY:", "SUMMARY:" + "x" * 70, "a line of 97 octets"),
            ("SUMMARY:", "SUMMARY:\x07", "a control character"),
        ]:
            with self.subTest(fault):
                self.assertIn(good, REQUEST)
                faults = [it for event in read_all(REQUEST.replace(good, bad), method="REQUEST") for it in event["faults"]]
                self.assertIn(fault, faults)

    def test_the_order_of_mails_counts(self):
        self.assertEqual(read_all(CANCEL)[0]["faults"], ["a CANCEL without a REQUEST"])
        self.assertEqual(read_all(REQUEST, REQUEST)[1]["faults"], ["SEQUENCE 0 after 0"])


if __name__ == "__main__":
    unittest.main()
