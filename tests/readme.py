"""Holds README.md to its word: what it names is there, and its two commands are the ones that work.

    python readme.py

The first command is run as written, but on a free port, until it has shown its first page. The second
one is the suite this belongs to.
"""

import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = ("cargo run -- demo", "tests/run")
READY = re.compile(r"ready at (http://\S+)")


def main():
    readme = ROOT / "README.md"
    if not readme.exists():
        sys.exit("there is no README.md")
    text = readme.read_text()
    faults = [*missing_files(text), *missing_commands(text), *demo_faults()]
    for fault in faults:
        print(f"README.md: {fault}")
    print(f"README.md: {len(named_files(text))} files named, {len(faults)} faults")
    sys.exit(bool(faults))


def named_files(text):
    """Link targets, and words in code style that begin with a folder of ours or look like `NAME.md`."""
    links = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", text)
    words = re.findall(r"`(\.?[\w.-]+(?:/[\w.-]+)*)/?`", text)
    ours = [word for word in words if (ROOT / word.split("/")[0]).is_dir() or word.endswith(".md")]
    return sorted({*links, *ours})


def missing_files(text):
    return [f"there is no {name}" for name in named_files(text) if not (ROOT / name).exists()]


def missing_commands(text):
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    lines = {line.partition("#")[0].strip() for block in [*blocks, *indented(text)] for line in block.splitlines()}
    return [f"the command is missing: {command}" for command in COMMANDS if command not in lines]


def indented(text):
    return re.findall(r"^(?: {4}.*\n)+", text, re.MULTILINE)


def demo_faults():
    command = [*COMMANDS[0].split(), "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as demo:
        address = next((found[1] for found in map(READY.search, demo.stdout) if found), None)
        if address is None:
            return [f"{COMMANDS[0]!r} ended without an address"]
        try:
            with urllib.request.urlopen(address) as answer:
                return [] if b"<h1" in answer.read() else ["the first page of the demo has no heading"]
        except urllib.error.HTTPError as error:
            return [f"the first page of the demo answers {error}"]
        finally:
            demo.send_signal(signal.SIGTERM)


if __name__ == "__main__":
    main()
