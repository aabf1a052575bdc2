"""The cache of rendered answers: in front of everything, never stale, bounded in bytes."""

import sys
from collections import OrderedDict
from hashlib import sha256

import msgspec

from kasparro.api.answer import Fixed
from kasparro.api.encoding import Body

Target = tuple[str, str]
"""A request's path and query as they came."""

_LONGEST_TARGET = 2_000
"""Characters of a target that is remembered: the longer ones are nobody's habit."""
_KEEPING = 1_000
"""Bytes that it costs to keep something, beside its own."""


class Stamp(msgspec.Struct, frozen=True):
    """What an answer depends on beside its question: both counters of the ledger, and the minute, since what is
    fresh in one can be stale in the next."""

    data: int
    activity: int
    minute: int


class Entry:
    """A rendered answer. `stamp` is None when it depends on nothing; `route` is the template of its path; `fixed`
    are the headers that it always has."""

    __slots__ = ("body", "etag", "fixed", "route", "stamp", "status")

    def __init__(
        self, stamp: Stamp | None, route: str, status: int, head: bytes, headers: list[tuple[str, str]]
    ) -> None:  # fmt: skip
        self.stamp = stamp
        self.route = route
        self.status = status
        self.body = Body(head)
        # Weak: the members that each answer adds (its request's id, the time it took) don't count.
        self.etag = f'W/"{sha256(head).hexdigest()[:24]}"'
        self.fixed = Fixed([*headers, ("etag", self.etag)])


class AnswerCache:
    """Answers by question, the least recently used leaving first when all take more than `limit` bytes.

    Questions are known by how they were asked (`Target`), and by their canonical form, which many targets share; the
    targets may take an eighth of all.
    """

    def __init__(self, limit: int) -> None:
        self._target_limit = limit // 8
        self._limit = limit - self._target_limit
        self._size = 0
        self._target_size = 0
        self._entries: OrderedDict[str, tuple[Entry, int]] = OrderedDict()
        self._questions: OrderedDict[Target, str] = OrderedDict()

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        return self._size + self._target_size

    def question(self, target: Target) -> str | None:
        """The canonical form of a target that was answered before."""
        return self._questions.get(target)

    def get(self, question: str, stamp: Stamp) -> Entry | None:
        """The answer to `question` if it is one of this very moment."""
        found = self._entries.get(question)
        if found is None or found[0].stamp != stamp:
            return None
        self._entries.move_to_end(question)
        return found[0]

    def put(self, target: Target, question: str, entry: Entry) -> None:
        """Keep an answer instead of an older one."""
        # Thrice the body: room for the whole with an end, and for its compressed form.
        size = 3 * len(entry.body.head) + sys.getsizeof(question) + _KEEPING
        fixed = entry.fixed
        size += len(fixed.block) + sum(sys.getsizeof(name) + sys.getsizeof(value) for name, value in fixed.pairs)
        if size > self._limit // 4 or len(target[0]) + len(target[1]) > _LONGEST_TARGET:
            return
        self._drop(question)
        self._entries[question] = (entry, size)
        self._size += size
        while self._size > self._limit:
            self._drop(next(iter(self._entries)))
        if target not in self._questions:
            self._questions[target] = question
            self._target_size += _taken(target, question)
        while self._target_size > self._target_limit:
            self._target_size -= _taken(*self._questions.popitem(last=False))

    def _drop(self, question: str) -> None:
        _, size = self._entries.pop(question, (None, 0))
        self._size -= size


def _taken(target: Target, question: str) -> int:
    return sum(map(sys.getsizeof, (*target, question))) + _KEEPING // 2
