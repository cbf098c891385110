"""How far the grids of a run are: points done, rate, time left, in one line of a terminal."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterable

INTERVAL = 1.0  # seconds between two looks


class Progress:
    """Watches the files of tiles and keeps one line of a terminal up to date.

    In a log file nothing is written: there the lines of jobs that end tell the same.

    Parameters
    ----------
    tiles : file and number of points of every tile of the study
    stream : where to write, standard error by default

    Attributes
    ----------
    total, done : points that are to be computed, and those that have been
    """

    def __init__(self, tiles: Iterable[tuple[str, int]], stream=None):
        self._stream = stream or sys.stderr
        self._waiting = {path: points for path, points in tiles if not os.path.exists(path)}
        self.total = sum(self._waiting.values())
        self.done = 0
        self._started, self._begun = time.monotonic(), False
        self._stopped = threading.Event()

    def start(self) -> None:
        """Begin, if there is anything to do and somebody to see it."""
        if self.total and self._stream.isatty():
            threading.Thread(target=self._watch, daemon=True).start()

    def stop(self) -> None:
        """End, and leave the cursor on a line of its own."""
        if self.total and self._stream.isatty() and not self._stopped.is_set():
            self._stopped.set()
            self._stream.write("\r" + self.line() + "\n")

    def look(self) -> None:
        """Count the tiles that have come since."""
        for path in [path for path in list(self._waiting) if os.path.exists(path)]:
            self.finish(path)

    def begin(self) -> None:
        """Take the time from now on, if it is not taken yet: the first tile is at work."""
        if not self._begun:
            self._begun, self._started = True, time.monotonic()

    def finish(self, path: str) -> None:
        """Count the tile of this file, which has come."""
        self.done += self._waiting.pop(path, 0)

    def line(self) -> str:
        """Such as ``120/441 points, 8.3 points/s, 0:39 left``."""
        elapsed = time.monotonic() - self._started
        text = f"{self.done}/{self.total} points"
        if self.done:
            rate = self.done / elapsed
            left = round((self.total - self.done) / rate)
            text += (
                f", {rate:.3g} points/s, {left // 3600}:{left // 60 % 60:02}:{left % 60:02} left"
            )
        # Wide enough to cover what stood there before.
        return f"{text:<60}"

    def _watch(self) -> None:
        while not self._stopped.wait(INTERVAL):
            self.look()
            self._stream.write("\r" + self.line())
            self._stream.flush()
