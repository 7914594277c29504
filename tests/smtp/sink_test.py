"""The mail server keeps what it is given and misbehaves as it is told."""

import json
import smtplib
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

MESSAGE = b"Subject: Hello\r\n\r\n.A line that begins with a dot\r\n"


class Sink:
    """A running server, and what it reports."""

    def __init__(self, *rules):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)
        script = self.path / "script"
        script.write_text(json.dumps(rules))
        command = [sys.executable, Path(__file__).with_name("sink.py"), "--dir", self.path, "--script", script]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.port = self.report()["port"]

    def report(self):
        return json.loads(self.process.stdout.readline())

    def send(self, to="b@example.org"):
        with smtplib.SMTP("127.0.0.1", self.port) as client:
            client.sendmail("a@example.org", [to], MESSAGE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.folder.cleanup()


class SinkTest(unittest.TestCase):
    def test_a_message_is_kept_byte_for_byte_beside_its_envelope(self):
        with Sink() as sink:
            sink.send()
            kept = {"kept": "0001.eml", "from": "a@example.org", "to": ["b@example.org"], "tls": False}
            self.assertEqual(sink.report(), kept)
            self.assertEqual((sink.path / "0001.eml").read_bytes(), MESSAGE)
            self.assertEqual(json.loads((sink.path / "0001.json").read_text()), kept)

    def test_a_recipient_is_refused_for_ever_and_another_twice(self):
        with Sink(
            {"at": "rcpt", "to": "gone@example.org", "reply": "550 5.1.1 No such mailbox"},
            {"at": "rcpt", "to": "busy@example.org", "reply": "451 4.3.0 Try again later", "times": 2},
        ) as sink:
            for to in ["gone@example.org"] * 3 + ["busy@example.org"] * 2:
                with self.assertRaises(smtplib.SMTPRecipientsRefused):
                    sink.send(to)
                self.assertEqual(sink.report(), {"did": "reply", "at": "rcpt"})
            sink.send("busy@example.org")
            self.assertEqual(sink.report()["to"], ["busy@example.org"])

    def test_a_connection_dropped_after_the_dot_leaves_the_message_with_the_server(self):
        with Sink({"at": "dot", "do": "drop", "times": 1}) as sink:
            with self.assertRaises(smtplib.SMTPServerDisconnected):
                sink.send()
            self.assertEqual(sink.report()["kept"], "0001.eml")
            self.assertEqual(sink.report(), {"did": "drop", "at": "dot"})
            sink.send()
            self.assertEqual(sink.report()["kept"], "0002.eml")

    def test_a_connection_dropped_after_the_answer_does_not_worry_the_client(self):
        with Sink({"at": "answered", "do": "drop"}) as sink:
            client = smtplib.SMTP("127.0.0.1", sink.port)
            client.sendmail("a@example.org", ["b@example.org"], MESSAGE)
            with self.assertRaises(smtplib.SMTPServerDisconnected):
                client.noop()

    def test_a_message_refused_after_the_dot_is_not_kept(self):
        with Sink({"at": "dot", "reply": "552 5.2.2 Mailbox full", "times": 1}) as sink:
            with self.assertRaises(smtplib.SMTPDataError):
                sink.send()
            self.assertEqual(sink.report(), {"did": "reply", "at": "dot"})

    def test_a_server_that_stalls_says_nothing_more_and_serves_others(self):
        for at in ["connect", "data", "dot", "answered"]:
            with self.subTest(at=at), Sink({"at": at, "do": "stall", "times": 1}) as sink:
                client = subprocess.Popen([sys.executable, "-c", CLIENT, str(sink.port)])
                reports = [sink.report()]
                if "kept" in reports[0]:
                    reports.append(sink.report())
                self.assertEqual(reports[-1], {"did": "stall", "at": at})
                sink.send()
                self.assertIn("kept", sink.report())
                self.assertIsNone(client.poll())
                client.kill()
                client.wait()


# Sends a message and then asks for one more answer, so that it waits wherever the server stalls.
CLIENT = """
import smtplib, sys
client = smtplib.SMTP("127.0.0.1", int(sys.argv[1]))
client.sendmail("a@example.org", ["b@example.org"], b"Subject: Hello")
client.noop()
"""

if __name__ == "__main__":
    unittest.main()
