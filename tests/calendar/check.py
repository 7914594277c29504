"""Reads calendar files as a stranger's calendar would, and says what is wrong with them.

    python check.py FILE ...

A FILE is a calendar (.ics) or a mail (.eml), whose calendar parts are read. Name them in the order in
which they were sent. Prints one JSON object a line for each event:

    {"file", "method", "uid", "sequence", "status", "summary", "starts", "ends", "faults"}

with the times in UTC, and exits 1 when any event has faults. A calendar with a method (part of a
mail) holds one event; one without (a download) may hold several. The times are read twice, by the name
of the zone and by the zone rules in the file, and must agree. A CANCEL follows a REQUEST of the same
UID, and the SEQUENCE of a UID only rises.
"""

import argparse
import email
import json
import re
import sys
from datetime import timezone
from email import policy
from pathlib import Path

from icalendar import Calendar, Event

ZONE = "Europe/London"
NEEDED = ("UID", "SEQUENCE", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "ORGANIZER", "CLASS")


def calendars(path):
    """The calendars in a file, each with the method that its mail part announces."""
    raw = path.read_bytes()
    if path.suffix != ".eml":
        yield raw, None
        return
    for part in email.message_from_bytes(raw, policy=policy.default).walk():
        if part.get_content_type() == "text/calendar":
            yield part.get_payload(decode=True), part.get_param("method")


def read(paths):
    """Every event in these files."""
    seen = {}
    for path in paths:
        for raw, announced in calendars(path):
            calendar = Calendar.from_ical(raw)
            faults = [*line_faults(raw), *calendar_faults(calendar, announced, from_mail=path.suffix == ".eml")]
            for event in calendar.events or [Event()]:
                method = calendar.get("METHOD")
                yield {
                    "file": path.name,
                    "method": method,
                    "uid": event.get("UID"),
                    "sequence": event.get("SEQUENCE"),
                    "status": event.get("STATUS"),
                    "summary": event.get("SUMMARY"),
                    "starts": utc(event, "DTSTART"),
                    "ends": utc(event, "DTEND"),
                    "faults": [*faults, *event_faults(calendar, event), *order_faults(method, event, seen)],
                }


def utc(event, name):
    return f"{event[name].dt.astimezone(timezone.utc):%Y-%m-%dT%H:%M:%SZ}" if name in event else None


def line_faults(raw):
    if not raw.endswith(b"\r\n") or re.search(rb"\r(?!\n)|(?<!\r)\n", raw):
        yield "a line that does not end in CRLF"
    for line in raw.split(b"\r\n"):
        if len(line) > 75:
            yield f"a line of {len(line)} octets"
        if re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", line):
            yield "a control character"
        if "\ufffd" in line.decode(errors="replace"):
            yield "a character broken by folding"


def calendar_faults(calendar, announced, from_mail):
    method = calendar.get("METHOD")
    if from_mail and (method != announced or method not in ("REQUEST", "CANCEL")):
        yield f"the method is {method}, announced as {announced}"
    if method and len(calendar.events) != 1:
        yield f"{len(calendar.events)} events in one part"
    if [zone.get("TZID") for zone in calendar.timezones] != [ZONE]:
        yield f"not exactly the zone {ZONE}"


def event_faults(calendar, event):
    yield from (f"{name}: {error}" for name, error in event.errors)
    yield from (f"no {name}" for name in NEEDED if name not in event)
    if event.get("CLASS") != "PRIVATE":
        yield "not private"
    if (event.get("STATUS") == "CANCELLED") != (calendar.get("METHOD") == "CANCEL"):
        yield f"status {event.get('STATUS')} in a {calendar.get('METHOD')}"
    times = [event[name] for name in ("DTSTART", "DTEND") if name in event]
    for time in times:
        if time.params.get("TZID") != ZONE:
            yield f"a time without the zone {ZONE}"
        elif any(time.dt.replace(tzinfo=zone.to_tz(lookup_tzid=False)) != time.dt for zone in calendar.timezones):
            yield "the zone's rules and the zone's name give different times"
    if len(times) == 2 and utc(event, "DTSTART") >= utc(event, "DTEND"):
        yield "it ends before it starts"


def order_faults(method, event, seen):
    """What is wrong with this event, given what was sent before under the same UID."""
    uid = event.get("UID")
    if method:
        if method == "CANCEL" and uid not in seen:
            yield "a CANCEL without a REQUEST"
        if event.get("SEQUENCE", 0) <= seen.get(uid, -1):
            yield f"SEQUENCE {event.get('SEQUENCE')} after {seen[uid]}"
        seen[uid] = event.get("SEQUENCE", 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    events = list(read(parser.parse_args().files))
    for event in events:
        print(json.dumps(event))
    sys.exit(any(event["faults"] for event in events))


if __name__ == "__main__":
    main()
