"""Bodies that are kept once and sent many times, each time with another end, compressed or not."""

import struct
import zlib

from kasparro.api.preferences import Remembered, weights

_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_WORTH_IT = 500
"""Bytes from which on compressing pays."""


class Body:
    """The beginning of a JSON object, to which each answer adds its own last members.

    Compressed it is one gzip member: the kept beginning ends on a byte boundary, and the end follows as a stored
    block (RFC 1951, 3.2.4). Two members would be as legal, and some clients read only the first.
    """

    __slots__ = ("_crc", "_deflated", "head")

    def __init__(self, head: bytes) -> None:
        self.head = head
        self._deflated: bytes | None = None
        self._crc = 0

    @property
    def worth_compressing(self) -> bool:
        """Whether it is long enough for that."""
        return len(self.head) >= _WORTH_IT

    def gzipped(self, tail: bytes) -> tuple[bytes, bytes]:
        """The whole body, compressed, in two parts: what is kept, and the end; `tail` has less than 65,536 bytes."""
        if self._deflated is None:
            packer = zlib.compressobj(6, wbits=-15)
            self._deflated = _GZIP_HEAD + packer.compress(self.head) + packer.flush(zlib.Z_FULL_FLUSH)
            self._crc = zlib.crc32(self.head)
        length = len(tail)
        end = struct.pack("<II", zlib.crc32(tail, self._crc), (len(self.head) + length) & 0xFFFFFFFF)
        return self._deflated, struct.pack("<BHH", 1, length, length ^ 0xFFFF) + tail + end


def _accepts_gzip(header: str) -> bool:
    accepted = weights(header)
    return accepted.get("gzip", accepted.get("*", 0.0)) > 0


accepts_gzip = Remembered(_accepts_gzip).__getitem__
"""Whether an `Accept-Encoding` header lets gzip through (RFC 9110, 12.5.3)."""
