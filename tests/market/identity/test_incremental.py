"""What is decided among the neighbours of a change is what would be decided of the whole."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from kasparro.market.identity.link import Link, Pair, Verdict
from kasparro.market.identity.neighbours import Find, keys, neighbourhood
from kasparro.market.identity.profile import Profile, profile
from kasparro.market.identity.resolve import resolve
from kasparro.market.identity.subject import Subject
from tests.market.identity.makers import ADDRESS, NOON, OTHER_ADDRESS, gecko, paprika, row

SYMBOLS = st.sampled_from(["AAA", "AAAOLD", "BBBB", "CCC", "DDDDD", ""])
NAMES = st.sampled_from(
    ["Alpha", "Alpha Coin", "Alpha (OLD)", "Beta Finance", "Beta", "Wrapped Beta", "Gamma", "Delta", "Delta V2", "Eps"]
)
IDS = [
    "aaa-alpha", "alpha", "alpha-2", "alpha-old", "beta", "bbbb-beta-finance", "gamma-xyz", "ccc-gamma", "delta",
    "ddddd-delta", "eps", "ccc-eps-chain", "delta-v2", "omega-one-2",
]  # fmt: skip
ADDRESSES = st.sampled_from([(), (), (("ethereum", ADDRESS),), (("bsc", ADDRESS),), (("eth-ethereum", OTHER_ADDRESS),)])
QUOTES = st.sampled_from([{}, {}, {"price_usd": 5.0, "market_cap_usd": 1e6}, {"price_usd": 5.0}, {"price_usd": 50.0}])


@st.composite
def facts(draw: st.DrawFn) -> dict[str, object]:
    quote = draw(QUOTES)
    return {
        "symbol": draw(SYMBOLS), "name": draw(NAMES), "addresses": draw(ADDRESSES),
        "former": draw(st.sampled_from([(), (), (("AAA", "Alpha"),), (("BBBB", "Beta"),)])),
        "active": draw(st.sampled_from([None, True, True, False])), "rank": draw(st.sampled_from([None, 1, 900])),
        "observed_at": NOON if quote else None, "price_usd": None, "market_cap_usd": None, **quote,
    }  # fmt: skip


SOURCES = ["coinpaprika", "coingecko", "csv"]
KEYS = [(source, coin_id) for source in SOURCES for coin_id in IDS]
UNIVERSES = st.dictionaries(st.sampled_from(range(len(KEYS))), facts(), min_size=2, max_size=16)
VERDICTS = st.lists(st.tuples(st.integers(0, len(KEYS) - 1), st.integers(0, len(KEYS) - 1), st.booleans()), max_size=2)


def subject(place: int, said: Mapping[str, object]) -> Subject:
    source, coin_id = KEYS[place]
    return msgspec.convert({"listing_id": place, "source": source, "coin_id": coin_id, **said}, Subject)


def finder(subjects: Iterable[Subject], held: Mapping[int, Link], pairs: Iterable[tuple[int, int]]) -> Find:
    """What a store does: listings by key, with those of the same asset and of the same pair."""
    everything = {s.listing_id: profile(s) for s in subjects}
    by_key: dict[str, set[int]] = defaultdict(set)
    beside: dict[int, set[int]] = defaultdict(set)
    for listing_id, known in everything.items():
        for key in keys(known):
            by_key[key].add(listing_id)
    assets: dict[str, set[int]] = defaultdict(set)
    for i, link in held.items():
        assets[link.asset].add(i)
    for i, link in held.items():
        beside[i] |= assets[link.asset]
    for a, b in pairs:
        beside[a].add(b)
        beside[b].add(a)

    def find(wanted: frozenset[str]) -> list[Profile]:
        found = {i for key in wanted for i in by_key[key]}
        return [everything[i] for i in found | {j for i in found for j in beside[i]} if i in everything]

    return find


def decisions(links: Mapping[int, Link]) -> dict[int, tuple[str, str, float]]:
    return {i: (link.asset, link.method, link.confidence) for i, link in links.items()}


@settings(max_examples=600, deadline=None)
@given(UNIVERSES, UNIVERSES, VERDICTS, st.booleans())
def test_incremental_is_the_same_as_from_scratch(
    first: dict[int, dict[str, object]], changes: dict[int, dict[str, object]],
    said: list[tuple[int, int, bool]], known: bool,
) -> None:  # fmt: skip
    changes = dict(list(changes.items())[:3])
    verdicts = [Verdict(a, b, same) for a, b, same in said if a != b]
    curated = [Pair(("coinpaprika", "aaa-alpha"), ("coingecko", "gamma-xyz"))] if known else []
    pairs = [(v.a, v.b) for v in verdicts] + [(KEYS.index(p.one), KEYS.index(p.other)) for p in curated]
    before = [subject(place, said) for place, said in first.items()]
    held = resolve(before, {}, curated, verdicts).links
    after = {s.listing_id: s for s in before} | {place: subject(place, said) for place, said in changes.items()}

    whole = resolve(after.values(), held, curated, verdicts)
    near = neighbourhood(
        [profile(after[place]) for place in changes],
        [profile(s) for s in before if s.listing_id in changes],
        finder(after.values(), held, pairs),
    )
    inside = {known.subject.listing_id for known in near.profiles}
    part = resolve(
        near.profiles, {i: link for i, link in held.items() if i in inside}, curated, verdicts,
        decide=near.decide, taken={link.asset for link in held.values()},
    )  # fmt: skip
    assert decisions(held | part.links) == decisions(whole.links)


def decided_anew(before: list[Subject], changed: Subject, held: Mapping[int, Link]) -> dict[int, Link]:
    """All links after `changed` took the place of the listing with its id, decided among its neighbours only."""
    after = {s.listing_id: s for s in before} | {changed.listing_id: changed}
    past = [profile(s) for s in before if s.listing_id == changed.listing_id]
    near = neighbourhood([profile(changed)], past, finder(after.values(), held, []))
    inside = {i: link for i, link in held.items() if i in {known.subject.listing_id for known in near.profiles}}
    assert len(near.profiles) < len(after)
    part = resolve(near.profiles, inside, decide=near.decide, taken={link.asset for link in held.values()})
    whole = resolve(after.values(), held)
    assert decisions({**held, **part.links}) == decisions(whole.links)
    return {**held, **part.links}


FAR = gecko("far", "far", "Far Away")


def test_a_name_is_decided_anew_when_an_old_version_goes() -> None:
    a, b = paprika("aaa-alpha", "AAA", "Alpha"), gecko("alpha", "aaa", "Alpha")
    old = gecko("alpha-before", "aaaold", "Alpha (OLD)")
    held = resolve([a, b, old, FAR]).links
    assert held[a.listing_id].asset != held[b.listing_id].asset
    links = decided_anew([a, b, old, FAR], msgspec.structs.replace(old, name="Zeta", symbol="ZZZ"), held)
    assert links[a.listing_id].asset == links[b.listing_id].asset


def test_a_rare_symbol_is_decided_anew_when_another_coin_gives_it_up() -> None:
    a, b = paprika("egld-elrond", "EGLD", "Elrond"), gecko("elrond-erd-2", "egld", "MultiversX")
    other = gecko("eagle-gold", "egld", "Eagle Gold")
    held = resolve([a, b, other, FAR]).links
    assert held[a.listing_id].asset != held[b.listing_id].asset
    links = decided_anew([a, b, other, FAR], msgspec.structs.replace(other, symbol="eagle"), held)
    assert links[a.listing_id].asset == links[b.listing_id].asset


def test_a_row_is_decided_anew_when_its_symbol_becomes_clear() -> None:
    listing = row("LUNA", "LUNA")
    one, other = gecko("luna-one", "luna", "Luna One", rank=5), gecko("luna-two", "luna", "Luna Two", rank=50)
    held = resolve([listing, one, other, FAR]).links
    links = decided_anew([listing, one, other, FAR], msgspec.structs.replace(other, rank=None), held)
    assert links[listing.listing_id].asset == "luna-one"


@settings(max_examples=200, deadline=None)
@given(UNIVERSES)
def test_deciding_again_changes_nothing(universe: dict[int, dict[str, object]]) -> None:
    subjects = [subject(place, said) for place, said in universe.items()]
    held = resolve(subjects).links
    assert held.keys() == universe.keys()
    again = resolve(subjects, held)
    assert {i: link.asset for i, link in again.links.items()} == {i: link.asset for i, link in held.items()}
