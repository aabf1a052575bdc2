"""The ledger's rules in their plainest form: one record at a time, in memory. What PostgreSQL is compared with."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from kasparro.store.page import Counts
from tests.ingest.looking import Key
from tests.ingest.scripted import Read, Record, read_plainly

Price = Decimal | None


class NaiveLedger:
    """Versions per observation, and the newest observation per listing."""

    def __init__(self, read: Read = read_plainly) -> None:
        self.versions: defaultdict[Key, list[Price]] = defaultdict(list)
        self.latest: dict[tuple[str, str], tuple[datetime, Price]] = {}
        self.open: dict[str, Record] = {}
        self.rejections: dict[str, int] = {}
        self._read = read
        self._ranked: dict[tuple[str, str], tuple[datetime, int]] = {}

    def page(self, dataset: str, records: Sequence[Record]) -> Counts:
        """Take in one page."""
        new = unchanged = rejected = 0
        for sent in records:
            record = self._read(sent)
            if record is None:
                continue
            if "bad" in record:
                rejected += 1
                text = repr(sent)
                self.open.setdefault(text, sent)
                self.rejections[text] = self.rejections.get(text, 0) + 1
            elif self._observe(dataset, record):
                new += 1
            else:
                unchanged += 1
        return Counts(new + unchanged + rejected, new, unchanged, rejected)

    def state(self) -> dict[Key, Price]:
        """The newest version of each observation."""
        return {key: versions[-1] for key, versions in self.versions.items() if versions}

    def has(self, dataset: str, record: Record) -> bool:
        """Whether there is any observation of this coin and moment."""
        return bool(self.versions.get(_key(dataset, record)))

    def _observe(self, dataset: str, record: Record) -> bool:
        key = _key(dataset, record)
        price = None if record["price"] is None else Decimal(record["price"])
        versions = self.versions[key]
        if versions and versions[-1] == price:
            return False
        versions.append(price)
        listing, moment = key[:2], key[2]
        if listing not in self._ranked or (moment, len(versions)) > self._ranked[listing]:
            self._ranked[listing] = (moment, len(versions))
            self.latest[listing] = (moment, price)
        return True


def _key(dataset: str, record: Record) -> Key:
    return dataset, record["id"], datetime.fromisoformat(record["at"])
