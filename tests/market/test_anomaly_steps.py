"""Steps that are odd against earlier ones, and chance, which isn't."""

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasparro.market.anomaly.anomaly import Anomaly, Kind, Severity
from kasparro.market.anomaly.normal import normal, of_count, of_seconds, of_share, to_count, to_seconds, to_share
from kasparro.market.anomaly.step import StepFigures, step_anomalies

USUAL = StepFigures(seen=20_000, rejected=4, seconds=90, nulls=15_000, values=140_000)


def figures(**changes: Any) -> StepFigures:
    return msgspec.structs.replace(USUAL, **changes)


def found(step: StepFigures, earlier: list[StepFigures] | None = None) -> dict[Kind, Anomaly]:
    steps = [USUAL] * 10 if earlier is None else earlier
    return {each.kind: each for each in step_anomalies("coingecko", step, steps)}


def test_the_usual_is_not_odd() -> None:
    assert found(USUAL) == {}


def test_fewer_records() -> None:
    (odd,) = step_anomalies("coingecko", figures(seen=15_000), [USUAL] * 10)
    assert (odd.kind, odd.severity, odd.subject) == (Kind.FEWER_RECORDS, Severity.WARNING, "coingecko")
    assert odd.reason == "15,000 records, where 19,510 to 20,500 are normal"
    assert odd.evidence["value"] == 15_000
    assert odd.evidence["usual"] == 20_000
    assert odd.evidence["earlier"] == 10


@pytest.mark.parametrize(
    ("changes", "kind", "severity"),
    [
        ({"seen": 9_000}, Kind.FEWER_RECORDS, Severity.CRITICAL),
        ({"seen": 0, "rejected": 0, "nulls": 0, "values": 0}, Kind.FEWER_RECORDS, Severity.CRITICAL),
        ({"seen": 30_000}, Kind.MORE_RECORDS, Severity.INFO),
        ({"seconds": 400}, Kind.SLOW, Severity.WARNING),
        ({"rejected": 40}, Kind.MORE_REJECTED, Severity.INFO),
        ({"rejected": 400}, Kind.MORE_REJECTED, Severity.WARNING),
        ({"rejected": 12_000}, Kind.MORE_REJECTED, Severity.CRITICAL),
        ({"nulls": 35_000}, Kind.MORE_NULLS, Severity.WARNING),
    ],
)
def test_each_figure_is_watched_by_itself(changes: dict[str, int], kind: Kind, severity: Severity) -> None:
    odd = found(figures(**changes))
    assert {each.kind: each.severity for each in odd.values()} == {kind: severity}


def test_better_than_usual_is_not_odd() -> None:
    assert found(figures(seconds=5, rejected=0, nulls=0)) == {}


def test_nothing_is_odd_before_there_are_five_steps() -> None:
    assert found(figures(seen=10, seconds=9_000, rejected=9), [USUAL] * 4) == {}
    assert found(figures(seen=10, seconds=9_000, rejected=9), [USUAL] * 5).keys() == {
        Kind.FEWER_RECORDS, Kind.SLOW, Kind.MORE_REJECTED,
    }  # fmt: skip


def test_some_odd_steps_in_the_past_hide_nothing() -> None:
    past = [USUAL] * 7 + [figures(seen=12, seconds=4_000, rejected=12)] * 3
    assert found(figures(seen=9_000), past).keys() == {Kind.FEWER_RECORDS}
    assert found(USUAL, past) == {}


def test_a_source_that_varies_may_go_on_varying() -> None:
    past = [figures(seen=seen) for seen in (8_000, 20_000, 14_000, 31_000, 11_000, 25_000, 17_000)]
    assert found(figures(seen=34_000), past) == {}
    assert found(figures(seen=15_000), [USUAL] * 7) != {}


