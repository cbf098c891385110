"""Accumulation of large disordered samples between the clean and the diffusive profile."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from ..plotting import style
from ..plotting.parameters import geometry_of
from ..plotting.units import tex_units

NEEDS = ("response",)
SYSTEMS = (2, None, "samples and approximations of the same width in turn")
THEORY_IN_TURN = ("large_samples", "born_profile")
AXIS = ("strength",)
CAPTION = (
    "Samples of growing width with Anderson disorder of several strengths W: points, mean over "
    "seeds (and both edges in b) and its standard error. (a) Accumulation by row over the current "
    "per width, near the edge y < 0 of the widest sample: clean ribbon, self-consistent Born "
    "approximation (lines) and samples, rows of both sublattices averaged. (b) Share of the "
    "outermost two rows, the accumulation over what a uniform current would give, against the "
    "width over the mean free path of the golden rule: clean ribbons of the same widths (crosses), "
    "Born (lines). (c) Accumulation at y > 0 over the width squared, relative to that of the "
    "widest ribbon in the Born approximation. Crosses: clean, at the broadening alone."
)
COLORS = (style.BLUE, style.GREEN, style.ORANGE, style.PURPLE)
MARKERS = "os^D"


@style.styled
def draw(systems: list[dict], rows: int = 24) -> Figure:
    """Samples and approximations in turn, from the narrowest to the widest; ``rows`` of panel a."""
    pairs = [
        (a["response"], b["response"]) for a, b in zip(systems[::2], systems[1::2], strict=True)
    ]
    figure = style.new_figure(style.DOUBLE_COLUMN, 2.7)
    profile, share, total = figure.subplots(1, 3)
    for ax, name in zip((profile, share, total), "abc", strict=True):
        style.letter(ax, name)
    _profiles(profile, *pairs[-1], rows)
    for i, strength in enumerate(pairs[0][0].strength.values):
        look = {"color": COLORS[i % 4], "marker": MARKERS[i % 4]}
        chosen = [tuple(ds.sel(strength=strength) for ds in pair) for pair in pairs]
        # The crystal's mean free path, as nearly as the widest ribbon has it.
        path = float(chosen[-1][1].mean_free_path)
        width = np.array([_width(samples) for samples, _ in chosen]) / path
        _against_width(share, width, chosen, _outermost, look, 1.0)
        _against_width(total, width, chosen, _upper, look, _upper(chosen[-1][1], "born").item())
    for ax in (share, total):
        ax.set_xscale("log")
        ax.set_xlabel("Width / mean free path")
        _plain_ticks(ax, "x")
        ax.axvline(1, color=style.GREY, linewidth=0.6, zorder=0)
    share.set_ylabel("Share of the outermost rows")
    total.set_yscale("log")
    _plain_ticks(total, "y")
    total.set_ylabel(r"At $y>0$ / width$^2$ (widest, Born)")
    style.legend_below(figure, _handles(pairs[0][0]))
    return figure


def _plain_ticks(ax, along: str) -> None:
    """Ticks of a logarithmic axis at 1, 2 and 5 times powers of ten, without exponents."""
    axis = getattr(ax, f"{along}axis")
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def _handles(ds: xr.Dataset) -> list[Line2D]:
    handles = [
        Line2D(
            [], [], linestyle="none", color=COLORS[i % 4], marker=MARKERS[i % 4],
            label=rf"$W={strength:g}\,t_0$",
        )
        for i, strength in enumerate(ds.strength.values)
    ]  # fmt: skip
    handles.append(Line2D([], [], color=style.GREY, label="self-consistent Born"))
    handles.append(Line2D([], [], color=style.GREY, linestyle=":", label="clean ribbon"))
    return handles


def _width(ds: xr.Dataset) -> float:
    """Width that a current fills, in a: one more spacing of rows than between outermost rows."""
    return float(np.ptp(ds.y.values) * (1 + 1 / geometry_of(ds)["width"]))


def _samples(ds: xr.Dataset) -> xr.Dataset:
    """Whole samples, without windows along x."""
    return ds[["accumulation", "conductivity"]].mean("x")


def _statistics(values: xr.DataArray) -> tuple[np.ndarray, np.ndarray]:
    """Mean over seeds and its standard error."""
    if "seed" not in values.dims or values.sizes["seed"] == 1:
        return values.squeeze().values, np.zeros(values.squeeze().shape)
    error = values.std("seed", ddof=1) / np.sqrt(values.sizes["seed"])
    return values.mean("seed").values, error.values


def _outermost(ds: xr.Dataset, route: str) -> xr.DataArray:
    """Accumulation of two outermost rows at both edges over that of a uniform current."""
    last = ds.y.values[-2:].mean()
    edges = ds[f"accumulation_{route}"].isel(y=[0, 1, -2, -1])
    sign = xr.DataArray([-1, -1, 1, 1], dims="y", coords={"y": edges.y})
    uniform = last * ds[f"conductivity_{route}"] / (2 * np.pi * ds.sizes["y"])
    return (edges * sign).mean("y") / uniform


def _upper(ds: xr.Dataset, route: str) -> xr.DataArray:
    """Accumulation at y > 0 over the square of the width."""
    return ds[f"accumulation_{route}"].where(ds.y > 1e-9, 0).sum("y") / _width(ds) ** 2


def _against_width(ax, width, chosen, quantity, look, unit) -> None:
    """Points of the samples, a line of the Born approximation, crosses of clean ribbons."""
    sampled = []
    for samples, _ in chosen:
        found = _samples(samples).rename_vars(
            accumulation="accumulation_samples", conductivity="conductivity_samples"
        )
        found.attrs = samples.attrs
        if quantity is _outermost and "seed" in found.dims:
            # A ratio of means, whose error is that of the accumulation.
            found["conductivity_samples"] = found.conductivity_samples.mean("seed")
        sampled.append(_statistics(quantity(found, "samples")))
    mean, error = np.array(sampled).T
    for route, line in (("born", {"linestyle": "-"}), ("clean", {"linestyle": ":", "marker": "x"})):
        values = [quantity(ds, route).item() for _, ds in chosen]
        ax.plot(width, np.array(values) / unit, color=look["color"], markersize=3, **line)
    ax.errorbar(
        width, mean / unit, yerr=error / unit, linestyle="none", markersize=2.8, elinewidth=0.7,
        capsize=1.2, capthick=0.6, **look,
    )  # fmt: skip


def _profiles(ax, samples: xr.Dataset, approximations: xr.Dataset, rows: int) -> None:
    """Profiles of one width near an edge, over the current per width."""
    rows = min(rows, samples.sizes["y"] // 2)
    pair = slice(0, rows - rows % 2)

    def by_row(accumulation: xr.DataArray, conductivity) -> np.ndarray:
        scaled = accumulation / conductivity * _width(samples)
        return scaled.values[..., pair].reshape(*scaled.shape[:-1], -1, 2).mean(axis=-1)

    depth = samples.y.values[pair].reshape(-1, 2).mean(axis=1) - samples.y.values[0]
    for i, strength in enumerate(samples.strength.values):
        color, marker = COLORS[i % 4], MARKERS[i % 4]
        one, other = samples.sel(strength=strength), approximations.sel(strength=strength)
        found = _samples(one).transpose(..., "y")
        current = float(found.conductivity.mean())
        values = by_row(found.accumulation, current).reshape(-1, len(depth))
        error = values.std(axis=0, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else None
        ax.errorbar(
            depth, values.mean(axis=0), yerr=error, color=color, marker=marker, linestyle="none",
            markersize=2.4, elinewidth=0.6,
        )  # fmt: skip
        ax.plot(depth, by_row(other.accumulation_born, other.conductivity_born), color=color)
    clean = by_row(other.accumulation_clean, other.conductivity_clean)
    ax.plot(depth, clean, color=style.GREY, linestyle=":", marker="x", markersize=3)
    ax.set_xlabel(f"Distance from the edge ({tex_units('a')})")
    ax.set_ylabel("Accumulation / current per width")
