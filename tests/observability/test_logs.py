"""Log lines: where they go, how they look, and that no secret is ever in one."""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import structlog

from kasparro.observability.logs import STRUCK, StrikeSecrets, configure_logs

SECRET = "CG-hunter2"
URL = f"postgresql://u:{SECRET}@h/d"


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """Logging as it was, after the test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@dataclass
class Shy:
    """Shows less in its text than in its representation."""

    key: str

    def __str__(self) -> str:
        return "shy"


class Forward:
    """Shows more in its text than in its representation."""

    def __str__(self) -> str:
        return f"key={SECRET}"

    def __repr__(self) -> str:
        return "forward"


HIDING_PLACES: list[Any] = [
    SECRET,
    f"GET https://x/?key={SECRET}&page=1",
    {"headers": {"x-cg-demo-api-key": SECRET}},
    {SECRET: 1},
    {"deep": [{"deeper": ({"deepest": SECRET},)}]},
    [SECRET, "x"],
    (1, (SECRET,)),
    {SECRET},
    frozenset({SECRET}),
    SECRET.encode(),
    bytearray(SECRET.encode()),
    ValueError(f"refused {SECRET}"),
    Shy(SECRET),
    Forward(),
    URL,
]


@pytest.mark.parametrize("place", HIDING_PLACES, ids=repr)
@pytest.mark.parametrize("as_json", [True, False], ids=["json", "console"])
def test_a_secret_is_struck_out_wherever_it_hides(
    capsys: pytest.CaptureFixture[str], as_json: bool, place: Any
) -> None:
    configure_logs(level="INFO", as_json=as_json, secrets=[URL, SECRET])
    structlog.get_logger("a").info("event", place=place)
    structlog.get_logger("a").info(f"event {place}")
    logging.getLogger("b").warning("told by a library: %s %r", place, place)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert SECRET not in captured.err
    assert captured.err.count(STRUCK) >= 2


@pytest.mark.parametrize("as_json", [True, False], ids=["json", "console"])
def test_a_secret_is_struck_out_of_tracebacks_and_no_local_variable_is_shown(
    capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    configure_logs(level="INFO", as_json=as_json, secrets=[SECRET])

    def fail() -> None:
        unrelated = "a-local-" + "variable"
        try:
            raise KeyError(SECRET)
        except KeyError as error:
            raise ValueError(f"no {SECRET} among {len(unrelated)}") from error

    for name, log in (("a", structlog.get_logger("a").exception), ("b", logging.getLogger("b").exception)):
        try:
            fail()
        except ValueError:
            log(f"step_broke in {name}")
    told = capsys.readouterr().err
    assert SECRET not in told
    assert "a-local-variable" not in told
    for part in (f"no {STRUCK}", "KeyError", "ValueError", "step_broke in a", "step_broke in b"):
        assert part in told


def test_a_bound_secret_is_struck_out(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(level="INFO", as_json=True, secrets=[SECRET])
    structlog.contextvars.bind_contextvars(run_id=7, key=SECRET)
    structlog.get_logger("a").bind(url=f"http://{SECRET}@h").info("event")
    told = json.loads(capsys.readouterr().err)
    assert (told["run_id"], told["key"], told["url"]) == (7, STRUCK, f"http://{STRUCK}@h")


def test_a_secret_that_is_part_of_another_leaves_nothing_of_it() -> None:
    for secrets in (["abc", "abc-def"], ["abc-def", "abc"]):
        assert StrikeSecrets(secrets)(None, "info", {"event": "abc-def abc"}) == {"event": f"{STRUCK} {STRUCK}"}


def test_what_holds_no_secret_stays_what_it_is() -> None:
    event = {"event": "done", "count": 3, "ratio": 0.5, "none": None, "flag": True, "nested": {"list": [1, "x"]}}
    assert StrikeSecrets([SECRET])(None, "info", dict(event)) == event
    assert StrikeSecrets([""])(None, "info", dict(event)) == event


def test_a_line_of_json_an_event(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(level="INFO", as_json=True)
    structlog.get_logger("kasparro.x").info("first", text="two\nlines", source="csv")
    logging.getLogger("library").warning("second %s", "told")
    first, second = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert (first["event"], first["text"], first["source"]) == ("first", "two\nlines", "csv")
    assert (first["level"], first["logger"]) == ("info", "kasparro.x")
    assert first["timestamp"].endswith("Z")
    assert (second["event"], second["level"], second["logger"]) == ("second told", "warning", "library")


def test_less_severe_events_are_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(level="WARNING", as_json=True)
    structlog.get_logger("a").info("quiet")
    logging.getLogger("b").info("quiet")
    structlog.get_logger("a").warning("loud")
    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == ["loud"]


def test_setting_up_twice_does_not_write_twice(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(level="INFO", as_json=True)
    configure_logs(level="INFO", as_json=True)
    structlog.get_logger("a").info("once")
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_secret_of_a_letter_or_two_is_left_where_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(level="INFO", as_json=True, secrets=["x", "ex", SECRET])
    structlog.get_logger("a").info("run_examined", key=SECRET)
    told = capsys.readouterr().err
    assert "run_examined" in told and SECRET not in told
