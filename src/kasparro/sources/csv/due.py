"""What is due: files against checkpoints, by content and not by name."""

from collections.abc import Iterable, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import msgspec

from kasparro.sources.contract import Cursor
from kasparro.sources.csv.chunks import prefixes

PREFIX = "file:"


class Candidate(msgspec.Struct):
    """One understood file: the dataset names that it could have, the likeliest first. `fixed`: its mapping
    names the dataset; `declared`: it has a mapping. `reading` is how it would be read anew (JSON)."""

    path: Path
    names: tuple[str, ...]
    fixed: bool
    declared: bool
    reading: dict[str, Any]


class Due(msgspec.Struct):
    """Where a file's rows go on: its dataset, the cursor to start from ({}: anew), the reading to use.

    `done` is True when nothing is due. `twin` is the file with the same bytes that is read instead, `rival`
    the file that has the dataset which this one's mapping names.
    """

    candidate: Candidate
    dataset: str
    cursor: Cursor
    reading: dict[str, Any]
    done: bool = False
    twin: Path | None = None
    rival: Path | None = None


def settle(candidates: Iterable[Candidate], checkpoints: Mapping[str, Cursor]) -> list[Due]:
    """One answer for each candidate, in their order.

    A dataset belongs to the file that begins with what was committed of it, whatever the file is called now;
    only then names decide. A file that holds no more than another's dataset is a copy and not read.
    """
    return _Settlement(list(candidates), checkpoints).result()


class _Settlement:
    def __init__(self, candidates: list[Candidate], checkpoints: Mapping[str, Cursor]) -> None:
        self.candidates = candidates
        self.checkpoints = {
            name.removeprefix(PREFIX): cursor
            for name, cursor in checkpoints.items()
            if name.startswith(PREFIX) and cursor.get("offset")
        }
        self.taken: dict[str, Path] = {}
        self.settled: dict[int, Due] = {}
        offsets = {at for c in self.checkpoints.values() for at in (c["offset"], c["offset"] - c["tail"])}
        self.prefixes = [prefixes(c.path, offsets) if offsets else {} for c in candidates]

    def result(self) -> list[Due]:
        for step in (self._own, self._renamed, self._copied, self._new):
            for at, candidate in enumerate(self.candidates):
                if at not in self.settled:
                    due = step(at, candidate)
                    if due is not None:
                        self.settled[at] = due
                        self.taken.setdefault(due.dataset, candidate.path)
        return [self.settled[at] for at in range(len(self.candidates))]

    def _begins_with(self, at: int, cursor: Cursor) -> bool:
        return bool(self.prefixes[at].get(cursor["offset"]) == cursor["prefix_sha256"])

    def _own(self, at: int, candidate: Candidate) -> Due | None:
        for name in candidate.names:
            cursor = self.checkpoints.get(name)
            if cursor is None or name in self.taken or not self._begins_with(at, cursor):
                continue
            if cursor["reading"] == candidate.reading:
                return self._continued(at, candidate, name, cursor)
            return Due(candidate, name, {}, candidate.reading)
        return None

    def _renamed(self, at: int, candidate: Candidate) -> Due | None:
        if candidate.fixed:
            return None
        for name, cursor in sorted(self.checkpoints.items()):
            same = not candidate.declared or cursor["reading"] == candidate.reading
            if same and name not in self.taken and self._begins_with(at, cursor):
                return self._continued(at, candidate, name, cursor)
        return None

    def _copied(self, at: int, candidate: Candidate) -> Due | None:
        if candidate.fixed:
            return None
        length = max(self.prefixes[at], default=0)
        for name, cursor in sorted(self.checkpoints.items()):
            if cursor["offset"] == length and self._begins_with(at, cursor):
                return Due(candidate, name, cursor, cursor["reading"], done=True)
        return None

    def _new(self, at: int, candidate: Candidate) -> Due:
        twin = None if candidate.fixed else self._twin(at, candidate)
        if twin is not None:
            return Due(candidate, twin.dataset, {}, twin.reading, done=True, twin=twin.candidate.path)
        if candidate.fixed and candidate.names[0] in self.taken:
            rival = self.taken[candidate.names[0]]
            return Due(candidate, candidate.names[0], {}, candidate.reading, rival=rival)
        free = (name for name in candidate.names if name not in self.taken)
        # Numbers, not more of the path: a dataset's name is shown to all who read the API.
        numbered = (f"{candidate.names[-1]} ({number})" for number in count(2))
        name = next(free, None) or next(name for name in numbered if name not in self.taken)
        return Due(candidate, name, {}, candidate.reading)

    def _twin(self, at: int, candidate: Candidate) -> Due | None:
        """A file with the same bytes that is new in this very plan."""
        size = candidate.path.stat().st_size
        for other, due in self.settled.items():
            fresh = not due.done and not due.cursor and not due.candidate.fixed
            alike = fresh and due.candidate.path.stat().st_size == size
            if alike and due.reading == candidate.reading and self._all(at) == self._all(other):
                return due
        return None

    def _all(self, at: int) -> tuple[int, str]:
        if not self.prefixes[at]:
            self.prefixes[at] = prefixes(self.candidates[at].path, set())
        return max(self.prefixes[at].items())

    def _continued(self, at: int, candidate: Candidate, name: str, cursor: Cursor) -> Due:
        """Go on where the commits end; a last row without a line end is read once more if something follows."""
        length = max(self.prefixes[at])
        if length == cursor["offset"]:
            return Due(candidate, name, cursor, cursor["reading"], done=bool(cursor["complete"]))
        start = cursor["offset"] - cursor["tail"]
        going_on = {**cursor, "offset": start, "prefix_sha256": self.prefixes[at].get(start, ""), "tail": 0}
        return Due(candidate, name, {**going_on, "complete": False}, cursor["reading"])
