"""Takes apart the packed batches that momento-bridge publishes. Python 3.9 and later, standard library only.

See docs/batch-formats.md. Whatever is wrong, a batch or an argument, is a BatchError: nothing else is raised.
"""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import dataclass
from typing import NoReturn, Optional, Union

__all__ = ["BatchError", "Gap", "Marker", "Message", "Publish", "Reader", "Reading", "unpack"]

Bytes = Union[bytes, bytearray, memoryview]

_MOST = 1 << 20  # Bytes of a body once inflated.
_MANY = 1 << 16  # Messages, and headers, so that there is no more of either than memory for the smallest ones.
_END = 1 << 53  # Numbers are below this.
_LATEST = 1 << 52  # The furthest from 1970, in milliseconds.
_STREAMS = 16  # How many a reader remembers.
_LONGEST_HEAD = 23

_DEFLATED, _MARKED, _SUBJECT, _TIME, _HEADERS = 1, 2, 4, 8, 16
_KNOWN = 31


class BatchError(Exception):
    """What is wrong with a batch, or with what a function was given."""


@dataclass(frozen=True)
class Message:
    """One message of a packed batch. What the route does not carry is None."""

    payload: bytes
    sequence: Optional[int]  # In its stream.
    time: Optional[int]  # Milliseconds since 1970.
    subject: Optional[bytes]
    headers: Optional[tuple[tuple[bytes, bytes], ...]]  # A name with several values is repeated.

    def text(self) -> str:
        """Returns the message as text. Raises BatchError if it is not UTF-8."""
        try:
            return self.payload.decode()
        except UnicodeDecodeError as error:
            raise BatchError("the message is not valid UTF-8") from error

    def subject_text(self) -> Optional[str]:
        """Returns the subject as text. What is not UTF-8 is replaced by U+FFFD."""
        return None if self.subject is None else self.subject.decode(errors="replace")

    def header(self, name: str) -> Optional[str]:
        """Returns the first value of a header. Names are compared as they are, as NATS does."""
        for key, value in self.headers or ():
            if key.decode(errors="replace") == name:
                return value.decode(errors="replace")
        return None


@dataclass(frozen=True)
class Marker:
    """Where a batch stands in its stream."""

    stream: int  # The stream's incarnation: another one after the stream was deleted and made again.
    first: int  # The sequence of the first message.
    previous: int  # The sequence of the message before it of the same topic; 0: not known.


@dataclass(frozen=True)
class Publish:
    """A packed batch taken apart."""

    marker: Optional[Marker]
    messages: list[Message]


@dataclass(frozen=True)
class Gap:
    """Messages are missing, or may be."""

    stream: int  # 0 where the publish does not say.
    after: int  # The last sequence delivered; 0: none yet.
    before: int  # The sequence that comes next.
    certain: bool  # The bridge has published something in between. Otherwise Momento may have lost something.


@dataclass(frozen=True)
class Reading:
    """What of a publish is to be delivered."""

    messages: list[Message]
    repeats: int  # How many messages were left out, as they have been delivered before.
    gaps: list[Gap]  # What is missing before these messages.


def unpack(data: Bytes, most: int = _MOST) -> Publish:
    """Takes a packed batch apart.

    most is how many bytes the messages may have once inflated, by default and at most 1 MiB. Raises BatchError if the
    data is no packed batch, or is longer than it may be. Memory is bounded by most, whatever the data claims.
    """
    try:
        return _unpack(data, _checked(most))
    except BatchError:
        raise
    except Exception as error:  # A memoryview that was released, memory that is used up.
        raise BatchError(f"the batch cannot be read: {type(error).__name__}") from error


def _refuse(why: str) -> NoReturn:
    raise BatchError(why)


def _checked(most: int) -> int:
    if isinstance(most, bool) or not isinstance(most, int) or most < 1:
        _refuse("most is a number of bytes, 1 or more")
    return min(most, _MOST)


