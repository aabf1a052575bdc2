"""How fields that appear, vanish, are renamed or change their type are told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasparro.market.drift import Drift, DriftKind, compare_fields, kind_of

KNOWN = {"id": "string", "current_price": "number", "total_volume": "number", "roi": "object", "image": "string"}
NAMES = st.text("abcdefghij_", min_size=1, max_size=12)


def changed(**types: str | None) -> dict[str, str]:
    """The known fields with other types; None takes one away."""
    return {name: kind for name, kind in (KNOWN | types).items() if kind is not None}


def test_fields_as_known_have_not_drifted() -> None:
    assert compare_fields(KNOWN, KNOWN, ["id"]) == []


@pytest.mark.parametrize(
    ("value", "kind"),
    [(None, "null"), (True, "boolean"), (0, "number"), (1.5, "number"), ("", "string"), ([], "array"), ({}, "object")],
)
def test_the_kinds_of_json_values(value: object, kind: str) -> None:
    assert kind_of(value) == kind


def test_a_vanished_field_is_told_and_whether_it_was_required() -> None:
    assert compare_fields(changed(image=None), KNOWN, ["id"]) == [Drift("image", DriftKind.MISSING)]
    (lost,) = compare_fields(changed(id=None), KNOWN, ["id"])
    assert (lost.field, lost.kind, lost.required) == ("id", DriftKind.MISSING, True)
    assert str(lost) == "field 'id' is missing"


def test_a_field_that_a_plan_may_leave_out_is_not_missed() -> None:
    assert compare_fields(changed(image=None), KNOWN, ["id"], ["image"]) == []


def test_a_new_field_is_told_with_its_type() -> None:
    (new,) = compare_fields(changed(rehypothecated="boolean"), KNOWN, ["id"])
    assert new == Drift("rehypothecated", DriftKind.NEW, "boolean")
    assert str(new) == "new field 'rehypothecated' (boolean)"


@pytest.mark.parametrize("found", ["string", "boolean", "array", "object"])
def test_another_type_is_told(found: str) -> None:
    (change,) = compare_fields(changed(current_price=found), KNOWN, ["current_price"])
    assert (change.field, change.kind, change.found, change.required) == ("current_price", DriftKind.TYPE, found, True)
    assert found in str(change)


def test_null_is_of_every_type() -> None:
    assert compare_fields(changed(roi="null", current_price="null"), KNOWN, ["id"]) == []


def test_a_field_of_any_type_has_no_wrong_one() -> None:
    assert compare_fields({"x": "array"}, {"x": "any"}, []) == []


@pytest.mark.parametrize("new", ["price", "current_price_usd", "currentPrice", "price_current", "current_prices"])
def test_a_like_name_of_the_same_type_is_called_a_rename(new: str) -> None:
    (change,) = compare_fields(changed(current_price=None, **{new: "number"}), KNOWN, ["current_price"])
    assert (change.kind, change.field, change.found, change.required) == (
        DriftKind.RENAMED,
        "current_price",
        new,
        True,
    )
    assert change.confidence is not None
    assert 0.5 <= change.confidence <= 1
    assert f"likely renamed to {new!r}" in str(change)


def test_the_likest_of_several_new_names_is_chosen_and_the_others_stay_new() -> None:
    seen = changed(current_price=None, price_current="number", volatility="number")
    renamed, new = compare_fields(seen, KNOWN, [])
    assert (renamed.kind, renamed.found) == (DriftKind.RENAMED, "price_current")
    assert (new.kind, new.field) == (DriftKind.NEW, "volatility")


def test_an_unlike_name_or_another_type_is_no_rename() -> None:
    for seen in (changed(current_price=None, zzz="number"), changed(roi=None, total_yield="string")):
        assert [change.kind for change in compare_fields(seen, KNOWN, [])] == [DriftKind.MISSING, DriftKind.NEW]


@given(st.sets(st.sampled_from(sorted(KNOWN))), st.dictionaries(NAMES, st.sampled_from(["number", "string"])))
def test_every_field_that_came_or_went_is_told_once(gone: set[str], came: dict[str, str]) -> None:
    came = {name: kind for name, kind in came.items() if name not in KNOWN}
    seen = {name: kind for name, kind in KNOWN.items() if name not in gone} | came
    drift = compare_fields(seen, KNOWN, ["id"])
    told_gone = [change.field for change in drift if change.kind in (DriftKind.MISSING, DriftKind.RENAMED)]
    told_came = [change.field for change in drift if change.kind is DriftKind.NEW]
    told_came += [change.found for change in drift if change.kind is DriftKind.RENAMED]
    assert sorted(told_gone) == sorted(gone)
    assert sorted(told_came) == sorted(came)
    assert {change.field for change in drift if change.required} == gone & {"id"}
