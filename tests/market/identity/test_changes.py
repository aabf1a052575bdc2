"""What changed from one coin list to the next."""

from hypothesis import given
from hypothesis import strategies as st

from kasparro.market.identity.changes import Change, ChangeKind, Listed, compare_lists
from tests.market.identity.makers import ADDRESS, OTHER_ADDRESS

ON_ETHEREUM = (("ethereum", ADDRESS),)
ENTRIES = st.builds(
    Listed,
    st.sampled_from(["AAA", "BBB"]),
    st.sampled_from(["Alpha", "Beta"]),
    st.sampled_from([None, True, False]),
    st.sampled_from([(), ON_ETHEREUM]),
)
LISTS = st.dictionaries(st.sampled_from("abcdef"), ENTRIES)


def test_names_and_symbols() -> None:
    before = {"a": Listed("AAA", "Alpha"), "b": Listed("BBB", "Beta"), "c": Listed("ccc", "Gamma")}
    after = {"a": Listed("AAA", "Alpha Two"), "b": Listed("BB", "Beta"), "c": Listed("CCC", "Gamma")}
    assert compare_lists(before, after) == [
        Change(ChangeKind.RENAMED, "a", "Alpha", "Alpha Two"),
        Change(ChangeKind.SYMBOL_CHANGED, "b", "BBB", "BB"),
    ]


def test_coming_and_going() -> None:
    before = {"a": Listed("AAA", "Alpha", True), "b": Listed("BBB", "Beta", False), "c": Listed("CCC", "Gamma")}
    after = {"a": Listed("AAA", "Alpha", False), "b": Listed("BBB", "Beta", True), "d": Listed("DDD", "Delta")}
    assert [(c.kind, c.coin_id) for c in compare_lists(before, after)] == [
        (ChangeKind.DELISTED, "a"),
        (ChangeKind.RELISTED, "b"),
        (ChangeKind.DELISTED, "c"),
        (ChangeKind.NEW, "d"),
    ]


def moves(before: dict[str, Listed], after: dict[str, Listed]) -> list[tuple[str, str, bool]]:
    found = compare_lists(before, after)
    return [(c.before, c.after, c.proven) for c in found if c.kind is ChangeKind.MOVED]


def test_a_new_id_is_proven_by_an_address() -> None:
    before = {"old": Listed("AAA", "Alpha", None, ON_ETHEREUM)}
    after = {"new": Listed("ZZZ", "Zeta", None, (("eth", ADDRESS.upper().replace("X", "x")),))}
    assert moves(before, after) == [("old", "new", True)]


def test_a_new_id_is_likely_by_a_unique_name_and_never_against_an_address() -> None:
    before = {"old": Listed("AAA", "Alpha", None, ON_ETHEREUM)}
    assert moves(before, {"new": Listed("aaa", "alpha")}) == [("old", "new", False)]
    other = {"new": Listed("aaa", "alpha", None, (("ethereum", OTHER_ADDRESS),))}
    assert moves(before, other) == []
    assert moves(before, {"new": Listed("AAA", "Alpha"), "twin": Listed("AAA", "Alpha")}) == []
    assert moves(before, {"new": Listed("AAA", "Alpha (OLD)")}) == []
    still_there = {"old": Listed("AAA", "Alpha"), "new": Listed("AAA", "Alpha")}
    assert moves(before, still_there) == []


@given(LISTS)
def test_nothing_changes_from_a_list_to_itself(entries: dict[str, Listed]) -> None:
    assert compare_lists(entries, entries) == []


@given(LISTS, LISTS)
def test_every_coming_and_going_is_told(before: dict[str, Listed], after: dict[str, Listed]) -> None:
    changes = compare_lists(before, after)
    listed_before = {i for i, entry in before.items() if entry.active is not False}
    listed_after = {i for i, entry in after.items() if entry.active is not False}
    gone = {c.coin_id for c in changes if c.kind is ChangeKind.DELISTED}
    come = {c.coin_id for c in changes if c.kind in (ChangeKind.NEW, ChangeKind.RELISTED)}
    assert (listed_before - gone) | come == listed_after
