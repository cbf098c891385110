"""The line that a terminal shows during a long run."""

import io

import pytest

from accumulation.run.progress import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def tiles(tmp_path):
    (tmp_path / "there.nc").touch()
    names = ("there", "first", "second")
    return {str(tmp_path / f"{name}.nc"): 10 * (i + 1) for i, name in enumerate(names)}


def test_line_tells_points_rate_and_time_left(tiles, tmp_path, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    progress = Progress(tiles.items(), Terminal())
    assert progress.line().strip() == "0/50 points"  # what was there before does not count
    (tmp_path / "first.nc").touch()
    now[0] = 110.0
    progress.look()
    assert progress.line().strip() == "20/50 points, 2 points/s, 0:00:15 left"
    (tmp_path / "second.nc").touch()
    progress.look()
    assert progress.line().strip() == "50/50 points, 5 points/s, 0:00:00 left"


def test_terminal_gets_one_line_and_a_log_file_none(tiles):
    terminal, log = Terminal(), io.StringIO()
    for stream in (terminal, log):
        progress = Progress(tiles.items(), stream)
        progress.start()
        progress.stop()
        progress.stop()
    assert terminal.getvalue().count("\n") == 1
    assert log.getvalue() == ""
