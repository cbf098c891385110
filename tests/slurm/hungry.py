"""A figure that holds more memory than it first asks for, long enough for Slurm to see it."""

import time

from matplotlib.figure import Figure

NEEDS = ("model",)
CAPTION = "sites"


def draw(systems):
    held = b"1" * 800_000_000
    time.sleep(3)
    del held
    figure = Figure()
    figure.subplots().plot(systems[0]["model"].x, systems[0]["model"].y, ".")
    return figure
