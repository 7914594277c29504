"""A real SMTP server that keeps every message it is given and can be told to misbehave.

    python sink.py --dir DIR [--port 0] [--tls CERT KEY] [--script FILE]

It listens on 127.0.0.1 and reports on standard output, one JSON object a line: first {"port": 2525},
then whatever happens, so that a test waits for a line and never sleeps:

    {"kept": "0001.eml", "from": "a@example.org", "to": ["b@example.org"], "tls": false}
    {"did": "stall", "at": "dot"}

0001.eml is the message, byte for byte as it came; 0001.json beside it is its envelope, as in the
line above. Both are complete when the line is printed.

With --tls the server offers STARTTLS and takes no mail without it. CERT is a leaf certificate, KEY
its key (a certificate that signs itself is refused by most clients).

The script is a JSON list of rules. At each point of each conversation the first rule that fits and
is not used up is followed; without one the server behaves.

    [
      {"at": "rcpt", "to": "gone@example.org", "reply": "550 5.1.1 No such mailbox"},
      {"at": "rcpt", "to": "busy@example.org", "reply": "451 4.3.0 Try again later", "times": 2},
      {"at": "dot", "do": "drop", "times": 1}
    ]

    at     connect   before the greeting
           rcpt      when a recipient is named
           data      before the message: the client never gets to write it
           dot       after the final dot, before the answer to it
           answered  after the 250
    do     reply (needs "reply"), stall (say nothing more), drop (cut the connection)
    to     a recipient's address; without it, any
    times  how often; without it, always

Who stalls or drops at "dot" or "answered" has kept the message: the unlucky case, in which only the
client does not know. A reply at "dot" keeps nothing if it refuses. A reply at "connect" takes the
place of the greeting and ends the conversation.

The server ends when its standard input closes, so it never outlives the test that holds the pipe.
"""

import argparse
import asyncio
import json
import ssl
import sys
import threading
from pathlib import Path

from aiosmtpd.smtp import SMTP, syntax

POINTS = ("connect", "rcpt", "data", "dot", "answered")
ACTS = ("reply", "stall", "drop")


class Script:
    """What to do wrong, and how often still."""

    def __init__(self, rules):
        for rule in rules:
            act = rule.setdefault("do", "reply")
            sound = (
                set(rule) <= {"at", "do", "to", "reply", "times"}
                and rule.get("at") in POINTS
                and act in ACTS
                and (act == "reply") == ("reply" in rule)
                and (rule["at"], act) != ("answered", "reply")
            )
            if not sound:
                raise SystemExit(f"sink.py: this rule makes no sense: {rule}")
        self.rules = rules

    def next(self, at, recipients):
        """The rule that applies now; one use of it is spent."""
        for rule in self.rules:
            fits = rule["at"] == at and ("to" not in rule or rule["to"] in recipients)
            if fits and rule.get("times") != 0:
                if "times" in rule:
                    rule["times"] -= 1
                return rule
        return None


class Sink:
    """Keeps the messages, and answers as the script says where the SMTP library asks."""

    def __init__(self, folder, script):
        self.folder = folder
        self.script = script
        self.kept = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        rule = await self.follow(server, "rcpt", [address])
        reply = rule["reply"] if rule else "250 2.1.5 OK"
        if reply.startswith("2"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server, session, envelope):
        rule = self.script.next("dot", envelope.rcpt_tos)
        reply = rule.get("reply", "") if rule else "250 2.0.0 OK"
        if not reply.startswith(("4", "5")):
            self.keep(session, envelope)
        if rule:
            await self.act(server, rule)
        return reply

    async def follow(self, server, at, recipients=()):
        """Does what the script says here. Comes back with a rule only if it asks for a reply."""
        rule = self.script.next(at, recipients)
        if rule:
            await self.act(server, rule)
        return rule

    async def act(self, server, rule):
        report({"did": rule["do"], "at": rule["at"]})
        if rule["do"] == "drop":
            server.transport.close()
        if rule["do"] != "reply":
            # Until the connection is gone: the library then cancels this conversation.
            await asyncio.Event().wait()

    def keep(self, session, envelope):
        self.kept += 1
        path = self.folder / f"{self.kept:04}.eml"
        facts = {
            "kept": path.name,
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "tls": session.ssl is not None,
        }
        path.write_bytes(envelope.original_content)
        path.with_suffix(".json").write_text(json.dumps(facts))
        envelope.was_kept = True
        report(facts)


class Server(SMTP):
    """The points of the script for which the library has no hook."""

    async def _handle_client(self):
        rule = await self.event_handler.follow(self, "connect")
        if rule:
            await self.push(rule["reply"])
            self.transport.close()
            return
        await super()._handle_client()

    @syntax("DATA")
    async def smtp_DATA(self, arg):
        envelope = self.envelope
        rule = await self.event_handler.follow(self, "data", envelope.rcpt_tos)
        if rule:
            await self.push(rule["reply"])
            return
        await super().smtp_DATA(arg)
        if getattr(envelope, "was_kept", False):
            await self.event_handler.follow(self, "answered", envelope.rcpt_tos)


def report(facts):
    print(json.dumps(facts), flush=True)


def tls_context(certificate, key):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return context


async def serve(options):
    script = Script(json.loads(options.script.read_text()) if options.script else [])
    sink = Sink(options.dir, script)
    tls = tls_context(*options.tls) if options.tls else None

    def conversation():
        return Server(
            sink,
            hostname="sink.example.org",
            enable_SMTPUTF8=True,
            tls_context=tls,
            require_starttls=tls is not None,
            timeout=3600,  # Patience is the client's: its time-outs are what is tested.
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(conversation, "127.0.0.1", options.port)
    report({"port": server.sockets[0].getsockname()[1]})
    over = asyncio.Event()
    threading.Thread(target=wait_for_the_end, args=(loop, over), daemon=True).start()
    await over.wait()


def wait_for_the_end(loop, over):
    while sys.stdin.buffer.read(1024):
        pass
    loop.call_soon_threadsafe(over.set)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dir", type=Path, required=True, help="where messages are kept")
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"), help="offer and demand STARTTLS")
    parser.add_argument("--script", type=Path, metavar="FILE", help="how to misbehave")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