def test_of_a_small_file_all_is_a_lot() -> None:
    small = StepFigures(seen=3, rejected=0, seconds=0.1, nulls=0, values=21)
    assert found(figures(seen=0, rejected=0, seconds=0.1, nulls=0, values=0), [small] * 5).keys() == {
        Kind.FEWER_RECORDS
    }
    assert found(figures(seen=5, rejected=1, seconds=0.6, nulls=2, values=35), [small] * 5) == {}


@given(st.integers(0, 10**6), st.integers(5, 50))
def test_one_more_than_a_constant_history_is_not_odd(count: int, steps: int) -> None:
    constant = StepFigures(seen=count, rejected=min(count, 3), seconds=count / 100, nulls=count, values=7 * count)
    more = StepFigures(count + 1, constant.rejected + 1, count / 100 + 1, count + 1, 7 * count + 7)
    assert found(more, [constant] * steps) == {}


@given(st.integers(1, 10**6))
def test_the_scales_have_inverses(count: int) -> None:
    assert to_count(of_count(count)) == pytest.approx(count)
    assert to_seconds(of_seconds(count)) == pytest.approx(count)
    assert to_share(of_share(count // 2, count), count) == pytest.approx(count // 2 / count, abs=1e-9)


def test_false_alarms_of_chance_are_few() -> None:
    """Counts and durations that vary by 5 % and 30 %, rejections and nulls by chance, judged after 6 to 30 steps."""
    chance = np.random.default_rng(4)
    kinds, judged = dict.fromkeys(Kind, 0), 0
    for _ in range(800):
        count = int(chance.choice([6, 8, 12, 20, 30]))
        size, share = 10 ** chance.uniform(1, 4.5), 10 ** chance.uniform(-4, -1)
        steps = []
        for _ in range(count + 1):
            seen = int(chance.poisson(size * chance.lognormal(0, 0.05)))
            nulls = chance.binomial(seen, 0.1) + 6 * chance.binomial(seen, 0.02)
            seconds = size / 100 * chance.lognormal(0, 0.3)
            steps.append(StepFigures(seen, int(chance.binomial(seen, share)), seconds, int(nulls), 7 * seen))
        judged += 1
        for odd in step_anomalies("sim", steps[-1], steps[:-1]):
            kinds[odd.kind] += 1
    shares = {kind.value: f"{number / judged:.2%}" for kind, number in kinds.items() if number}
    print(f"false alarms in {judged} normal steps: {shares}")
    assert all(number / judged < 0.02 for number in kinds.values())


def test_faults_are_found_after_few_steps() -> None:
    """After twelve steps that vary by 5 %: pages are missing, all is rejected, a field is gone, it takes five times."""
    chance = np.random.default_rng(5)
    hits = dict.fromkeys((Kind.FEWER_RECORDS, Kind.MORE_REJECTED, Kind.MORE_NULLS, Kind.SLOW), 0)
    for _ in range(300):
        past = [
            StepFigures(seen, int(chance.binomial(seen, 0.001)), chance.lognormal(4, 0.15), seen // 2, 7 * seen)
            for seen in (10_000 * chance.lognormal(0, 0.05, 12)).astype(int).tolist()
        ]
        step = StepFigures(seen=4_000, rejected=400, seconds=5 * 54.6, nulls=2_000 + 4_000, values=28_000)
        for kind in found(step, past):
            hits[kind] += 1
    print("found of 300:", {kind.value: number for kind, number in hits.items()})
    assert min(hits.values()) > 0.95 * 300


@pytest.mark.parametrize(("count", "most"), [(5, 0.02), (6, 0.008), (8, 0.008), (10, 0.008), (20, 0.008), (50, 0.004)])
def test_the_limit_allows_for_how_little_few_figures_tell(count: int, most: float) -> None:
    chance = np.random.default_rng(count)
    odd = 0
    for _ in range(4_000):
        usual = normal(chance.normal(size=count).tolist(), 1e-9)
        assert usual is not None
        odd += abs(usual.score(chance.normal())) > 1
    print(f"after {count} figures: {odd / 4_000:.2%} false alarms")
    assert odd / 4_000 < most
