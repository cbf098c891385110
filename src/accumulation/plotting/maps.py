"""Maps over a grid of two parameters, and the choice of axes of a grid."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.colors import ListedColormap, SymLogNorm, TwoSlopeNorm
from matplotlib.ticker import MaxNLocator

from ..errors import UserError
from . import panels, style
from .parameters import axes_of, model_of
from .units import tex_units

# Symbol of an axis of the grid, its unit, and the number by which its values are divided.
LABELS = {
    "phi": (r"$\varphi/\pi$", "", np.pi),
    "delta": (r"$\Delta$", "t0", 1.0),
    "t2": ("$t_2$", "t0", 1.0),
    "strain": (r"strain $s$", "", 1.0),
}
UNDEFINED = {"facecolor": "white", "edgecolor": style.GREY, "hatch": "//////", "linewidth": 0}


def map_axes(ds: xr.Dataset) -> list[str]:
    """Names of the two axes of a map, horizontal and vertical: those with more than one value.

    Raises
    ------
    UserError
        If there are not two of them.
    """
    names = [name for name in axes_of(ds) if ds.sizes[name] > 1]
    if len(names) != 2:
        raise UserError("systems", f"a grid over {', '.join(names)}", "a grid over two parameters")
    # phi is the horizontal axis
    return sorted(names, key=lambda name: name != "phi")


def varying_axes(ds: xr.Dataset, least: int) -> list[str]:
    """Names of the axes of a grid with more than one value.

    Raises
    ------
    UserError
        If there are fewer than ``least``; for ``least`` = 1, if there are several (a grid of one
        point has none).
    """
    names = [name for name in axes_of(ds) if ds.sizes[name] > 1]
    if (least == 1 and len(names) > 1) or (least > 1 and len(names) < least):
        count = {1: "one parameter", 2: "two parameters"}[least]
        raise UserError("systems", f"a grid over {', '.join(names)}", f"a grid over {count}")
    return names


def first_of_others(ds: xr.Dataset, shown: list[str]) -> xr.Dataset:
    """The grid at the first value of every axis that is not shown; these keep a length of 1."""
    return ds.isel({name: [0] for name in axes_of(ds) if name not in shown})


def text_of_others(ds: xr.Dataset, shown: list[str]) -> str:
    """Names and first values of the axes with several values that are not shown."""
    others = [name for name in axes_of(ds) if ds.sizes[name] > 1 and name not in shown]
    first = [ds[name].values[0] for name in others]
    texts = [str(v) if isinstance(v, str) else f"{v:.6g}" for v in first]
    return ", ".join(f"{name} = {text}" for name, text in zip(others, texts, strict=True))


def scaled(ds: xr.Dataset, name: str) -> tuple[str, np.ndarray]:
    """Label and scaled values of an axis, or indices of values that are not numbers.

    delta is in units of t2 if t2 is one number.
    """
    values = ds[name].values
    t2 = model_of(ds).get("t2")
    if values.dtype.kind not in "iuf":
        return name, np.arange(len(values))
    if name == "delta" and isinstance(t2, float) and t2 != 0:
        return r"$\Delta/t_2$", values / t2
    label, units, scale = LABELS.get(name, (name, "", 1.0))
    return f"{label} ({tex_units(units)})" if units else label, values / scale


def boundary(ax, ds: xr.Dataset) -> None:
    """Draw the analytic phase boundary |Delta| = 3 sqrt(3) t2 |sin phi| of the Haldane model."""
    model = model_of(ds)
    if set(map_axes(ds)) != {"phi", "delta"} or model.get("name") != "haldane":
        return
    if "t2" not in model or model.get("strain", 0.0) != 0:
        return
    phi = np.linspace(ds.phi.values.min(), ds.phi.values.max(), 401)
    edge = 3 * np.sqrt(3) * np.abs(np.sin(phi))
    for sign in (1, -1):
        ax.plot(phi / np.pi, sign * edge, color="black", linewidth=0.7, linestyle=style.DASHED)


def draw_map(ax, ds: xr.Dataset, values: xr.DataArray, cmap, norm=None):
    """Draw coloured cells, with undefined points (NaN) hatched grey, and return the artist."""
    right, up = map_axes(ds)
    (x_label, x), (y_label, y) = scaled(ds, right), scaled(ds, up)
    order = np.argsort(x), np.argsort(y)
    cells = _two_dimensional(values, up, right)[np.ix_(order[1], order[0])]
    ax.patch.set(**UNDEFINED)
    artist = ax.pcolormesh(
        x[order[0]], y[order[1]], cells, cmap=cmap, norm=norm, shading="nearest", rasterized=True
    )
    # Few ticks, as the outer labels of neighbouring panels would touch.
    ax.xaxis.set_major_locator(MaxNLocator(5))
    label_values(ax.xaxis, ds, right)
    label_values(ax.yaxis, ds, up)
    ax.set_xlabel(x_label)
    ax.set_ylabel(y_label)
    boundary(ax, ds)
    return artist


def _two_dimensional(values: xr.DataArray, up: str, right: str) -> np.ndarray:
    """Values (up, right); further dimensions have length 1."""
    others = [dim for dim in values.dims if dim not in (up, right)]
    return values.isel(dict.fromkeys(others, 0)).transpose(up, right).values


def label_values(axis, ds: xr.Dataset, name: str) -> None:
    """Set the ticks of an axis whose values are a few integers or not numbers."""
    values = ds[name].values
    if values.dtype.kind not in "iuf":
        axis.set_ticks(np.arange(len(values)), labels=values.astype(str))
    elif values.dtype.kind in "iu" and len(values) <= 8:
        axis.set_ticks(values)


def diverging(values: np.ndarray) -> SymLogNorm | TwoSlopeNorm:
    """Colour norm with zero in the middle; symlog if values span more than a decade and a half.

    ``values`` is an array of any shape.
    """
    finite = np.abs(values[np.isfinite(values)])
    top = finite.max(initial=0.0) or 1.0
    usual = np.median(finite[finite > panels.ZERO]) if np.any(finite > panels.ZERO) else top
    if top > 30 * usual:
        linear = 10.0 ** np.ceil(np.log10(usual))
        return SymLogNorm(linthresh=linear, linscale=0.6, vmin=-top, vmax=top)
    return TwoSlopeNorm(0.0, -top, top)


def color_bar(figure, ax, artist, label: str) -> None:
    """Add the colour bar of a map; a symlog one has a tick at zero and at each decade."""
    bar = figure.colorbar(artist, ax=ax, label=label)
    norm = artist.norm
    if isinstance(norm, SymLogNorm):
        first = round(np.log10(norm.linthresh))
        powers = range(first, int(np.floor(np.log10(norm.vmax) + 1e-9)) + 1)
        ticks = [10.0**power for power in powers]
        texts = [f"10^{{{power}}}" for power in powers]
        bar.set_ticks(
            [-tick for tick in ticks[::-1]] + [0.0] + ticks,
            labels=[f"$-{t}$" for t in texts[::-1]] + ["0"] + [f"${t}$" for t in texts],
        )
        bar.minorticks_off()


def chosen(ds: xr.Dataset, definition, gauge, fermi_energy, temperature=None) -> xr.Dataset:
    """The response of a grid at one definition, gauge, Fermi energy and temperature.

    Raises
    ------
    UserError
        If the dataset does not contain one of them.
    """
    return panels.pick(
        ds,
        definition=definition,
        gauge=gauge,
        fermi_energy=fermi_energy,
        temperature=temperature,
    )


CHERN = ListedColormap([style.VERMILION, "#F2F2F2", style.SKY])
