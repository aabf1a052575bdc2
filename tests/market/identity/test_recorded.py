"""Known pairs among the providers' own coin lists: precision and recall, printed.

Where the lists are, KASPARRO_EVIDENCE says.
"""

import csv
import json
import os
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from kasparro.market.identity.curated import known_pairs
from kasparro.market.identity.finding import Method
from kasparro.market.identity.link import Link, Pair, Resolution
from kasparro.market.identity.profile import profile
from kasparro.market.identity.resolve import resolve
from kasparro.market.identity.subject import Subject

EVIDENCE = Path(os.environ.get("KASPARRO_EVIDENCE", ""))
pytestmark = pytest.mark.skipif("KASPARRO_EVIDENCE" not in os.environ, reason="KASPARRO_EVIDENCE is unset")

Row = dict[str, str]
LISTS = ("2023", "2024", "both")


def load(pattern: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(next(EVIDENCE.glob(f"recorded/{pattern}")).read_bytes())
    return found


def known_rows() -> list[Row]:
    with (EVIDENCE / "mapping" / "coinpaprika_coingecko.tsv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def contracts(row: Row) -> tuple[tuple[str, str], ...]:
    entries = [entry.split(":") for entry in row["contracts(type:chain_id:address;...)"].split(";") if entry]
    return tuple((f"{kind}:{chain}" if chain else kind, text) for kind, chain, text in entries)


def paprika(rows: list[Row], *, addresses: bool) -> list[Subject]:
    """The recorded list; then the listings of the pairs that it doesn't hold, as the pairs tell of them."""
    known = {row["coinpaprika_id"]: contracts(row) if addresses else () for row in rows}
    coins = load("coinpaprika_coins_2021*.json")
    listed = [
        Subject(
            listing_id=number, source="coinpaprika", coin_id=coin["id"], symbol=coin["symbol"], name=coin["name"],
            active=coin["is_active"], rank=coin["rank"] or None, addresses=known.get(coin["id"], ()),
        )
        for number, coin in enumerate(coins, start=1)
    ]  # fmt: skip
    there = {s.coin_id for s in listed}
    return listed + [
        Subject(
            listing_id=50_000 + number, source="coinpaprika", coin_id=row["coinpaprika_id"], symbol=row["symbol"],
            name=row["name"], addresses=known[row["coinpaprika_id"]],
        )
        for number, row in enumerate(rows)
        if row["coinpaprika_id"] not in there
    ]  # fmt: skip


def gecko(lists: str) -> list[Subject]:
    older = {c["id"]: c for c in load("coingecko_list_platforms_2023*.json") if c["id"]} if lists != "2024" else {}
    newer = {c["id"]: c for c in load("coingecko_list_2024*.json") if c["id"]} if lists != "2023" else {}
    found = []
    for number, coin_id in enumerate(sorted(older | newer), start=100_000):
        old, new = older.get(coin_id), newer.get(coin_id)
        now = new or old
        assert now is not None
        changed = old and new and (old["symbol"], old["name"]) != (new["symbol"], new["name"])
        found.append(
            Subject(
                listing_id=number, source="coingecko", coin_id=coin_id, symbol=now["symbol"], name=now["name"],
                former=((old["symbol"], old["name"]),) if old and changed else (),
                active=new is not None if lists == "both" else None,
                addresses=tuple((c, a) for c, a in (old or {}).get("platforms", {}).items() if a),
            )
        )  # fmt: skip
    return found


class Score:
    """How the known pairs fared."""

    def __init__(self, rows: list[Row], subjects: list[Subject], links: dict[int, Link]) -> None:
        listings = {s.listing_id: s for s in subjects}
        by_key = {(s.source, s.coin_id): s for s in subjects}
        mates: dict[str, set[str]] = defaultdict(set)
        for i, link in links.items():
            if listings[i].source == "coingecko":
                mates[link.asset].add(listings[i].coin_id)
        self.false: list[tuple[str, set[str]]] = []
        self.missed: list[str] = []
        self.pairs = self.found = self.with_address = self.found_with_address = 0
        for row in rows:
            ours = by_key["coinpaprika", row["coinpaprika_id"]]
            theirs = by_key.get(("coingecko", row["coingecko_id"]))
            linked = mates[links[ours.listing_id].asset]
            if wrong := linked - {row["coingecko_id"]}:
                self.false.append((ours.coin_id, wrong))
            if theirs is not None:
                self._count(row, shared=bool(profile(ours).addresses & profile(theirs).addresses), linked=linked)

    def _count(self, row: Row, *, shared: bool, linked: set[str]) -> None:
        hit = row["coingecko_id"] in linked
        self.pairs += 1
        self.found += hit
        self.with_address += shared
        self.found_with_address += hit and shared
        if not hit:
            self.missed.append(row["coinpaprika_id"])

    @property
    def recall(self) -> float:
        return self.found / self.pairs

    def __str__(self) -> str:
        return (
            f"{self.pairs} pairs, {len(self.false)} false, recall {self.recall:.4f}, with a shared address "
            f"{self.found_with_address} of {self.with_address}; missed: {', '.join(self.missed) or 'none'}"
        )

    def holds(self, least: float) -> bool:
        near = self.found_with_address >= 0.99 * self.with_address
        return not self.false and near and self.recall >= least


def recorded_rows() -> list[Row]:
    """The known pairs whose listings the recorded list holds, so that nothing of the providers is made up."""
    there = {coin["id"] for coin in load("coinpaprika_coins_2021*.json")}
    return [row for row in known_rows() if row["coinpaprika_id"] in there]


def run(lists: str, curated: list[Pair], rows: list[Row]) -> tuple[list[Subject], Resolution, Score]:
    subjects = paprika(rows, addresses=lists != "2024") + gecko(lists)
    began = time.process_time()
    resolution = resolve(subjects, curated=curated)
    seconds = time.process_time() - began
    score = Score(rows, subjects, resolution.links)
    print(
        f"\nlists {lists}, {len(rows)} rows, {len(curated)} curated, {len(subjects)} listings, {seconds:.1f} s of CPU: "
        f"{score}"
    )
    return subjects, resolution, score


@pytest.mark.parametrize(("lists", "least"), [("2023", 0.96), ("2024", 0.85), ("both", 0.96)])
def test_known_pairs_are_found_and_none_is_false_without_curated_links(lists: str, least: float) -> None:
    # The list of 2024 has no addresses, and lies two and a half years from the other provider's.
    subjects, resolution, score = run(lists, [], known_rows())
    assert score.holds(least), score.false
    everything = {s.listing_id: Link(s.listing_id, "everything", Method.NAME, 1.0) for s in subjects}
    nothing = {s.listing_id: Link(s.listing_id, str(s.listing_id), Method.OWN, 1.0) for s in subjects}
    assert not Score(known_rows(), subjects, everything).holds(least)
    assert not Score(known_rows(), subjects, nothing).holds(least)
    assert len(resolution.links) == len(subjects)


@pytest.mark.parametrize(("lists", "least"), [("2023", 0.98), ("2024", 0.85), ("both", 0.98)])
def test_pairs_of_which_both_lists_tell_are_found_and_none_is_false(lists: str, least: float) -> None:
    _, _, score = run(lists, [], recorded_rows())
    assert score.holds(least), (score.false, score.missed)


@pytest.mark.parametrize("lists", ["2023", "both"])
def test_all_known_pairs_are_found_with_curated_links(lists: str) -> None:
    _, _, score = run(lists, known_pairs(), known_rows())
    assert score.holds(1.0), score.missed


def test_names_alone_between_two_lists_of_one_provider() -> None:
    """The ids of one provider's own lists are the truth; the rules see names and symbols only, with other ids."""
    older = [s for s in gecko("2023") if s.symbol and s.name]
    newer = [s for s in gecko("2024") if s.symbol and s.name]
    ids: dict[int, str] = {}
    subjects = []
    for source, listed, start in (("one", older, 0), ("other", newer, 100_000)):
        for number, listing in enumerate(listed, start=start + 1):
            ids[number] = listing.coin_id
            subjects.append(
                Subject(
                    listing_id=number, source=source, coin_id=f"{source}{number}", symbol=listing.symbol,
                    name=listing.name,
                )
            )  # fmt: skip
    links = resolve(subjects).links
    assets: dict[str, list[int]] = defaultdict(list)
    for i, link in links.items():
        assets[link.asset].append(i)
    pairs = [members for members in assets.values() if len(members) == 2]
    both = {s.coin_id for s in older} & {s.coin_id for s in newer}
    right = sum(ids[a] == ids[b] for a, b in pairs)
    # Where an id is gone and a new one has come, the pair is no mistake: most are the same coin under a new id.
    known = [pair for pair in pairs if any(ids[i] in both for i in pair)]
    false = [(ids[a], ids[b]) for a, b in known if ids[a] != ids[b]]
    print(f"\nnames only: {right} of {len(both)} found ({right / len(both):.4f}), {len(false)} false: {false[:12]}")
    assert right >= 0.9 * len(both)
    assert len(false) <= 0.002 * len(known)