def _unpack(data: Bytes, most: int) -> Publish:
    if isinstance(data, str):
        _refuse("packed batches are bytes: set content_type to application/octet-stream")
    if not isinstance(data, (bytes, bytearray, memoryview)):
        _refuse("a packed batch is bytes, a bytearray or a memoryview")
    flags, marker, body = _head(memoryview(data).cast("B"), most)
    if flags & _DEFLATED:
        body = _inflate(body, most)
    if len(body) > most:
        _refuse(_too_long(most))
    return Publish(marker, _messages(body, flags, marker))


def _head(view: memoryview, most: int) -> tuple[int, Optional[Marker], bytes]:
    """Takes what is before the body, and the body."""
    if len(view) < 3 or view[0] != 0xF5:
        _refuse("this is no packed batch")
    flags = view[2]
    if view[1] != 1 or flags > _KNOWN:
        _refuse("a newer version of the bridge made the batch: update the decoder")
    if len(view) > _LONGEST_HEAD + most and not flags & _DEFLATED:
        _refuse(_too_long(most))
    data = bytes(view)
    if not flags & _MARKED:
        return flags, None, data[3:]
    if len(data) < 7:
        _refuse("the batch ends within its marker: it has been cut off")
    first, at = _number(data, 7)
    back, at = _number(data, at)
    if first < 1:
        _refuse("the batch begins with sequence 0: sequences begin with 1")
    if back >= first:
        _refuse("the marker of the batch refers to a message before the first")
    stream = int.from_bytes(data[3:7], "big")
    return flags, Marker(stream, first, first - back if back else 0), data[at:]


def _too_long(most: int) -> str:
    return f"the messages of the batch have more than {most} bytes"


def _inflate(data: bytes, most: int) -> bytes:
    stream = zlib.decompressobj(-15)
    try:
        body = stream.decompress(data, most + 1)
    except zlib.error as error:
        raise BatchError("the body of the batch is not one complete deflate stream") from error
    if len(body) > most:
        _refuse(_too_long(most))
    if not stream.eof or stream.unused_data:
        _refuse("the body of the batch is not one complete deflate stream")
    return body


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Reads a number, and returns where it ends."""
    value = 0
    for n in range(8):
        if at >= len(data):
            _refuse("the batch ends within a message: it has been cut off")
        byte = data[at]
        at += 1
        value |= (byte & 127) << 7 * n
        if byte > 127:
            continue
        if n > 0 and byte == 0:
            _refuse("a number in the batch is not of the shortest form")
        if value < _END:
            return value, at
        break
    _refuse("a number in the batch is 2^53 or more")


def _bytes(data: bytes, at: int) -> tuple[bytes, int]:
    length, at = _number(data, at)
    if length > len(data) - at:
        _refuse("the batch ends within a message: it has been cut off")
    return data[at : at + length], at + length


def _messages(body: bytes, flags: int, marker: Optional[Marker]) -> list[Message]:
    """Takes all messages of a body, or none."""
    if not body:
        _refuse("the batch has no message")
    messages: list[Message] = []
    sequence = marker.first if marker else None
    time = 0 if flags & _TIME else None
    at = fields = 0
    while at < len(body):
        if len(messages) == _MANY:
            _refuse(f"the batch has more than {_MANY} messages")
        if sequence is not None and messages:
            step, at = _number(body, at)
            sequence = _later(sequence, step)
        if time is not None:
            shift, at = _number(body, at)
            time = _shifted(time, shift)
        subject = headers = None
        if flags & _SUBJECT:
            subject, at = _bytes(body, at)
        if flags & _HEADERS:
            headers, at = _headers(body, at, _MANY - fields)
            fields += len(headers)
        payload, at = _bytes(body, at)
        messages.append(Message(payload, sequence, time, subject, headers))
    return messages


def _headers(body: bytes, at: int, room: int) -> tuple[tuple[tuple[bytes, bytes], ...], int]:
    count, at = _number(body, at)
    if count > room:
        _refuse(f"the batch has more than {_MANY} headers")
    headers = []
    for _ in range(count):
        name, at = _bytes(body, at)
        value, at = _bytes(body, at)
        headers.append((name, value))
    return tuple(headers), at


def _later(sequence: int, step: int) -> int:
    if step < 1:
        _refuse("two messages of the batch have the same sequence")
    if sequence + step >= _END:
        _refuse("a sequence in the batch is 2^53 or more")
    return sequence + step


def _shifted(time: int, zigzag: int) -> int:
    time += zigzag >> 1 ^ -(zigzag & 1)
    if abs(time) > _LATEST:
        _refuse("a time in the batch is further than 2^52 ms from 1970")
    return time


class Reader:
    """Reads the packed batches of one subscription: drops what it has delivered before, and tells of gaps.

    One call at a time.
    """

    def __init__(self, position: Optional[str] = None, most: int = _MOST) -> None:
        """position is what position() of an earlier reader has returned: the new one goes on from there."""
        self._most = _checked(most)
        self._streams = _streams(position)  # To the last sequence delivered; the one longest unused first.
        self._number = 0  # Momento's, of the last publish; 0: not known.
        self._broken = False  # Something may be missing before the next publish.

    def read(self, publish: Bytes, number: Optional[int] = None) -> Reading:
        """Returns what of a publish has not been delivered yet.

        number is the sequence number that Momento has given the publish. Raises BatchError if the publish is refused,
        which changes nothing.
        """
        item = _item(number)
        taken = unpack(publish, self._most)
        jumped = self._broken or 0 < self._number < item - 1
        self._broken = False
        self._number = item
        marker = taken.marker
        if marker is None:
            return Reading(taken.messages, 0, [Gap(0, 0, 0, False)] if jumped else [])
        last = self._streams.get(marker.stream, 0)
        fresh = [message for message in taken.messages if (message.sequence or 0) > last]
        _remember(self._streams, marker.stream, (fresh[-1].sequence if fresh else None) or last)
        return Reading(fresh, len(taken.messages) - len(fresh), _gaps(marker, last, jumped))

    def discontinuity(self) -> None:
        """Says that messages may be missing before what is read from now on: for Momento's discontinuities."""
        self._broken = True

    def position(self) -> str:
        """Returns where the reader stands, to be saved and given to a new one."""
        streams = {f"{stream:08x}": last for stream, last in sorted(self._streams.items())}
        return json.dumps({"version": 1, "streams": streams}, separators=(",", ":"))


