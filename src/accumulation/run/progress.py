"""Progress of the grids of a run: points, rate and remaining time, in one line of a terminal."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterable

INTERVAL = 1.0  # seconds between two updates


class Progress:
    """Watches the files of tiles and updates one line of a terminal.

    Nothing is written to a log file, where the lines of finished jobs have the same content.

    Parameters
    ----------
    tiles : file and number of points of every tile of the study
    stream : where to write, standard error by default

    Attributes
    ----------
    total, completed : number of points to compute, and number of those computed
    """

    def __init__(self, tiles: Iterable[tuple[str, int]], stream=None):
        self._stream = stream or sys.stderr
        self._waiting = {path: points for path, points in tiles if not os.path.exists(path)}
        self.total = sum(self._waiting.values())
        self.completed = 0
        self._started, self._has_begun = time.monotonic(), False
        self._ended: float | None = None
        self._stopped = threading.Event()

    def start(self) -> None:
        """Begin, if there are points to compute and the stream is a terminal."""
        if self.total and self._stream.isatty():
            threading.Thread(target=self._watch, daemon=True).start()

    def stop(self) -> None:
        """End, and move the cursor to a new line."""
        if self.total and self._stream.isatty() and not self._stopped.is_set():
            self._stopped.set()
            self._stream.write("\r" + self.line() + "\n")

    def look(self) -> None:
        """Count the tiles that have been written since the last call."""
        for path in [path for path in list(self._waiting) if os.path.exists(path)]:
            self.finish(path)

    def begin(self) -> None:
        """Start the clock at the first tile; later calls have no effect."""
        if not self._has_begun:
            self._has_begun, self._started = True, time.monotonic()

    def finish(self, path: str) -> None:
        """Count the tile of this file as complete."""
        self.completed += self._waiting.pop(path, 0)
        if self.completed >= self.total and self._ended is None:
            self._ended = time.monotonic()

    def line(self) -> str:
        """Such as ``120/441 points, 8.3 points/s, 0:39 left``."""
        # Jobs after the last point, such as figures, are no part of the rate.
        elapsed = (time.monotonic() if self._ended is None else self._ended) - self._started
        text = f"{self.completed}/{self.total} points"
        if self.completed:
            rate = self.completed / elapsed
            seconds = round((self.total - self.completed) / rate)
            text += f", {rate:.3g} points/s, "
            text += f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02} left"
        # Wide enough to cover the previous line.
        return f"{text:<60}"

    def _watch(self) -> None:
        while not self._stopped.wait(INTERVAL):
            self.look()
            self._stream.write("\r" + self.line())
            self._stream.flush()
