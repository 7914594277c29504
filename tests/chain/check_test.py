"""The stranger's arithmetic gives what the rules give."""

import unittest

from check import canonical, work_out


class Check(unittest.TestCase):
    def test_the_examples_of_the_rules(self):
        found = work_out(
            {
                "seed": bytes(range(32)).hex(),
                "prev": "00" * 32,
                "event": {"kind": "withdrawn", "seq": 1},
                "salt": "11" * 32,
                "content": {"gap": "Café talk drifted.", "n": 1},
            }
        )
        begins = {name: value[:16] for name, value in found.items()}
        del begins["canonical"]
        self.assertEqual(
            begins,
            {
                "commitment": "8cba418ec62c5840",
                "h": "84ffefc7a35d4a92",
                "kid": "56475aa75463474c",
                "sig": "91fc179b22f0d178",
            },
        )

    def test_what_could_be_read_in_two_ways_is_refused(self):
        for value in (None, [1.5], {"a": 1.0}, 2**53):
            with self.assertRaises(ValueError):
                canonical(value)


if __name__ == "__main__":
    unittest.main()