def _gaps(marker: Marker, last: int, jumped: bool) -> list[Gap]:
    """Returns the gap before a publish, if any.

    The chain of a topic's messages proves that none is missing, or that one is; a jump of Momento's numbers alone
    proves nothing, as what was lost may have been a repeat.
    """
    known = marker.previous > 0 and last > 0
    if known and marker.previous > last:
        return [Gap(marker.stream, last, marker.first, True)]
    return [Gap(marker.stream, last, marker.first, False)] if jumped and not known else []


def _remember(streams: dict[int, int], stream: int, last: int) -> None:
    streams.pop(stream, None)
    streams[stream] = last
    while len(streams) > _STREAMS:
        del streams[next(iter(streams))]


def _item(number: Optional[int]) -> int:
    if number is None:
        return 0
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < _END:
        _refuse("the number of a publish is an integer, or not given")
    return number


_NOT_POSITION = "the position is none that a reader of this version has returned: begin without one"


def _streams(position: Optional[str]) -> dict[int, int]:
    """Reads a position. Its streams count as unused, the lowest as the one longest unused."""
    streams: dict[int, int] = {}
    if position is None or position == "":
        return streams
    try:
        parsed = json.loads(position)
    except Exception as error:  # Depth, too, and what is no text.
        raise BatchError("the position is none that a reader has returned: begin without one") from error
    given = parsed.get("streams") if isinstance(parsed, dict) and parsed.get("version") == 1 else None
    if not isinstance(given, dict) or len(given) > _STREAMS:
        _refuse(_NOT_POSITION)
    for stream, last in sorted(given.items()):
        right = re.fullmatch("[0-9a-f]{8}", stream) and type(last) is int and 1 <= last < _END
        if not right:
            _refuse(_NOT_POSITION)
        streams[int(stream, 16)] = last
    return streams
