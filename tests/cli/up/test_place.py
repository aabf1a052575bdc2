"""The one `up` of a home: held by one, named rightly, never a stranger."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kasparro.cli.up import place
from kasparro.cli.up.log_file import LIMIT, NAME, last_lines, open_log
from kasparro.cli.up.place import AlreadyUp, UnknownHolder, hold, holder


def test_who_holds_it_is_named_and_nobody_else_gets_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert holder(home) is None
    with hold(home):
        assert holder(home) == os.getpid()
        with pytest.raises(AlreadyUp) as raised, hold(home):
            pass
        assert raised.value.pid == os.getpid()
    assert holder(home) is None


def test_a_child_that_outlives_the_holder_holds_nothing(tmp_path: Path) -> None:
    with hold(tmp_path):
        child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    with child:
        assert holder(tmp_path) is None
        child.communicate()


def test_a_name_that_does_not_hold_it_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "PATIENCE_S", 0.1)
    with hold(tmp_path):
        (tmp_path / place.NAME).write_text(f"{os.getppid()}\n")
        with pytest.raises(UnknownHolder):
            holder(tmp_path)


def test_a_large_log_makes_room_for_a_new_one_and_is_kept(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("old\n")
    os.truncate(tmp_path / NAME, LIMIT + 1)
    os.close(open_log(tmp_path))
    assert (tmp_path / NAME).stat().st_size == 0
    assert (tmp_path / "kasparro.log.old").stat().st_size == LIMIT + 1


def test_the_last_lines_are_whole_ones(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("".join(f"line {n}\n" for n in range(20_000)))
    assert last_lines(path, 2) == ["line 19998", "line 19999"]
    assert all(line.startswith("line ") for line in last_lines(path, 100_000))
    assert last_lines(path, 5, since=path.stat().st_size - len("line 19999\n")) == ["line 19999"]
