"""Works out hashes, signatures and commitments as a stranger would, with libraries that are not ours.

    python check.py FILE

FILE holds one JSON object a line:

    {"seed", "prev", "salt"}   32 bytes each, in hex
    {"event", "content"}       any values

Prints for each line one JSON object, everything in hex:

    {"canonical": of content, "commitment", "h", "kid", "sig"}

A number that is no whole number within 2^53 - 1, or a null, is an error. Section 5 of the competency
rules says what is worked out.
"""

import argparse
import hashlib
import json
from pathlib import Path

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def canonical(value):
    """C(x): RFC 8785, without what could be read in two ways."""
    refuse_what_is_no_value(value)
    return rfc8785.dumps(value)


def refuse_what_is_no_value(value):
    if value is None or isinstance(value, float):
        raise ValueError(f"{value} is not a value here")
    for it in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        refuse_what_is_no_value(it)


def link(prev, event):
    return sha256(b"alongside/signoff/v1\0", prev, sha256(canonical(event)))


def commitment(salt, content):
    return sha256(b"alongside/commit/v1\0", salt, canonical(content))


def work_out(line):
    seed, prev, salt = (bytes.fromhex(line[name]) for name in ("seed", "prev", "salt"))
    key = Ed25519PrivateKey.from_private_bytes(seed)
    h = link(prev, line["event"])
    return {
        "canonical": canonical(line["content"]).hex(),
        "commitment": commitment(salt, line["content"]).hex(),
        "h": h.hex(),
        "kid": sha256(key.public_key().public_bytes_raw()).hex()[:16],
        "sig": key.sign(h).hex(),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, metavar="FILE")
    # Not splitlines(): some characters in a text end a line for it.
    for line in parser.parse_args().file.read_text(encoding="utf-8").split("\n"):
        if line:
            print(json.dumps(work_out(json.loads(line))))


if __name__ == "__main__":
    main()
