"""The sieve: of all that was found odd about a source in a run, what is kept.

A provider gone mad makes a hundred thousand anomalies. Of each kind the worst MOST are kept, and one that stands for
the rest. What lasts is kept once, so there MOST is how many may be open at a time.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from kasparro.market.anomaly.anomaly import LASTING, Anomaly, Kind, Severity
from kasparro.store.anomalies import Finding, Open

MOST = 200
"""Anomalies of a kind and source that are kept: more than anybody reads."""

_WORST = {severity: place for place, severity in enumerate(reversed(Severity))}


class Sifted(msgspec.Struct, frozen=True):
    """What is to be kept, the worst first: `new` ones and `again` those that are open already; the ids of those that
    have `ended`; and how many `(kind, severity)` are new, whether they are kept or stood for."""

    new: Sequence[Finding]
    again: Sequence[Finding]
    ended: Sequence[int]
    counted: Counter[tuple[Kind, Severity]]


class Sieve:
    """Takes findings about `source` as they come. `standing` are the open anomalies of before."""

    def __init__(self, source: str, standing: Sequence[Open]) -> None:
        self._source = source
        self._standing = {(Kind(each.kind), each.listing_id): each for each in standing}
        self._again: list[Finding] = []
        self._new: defaultdict[Kind, list[Finding]] = defaultdict(list)
        self._beyond: Counter[tuple[Kind, Severity]] = Counter()
        self._found: set[tuple[Kind, int | None]] = set()
        self._looked: defaultdict[Kind, set[int]] = defaultdict(set)

    def looked(self, listings: Iterable[int], kinds: Iterable[Kind] = LASTING) -> None:
        """Tell that `listings` were looked at for `kinds`: what isn't found of them has ended."""
        seen = set(listings)
        for kind in kinds:
            self._looked[kind] |= seen

    def take(self, findings: Iterable[Finding]) -> None:
        """Take what was found; of what is new only as much as may be kept stays in memory."""
        for finding in findings:
            kind = finding.anomaly.kind
            if kind in LASTING:
                self._found.add(finding.key)
                if finding.key in self._standing:
                    self._again.append(finding)
                    continue
            self._new[kind].append(finding)
        for kind in list(self._new):
            self._cut(kind, MOST)

    def sift(self) -> Sifted:
        """What is to be kept of all that was taken."""
        ended = [
            standing.anomaly_id for (kind, listing), standing in self._standing.items()
            if listing in self._looked[kind] and (kind, listing) not in self._found
        ]  # fmt: skip
        over = set(ended)
        open_of = Counter(
            kind for (kind, listing), standing in self._standing.items()
            if listing is not None and standing.anomaly_id not in over
        )  # fmt: skip
        counted: Counter[tuple[Kind, Severity]] = Counter()
        again = list(self._again)
        new: list[Finding] = []
        for kind in Kind:
            room = max(MOST - open_of[kind], 0)
            self._cut(kind, room)
            kept = self._new[kind]
            counted.update((kind, finding.anomaly.severity) for finding in kept)
            new += kept
            former = self._standing.get((kind, None))
            rest = self._rest(kind)
            if rest is None:
                if former is not None and len(kept) < room:
                    ended.append(former.anomaly_id)
                continue
            more = int(rest.anomaly.evidence["more"] or 0)
            counted[kind, rest.anomaly.severity] += max(more - (former.more if former else 0), 0)
            (again if former else new).append(rest)
        new.sort(key=_place)
        return Sifted(new, again, ended, +counted)

    def _cut(self, kind: Kind, most: int) -> None:
        found = self._new[kind]
        if len(found) > most:
            found.sort(key=_place)
            self._beyond.update((kind, finding.anomaly.severity) for finding in found[most:])
            del found[most:]

    def _rest(self, kind: Kind) -> Finding | None:
        """One finding that stands for all those beyond what is kept."""
        beyond = {severity: self._beyond[kind, severity] for severity in Severity if self._beyond[kind, severity]}
        if not beyond:
            return None
        more = sum(beyond.values())
        worst = min(beyond, key=_WORST.__getitem__)
        reason = f"{more:,} more listings beside the {MOST} that are kept"
        return Finding(self._source, Anomaly(kind, worst, self._source, reason, {"more": more}))


def _place(finding: Finding) -> tuple[int, bool, bool]:
    """The worst first; of the same severity what concerns the whole step, and last what stands for the rest."""
    return _WORST[finding.anomaly.severity], "more" in finding.anomaly.evidence, finding.listing_id is not None
