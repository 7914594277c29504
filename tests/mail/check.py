"""Reads mails as a stranger's mail program would, and says what is wrong with them.

    python check.py --host HOST[:PORT] FILE.eml ...

Prints one JSON object a line for each file:

    {"file", "subject", "from", "to", "reply_to", "message_id", "headers": [[name, value], ...],
     "parts": [{"type", "method"?, "text"}, ...], "links_text", "links_html", "faults"}

and exits 1 when any of them has faults: not exactly one recipient; not the same links in text and
HTML; a link to another host; something loaded from outside; broken HTML; a header that is missing,
doubled, unknown or hides a line end. Where an envelope lies beside the mail (0001.json beside
0001.eml, as the test mail server writes it), it must name the same recipient.
"""

import argparse
import email
import json
import re
import sys
from email import policy
from pathlib import Path
from urllib.parse import urlsplit

import html5lib

NEEDED = {"From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"}
KNOWN = NEEDED | {
    "Reply-To",
    "Auto-Submitted",
    "Content-Transfer-Encoding",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
}
LINK = re.compile(r"https?://[^\s<>\"]*[\w/=-]")
# What a mail program would fetch without being asked.
LOADED = {"src", "srcset", "background", "poster"}


def read(path, host):
    raw = path.read_bytes()
    message = email.message_from_bytes(raw, policy=policy.default)
    parts = [part for part in message.walk() if not part.is_multipart()]
    faults = [*header_faults(raw, message), *recipient_faults(path, message)]
    text = sole(parts, "text/plain", faults)
    page = html5lib.HTMLParser(namespaceHTMLElements=False)
    tree = page.parse(sole(parts, "text/html", faults))
    faults += [f"HTML, line {line}: {error}" for (line, _), error, _ in page.errors]
    faults += [f"loaded from outside: {it.tag}" for it in tree.iter() if it.tag == "link" or LOADED & set(it.attrib)]
    links_text = LINK.findall(text)
    links_html = [it.get("href") for it in tree.iter("a") if LINK.match(it.get("href", ""))]
    faults += link_faults(links_text, links_html, host)
    return {
        "file": path.name,
        "subject": message["Subject"],
        "from": message["From"],
        "to": message["To"],
        "reply_to": message["Reply-To"],
        "message_id": message["Message-ID"],
        "headers": [[name, str(value)] for name, value in message.items()],
        "parts": [described(part) for part in parts],
        "links_text": links_text,
        "links_html": links_html,
        "faults": faults,
    }


def described(part):
    facts = {"type": part.get_content_type()}
    if part.get_param("method"):
        facts["method"] = part.get_param("method")
    facts["text"] = part.get_content() if part.get_content_maintype() == "text" else ""
    return facts


def sole(parts, kind, faults):
    """The text of the one part of this kind."""
    found = [part for part in parts if part.get_content_type() == kind]
    if len(found) != 1:
        faults.append(f"{len(found)} parts of type {kind}")
        return "<!DOCTYPE html><title></title>" if kind == "text/html" else ""
    return found[0].get_content()


def header_faults(raw, message):
    names = [name.title() for name in message.keys()]
    for name in sorted(NEEDED):
        if names.count(name.title()) != 1:
            yield f"{names.count(name.title())} headers {name}"
    for name in message.keys():
        if name.title() not in {known.title() for known in KNOWN}:
            yield f"unknown header {name}"
    for name, value in message.items():
        if re.search(r"[\x00-\x1f\x7f]", str(value)):
            yield f"a control character in {name}"
    for part in message.walk():
        yield from (f"defect: {type(it).__name__}" for it in part.defects)
        for name, value in part.items():
            yield from (f"defect in {name}: {type(it).__name__}" for it in value.defects)
    head = raw.partition(b"\r\n\r\n")[0].replace(b"\r\n", b"")
    if re.search(rb"[^\t -~]", head):
        yield "a header line that ends oddly or is not ASCII"
    if max(map(len, raw.split(b"\r\n"))) > 998:
        yield "a line of more than 998 octets"


def recipient_faults(path, message):
    named = [it.addr_spec for name in ("To", "Cc", "Bcc") for field in message.get_all(name, []) for it in field.addresses]
    if len(named) != 1:
        yield f"{len(named)} recipients"
    envelope = path.with_suffix(".json")
    if envelope.exists() and json.loads(envelope.read_text())["to"] != named:
        yield "the envelope names another recipient"


def link_faults(links_text, links_html, host):
    for link in sorted(set(links_text) - set(links_html)):
        yield f"only in the text: {link}"
    for link in sorted(set(links_html) - set(links_text)):
        yield f"only in the HTML: {link}"
    for link in sorted(set(links_text) | set(links_html)):
        if urlsplit(link).netloc != host:
            yield f"a link to another host: {link}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", required=True, help="the only host that links may name")
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    options = parser.parse_args()
    mails = [read(path, options.host) for path in options.files]
    for mail in mails:
        print(json.dumps(mail))
    sys.exit(any(mail["faults"] for mail in mails))


if __name__ == "__main__":
    main()
