"""python3 -B -m unittest discover -s batch/python"""

from __future__ import annotations

import base64
import json
import pathlib
import unittest
import zlib
from typing import Any, Optional

from momento_batch import BatchError, Gap, Message, Publish, Reader, unpack

TESTDATA = pathlib.Path(__file__).parent.parent / "testdata"


def vectors(file: str) -> list[dict[str, Any]]:
    return json.loads((TESTDATA / file).read_text())


def plain(*body: int) -> bytes:
    return bytes([0xF5, 1, 0, *body])


def deflated(body: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return bytes([0xF5, 1, 1]) + stream.compress(body) + stream.flush()


def encoded(data: Optional[bytes]) -> Optional[str]:
    return None if data is None else base64.b64encode(data).decode()


def vector_of(publish: Publish) -> dict[str, Any]:
    marker = publish.marker and vars(publish.marker)
    return {"marker": marker, "messages": [message_of(message) for message in publish.messages]}


def message_of(message: Message) -> dict[str, Any]:
    headers = message.headers
    return {
        "payload": encoded(message.payload),
        "subject": encoded(message.subject),
        "time": message.time,
        "headers": None if headers is None else [[encoded(name), encoded(value)] for name, value in headers],
        "sequence": message.sequence,
    }


class Vectors(unittest.TestCase):
    maxDiff = None

    def test_packed(self) -> None:
        for vector in vectors("packed.json"):
            with self.subTest(vector["name"]):
                self.compare(vector, base64.b64decode(vector["publish"]))

    def test_kinds_of_bytes(self) -> None:
        vector = next(vector for vector in vectors("packed.json") if vector["name"] == "all at once")
        publish = base64.b64decode(vector["publish"])
        for data in (bytearray(publish), memoryview(publish), memoryview(b"9" + publish)[1:]):
            self.compare(vector, data)

    def compare(self, vector: dict[str, Any], data: Any) -> None:
        if vector.get("refused"):
            with self.assertRaises(BatchError):
                unpack(data)
            return
        nothing = dict.fromkeys(("subject", "time", "headers", "sequence"))
        messages = [{**nothing, **message} for message in vector["messages"]]
        self.assertEqual(vector_of(unpack(data)), {"marker": vector.get("marker"), "messages": messages})

    def test_reader(self) -> None:
        for case in vectors("reader.json"):
            reader = Reader(case["position"])
            for i, step in enumerate(case["steps"]):
                with self.subTest(case["name"], step=i + 1):
                    self.step(reader, step)
            with self.subTest(case["name"]):
                self.assertEqual(reader.position(), case["position_after"])

    def step(self, reader: Reader, step: dict[str, Any]) -> None:
        if step["discontinuity"]:
            reader.discontinuity()
        publish = base64.b64decode(step["publish"])
        if step["refused"]:
            with self.assertRaises(BatchError):
                reader.read(publish, step["number"])
            return
        reading = reader.read(publish, step["number"])
        self.assertEqual([encoded(message.payload) for message in reading.messages], step["payloads"])
        self.assertEqual(reading.repeats, step["repeats"])
        self.assertEqual(reading.gaps, [Gap(**gap) for gap in step["gaps"]])


class Arguments(unittest.TestCase):
    def test_whatever_is_no_batch_is_a_batch_error(self) -> None:
        released = memoryview(plain(1, 65))
        released.release()
        for data in ("", "text", None, 1, True, 1.5, [], {}, object(), [0xF5, 1, 0, 1, 65], b"", released, plain):
            for read in (unpack, Reader().read):
                with self.subTest(repr(type(data))), self.assertRaises(BatchError):
                    read(data)  # type: ignore[arg-type, operator]

    def test_wrong_arguments_are_a_batch_error(self) -> None:
        for most in (0, -1, 1.5, True, "many", None):
            with self.subTest(most), self.assertRaises(BatchError):
                unpack(plain(1, 65), most)  # type: ignore[arg-type]
            with self.subTest(most), self.assertRaises(BatchError):
                Reader(None, most)  # type: ignore[arg-type]
        for number in (-1, 1.5, True, "1", 1 << 53):
            with self.subTest(number), self.assertRaises(BatchError):
                Reader().read(plain(1, 65), number)  # type: ignore[arg-type]

    def test_a_position_that_no_reader_has_returned_is_a_batch_error(self) -> None:
        def position(*streams: str) -> str:
            return f'{{"version":1,"streams":{{{",".join(streams)}}}}}'

        sixteen = [f'"{n:08x}":1' for n in range(16)]
        strange = (1, b"{", [], "{", "null", "1", "[]", "{}", position()[:-1], '{"version":2,"streams":{}}',
                   '{"version":1,"streams":[]}')  # fmt: skip
        streams = ('"7":1', '"0000000A":1', '"00000001":0', '"00000001":1.5', '"00000001":9007199254740992',
                   '"00000001":"1"', '"00000001":true', '"00000001\\n":1')  # fmt: skip
        seventeen = position(*sixteen, '"00000010":1')
        for text in (*strange, *map(position, streams), seventeen, "[" * 100_000):
            with self.subTest(str(text)[:80]), self.assertRaises(BatchError):
                Reader(text)  # type: ignore[arg-type]
        for text in (None, "", position(*sixteen)):
            Reader(text)

    def test_a_body_may_be_given_less_room(self) -> None:
        body = bytes([1, 65, 1, 66])
        for publish in (plain(*body), deflated(body)):
            self.assertEqual(len(unpack(publish, 4).messages), 2)
            self.assertEqual(len(unpack(publish, 1 << 40).messages), 2)
            with self.assertRaises(BatchError):
                unpack(publish, 3)
        with self.assertRaises(BatchError):
            unpack(plain(*[0] * 4000), 100)


class Messages(unittest.TestCase):
    def test_text(self) -> None:
        accent = "é".encode()
        body = [3, *b"a.b", 2, 1, *b"K", 2, *accent, 1, *b"K", 0, 2, *accent]
        message = unpack(bytes([0xF5, 1, 20, *body])).messages[0]
        self.assertEqual(message.text(), "é")
        self.assertEqual(message.subject_text(), "a.b")
        self.assertEqual(message.header("K"), "é")
        self.assertIsNone(message.header("k"))

    def test_what_is_no_text(self) -> None:
        message = unpack(bytes([0xF5, 1, 20, 1, 255, 1, 1, *b"K", 1, 255, 1, 255])).messages[0]
        with self.assertRaises(BatchError):
            message.text()
        self.assertEqual(message.subject_text(), "\ufffd")
        self.assertEqual(message.header("K"), "\ufffd")

    def test_what_is_not_carried_is_none(self) -> None:
        message = unpack(plain(0)).messages[0]
        self.assertEqual(message, Message(b"", None, None, None, None))
        self.assertIsNone(message.subject_text())
        self.assertIsNone(message.header("K"))


if __name__ == "__main__":
    unittest.main()
