"""Answers what batch's Go tests ask on standard input, as js/peer.mjs does."""

from __future__ import annotations

import hashlib
import resource
import struct
import sys
import traceback

import momento_batch as batch


def put_bytes(parts: list[bytes], data: bytes) -> None:
    parts += (struct.pack(">I", len(data)), data)


def put_messages(parts: list[bytes], messages: list[batch.Message]) -> None:
    parts.append(struct.pack(">I", len(messages)))
    for message in messages:
        parts.append(struct.pack(">Qq", message.sequence or 0, message.time or 0))
        put_bytes(parts, message.subject or b"")
        headers = message.headers or ()
        parts.append(struct.pack(">I", len(headers)))
        for name, value in headers:
            put_bytes(parts, name)
            put_bytes(parts, value)
        put_bytes(parts, message.payload)


def publish_of(publish: batch.Publish) -> list[bytes]:
    marker = publish.marker or batch.Marker(0, 0, 0)
    given = 0 if publish.marker is None else 1
    parts = [struct.pack(">IIQQ", given, marker.stream, marker.first, marker.previous)]
    put_messages(parts, publish.messages)
    return parts


def reading_of(reading: batch.Reading, position: str) -> list[bytes]:
    parts: list[bytes] = []
    put_messages(parts, reading.messages)
    parts.append(struct.pack(">II", reading.repeats, len(reading.gaps)))
    for gap in reading.gaps:
        parts.append(struct.pack(">IQQI", gap.stream, gap.after, gap.before, gap.certain))
    put_bytes(parts, position.encode())
    return parts


class Peer:
    def __init__(self) -> None:
        self.reader = batch.Reader()

    def answer(self, what: str, given: bytes) -> list[bytes]:
        if what == "U":
            (most,) = struct.unpack_from(">I", given)
            return publish_of(batch.unpack(given[4:], most or 1 << 20))
        if what == "N":
            self.reader = batch.Reader(given.decode())
            return []
        if what == "P":
            (number,) = struct.unpack_from(">Q", given)
            return reading_of(self.reader.read(given[8:], number), self.reader.position())
        if what == "D":
            self.reader.discontinuity()
            return []
        raise ValueError(f"unknown question {what}")

    def reply(self, question: bytes) -> bytes:
        what = chr(question[0])
        if what == "M":
            return b"=%d" % resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            parts = self.answer(what.upper(), question[1:])
        except batch.BatchError as error:
            return b"!" + str(error).encode()
        except BaseException:
            return b"?" + traceback.format_exc().encode()
        whole = b"".join(parts)
        return b"=" + (whole if what.islower() else hashlib.sha256(whole).digest())


def main() -> None:
    peer = Peer()
    while head := sys.stdin.buffer.read(4):
        (length,) = struct.unpack(">I", head)
        reply = peer.reply(sys.stdin.buffer.read(length))
        sys.stdout.buffer.write(struct.pack(">I", len(reply)) + reply)
        sys.stdout.buffer.flush()


main()
