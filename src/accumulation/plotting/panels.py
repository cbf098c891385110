"""Panels shared by figures: bands, moments, profiles across the ribbon."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, NullLocator, ScalarFormatter

from ..errors import UserError
from . import style
from .sites import to_sites
from .units import accumulation_units, per_time, shown_units, tex_units

PROCESSES = ("intraband", "interband")
# Values below this, in units of the axis, are rounding of a quantity that a symmetry forbids.
ZERO = 1e-9
# Rows further apart than this are not joined; the step of a zigzag ribbon is sqrt(3) a.
NEAR = {"natural": 1.8, "eV_angstrom": 6.0}


def pick(ds: xr.Dataset, **selection) -> xr.Dataset:
    """One entry of each of definition, gauge, fermi_energy, temperature; None selects the first.

    Raises
    ------
    UserError
        If the dataset does not contain a selected value; the error lists those that it contains.
    """
    for name, value in selection.items():
        values = np.atleast_1d(ds[name].values)
        index = 0 if value is None else _position(name, value, values)
        if name in ds.dims:
            ds = ds.isel({name: index})
    return ds


def _position(name: str, value, values: np.ndarray) -> int:
    allowed = "one of: " + ", ".join(str(entry) for entry in values)
    if values.dtype.kind == "f":
        try:
            indices = np.flatnonzero(np.isclose(values, float(value), atol=1e-9))
        except (TypeError, ValueError):
            raise UserError(name, value, allowed) from None
    else:
        indices = np.flatnonzero(values.astype(str) == value)
    if not len(indices):
        raise UserError(name, value, allowed)
    return int(indices[0])


def need_systems(systems: list, declared: tuple[int, int | None, str]) -> None:
    """Check the number of systems of a figure against its SYSTEMS (least, most, description).

    Raises
    ------
    UserError
        If there are fewer or more systems.
    """
    least, most, description = declared
    if len(systems) < least or (most is not None and len(systems) > most):
        count = f"exactly {least}" if least == most else f"{least} to {most}"
        count = f"at least {least}" if most is None else count
        raise UserError("systems", f"{len(systems)} systems", f"{count}: {description}")


def one_of(key: str, value, allowed: tuple):
    """The value, if it is one of ``allowed``.

    Raises
    ------
    UserError
        If it is not.
    """
    if value not in allowed:
        raise UserError(key, value, "one of: " + ", ".join(map(str, allowed)))
    return value


def listed(key: str, value, count: int | None = None) -> list[str]:
    """The value as a list of ``count`` names; a single name is a list of one.

    Raises
    ------
    UserError
        If it is empty, of another length, or not a list of names.
    """
    names = [value] if isinstance(value, str) else value
    fits = isinstance(names, (list, tuple)) and all(isinstance(name, str) for name in names)
    if not fits or not names or (count and len(names) != count):
        raise UserError(key, value, f"a list of {count or 'one or more'} names")
    return list(names)


def state_lines(ax, ds: xr.Dataset, values: np.ndarray, color: np.ndarray, cmap, norm=None):
    """Draw ``values`` (k, band) as lines coloured by ``color`` (k, band); return the artist."""
    k = np.broadcast_to(ds.k.values[:, None], values.shape)
    points = np.stack([k, values], axis=-1)  # (k, band, 2)
    segments = np.stack([points[:-1], points[1:]], axis=-2).reshape(-1, 2, 2)
    middle = 0.5 * (color[:-1] + color[1:]).ravel()
    norm = norm or Normalize(color.min(), color.max())
    # Rasterized, as tens of thousands of segments would be megabytes of vectors in a PDF.
    lines = LineCollection(
        segments,
        array=middle,
        cmap=cmap,
        norm=norm,
        linewidths=0.7,
        capstyle="round",
        rasterized=True,
    )
    ax.add_collection(lines)
    style.k_axis(ax, ds.attrs["period"])
    margin = 0.05 * np.ptp(values)
    if margin > ZERO:
        ax.set_ylim(values.min() - margin, values.max() + margin)
    return lines


def energy_lines(ax, elements: xr.Dataset, values: np.ndarray):
    """Draw ``values`` (k, band) as lines coloured by energy."""
    return state_lines(ax, elements, values, elements.energy.values, style.ENERGY)


def energy_bar(figure, artist, axes, fermi_energy: float | None = None):
    """Add the colour bar of the energy, with the Fermi level marked."""
    bar = figure.colorbar(artist, ax=axes, pad=0.03, aspect=28)
    bar.set_label(f"Energy ({tex_units('t0')})")
    bar.outline.set_linewidth(0.5)
    if fermi_energy is not None:
        bar.ax.axhline(fermi_energy, color="black", linewidth=1.0)
        beside = {"transform": bar.ax.get_yaxis_transform(), "ha": "right", "va": "center"}
        bar.ax.text(-0.3, fermi_energy, "$E_F$", **beside)
    return bar


def moment(ax, elements: xr.Dataset, bands: slice | None = None):
    """Draw m_nn(k) of the states, coloured by energy, for one definition and gauge."""
    shown = elements.isel(band=bands or slice(None))
    lines = energy_lines(ax, shown, shown.moment.values)
    style.zero_line(ax)
    ax.set_ylabel(rf"$m_{{nn}}(k)$ ({tex_units(elements.moment.attrs['units'])})")
    if np.max(np.abs(shown.moment.values)) < ZERO:
        ax.set_ylim(-1, 1)
        note(ax, r"$m_{nn}(k)=0$ for every state")
    else:
        _show_the_bulk(ax, shown.moment.values)
    return lines


def _show_the_bulk(ax, values: np.ndarray) -> None:
    """Use an asinh axis, linear in the range of the bulk, if edge states have larger moments."""
    peaks = np.sort(np.max(np.abs(values), axis=0))
    bulk = peaks[-min(4, len(peaks))]  # there are at most three edge states
    top = np.max(np.abs(values))
    if top < 3 * bulk or bulk < ZERO:
        return
    linear = float(f"{bulk:.0e}")
    ax.set_yscale("asinh", linear_width=linear)
    ticks = [step * linear for step in (0.5, 1, 3, 10, 30, 100) if step * linear < 1.2 * top]
    ax.set_yticks([*(-t for t in ticks), 0, *ticks])
    ax.yaxis.set_major_formatter("{x:.2g}")
    ax.yaxis.set_minor_locator(NullLocator())
    ax.set_ylim(min(1.2 * values.min(), -1.2 * bulk), max(1.2 * values.max(), 1.2 * bulk))


def note(ax, text: str, height: float = 0.8) -> None:
    """Write a short remark into a panel whose upper half is empty."""
    ax.text(0.5, height, text, transform=ax.transAxes, ha="center", va="center", fontsize=7)


def doubt(ax, ds: xr.Dataset) -> None:
    """Write the error into a panel of one value of a theory that is flagged."""
    if int(ds.value_status):
        note(ax, f"not converged: error {float(ds.error):.2g}", 0.92)


def remark_on(values: np.ndarray) -> str | None:
    """``undefined`` if no value (of an array of any shape) is finite, ``zero`` if all vanish."""
    finite = np.abs(values[np.isfinite(values)])
    if not finite.size:
        return "undefined"
    return "zero" if finite.max() < ZERO else None


def scatter(ax, response: xr.Dataset, values: np.ndarray, role: str, **look) -> None:
    """Draw ``values`` (row,) against y, with filled markers on the first sublattice, else open.

    Faint lines join the sites of one sublattice at the same x, unless they are far apart.
    """
    color, y = style.ROLES[role]["color"], response.y.values
    x = np.round(response.x.values, 6)
    for number, name in enumerate(sublattices(response)):
        fill = style.marker_fill(color, number)
        for column in np.unique(x):
            on = (response.sublattice.values == name) & (x == column)
            near = np.count_nonzero(on) > 1 and np.max(np.diff(y[on])) < NEAR[shown_units()]
            joined = {"linestyle": "-" if near else "none", "linewidth": 0.4}
            marker = style.ROLES[role]["marker"]
            ax.plot(y[on], values[on], marker=marker, color=color, **fill, **(joined | look))


def sublattices(ds: xr.Dataset) -> list[str]:
    """Names of the sublattices, sorted."""
    return sorted(set(ds.sublattice.values.tolist()))


def by_layer(response: xr.Dataset) -> xr.Dataset:
    """The response with layers, by z from below, in the place of sublattices; "" if it has one."""
    heights, number = np.unique(np.round(response.z.values, 6), return_inverse=True)
    names = [f"layer {one + 1}" if len(heights) > 1 else "" for one in number.reshape(-1)]
    return response.assign_coords(sublattice=("row", names))


def profile(ax, response: xr.Dataset, processes=PROCESSES, role=None, **look) -> None:
    """Draw the accumulation by site of one or both processes; ``role`` overrides their look."""
    response = to_sites(response)
    for process in processes:
        values = response.accumulation.sel(process=process).values
        scatter(ax, response, values, role or process, **look)
    _finish_profile(ax, response)


def parts(ax, response: xr.Dataset, process: str = "intraband") -> None:
    """Draw the even and odd parts of the accumulation about the ribbon's centre.

    Raises
    ------
    UserError
        If the rows do not pair under y -> -y.
    """
    if "even" not in response:
        raise UserError("systems", "rows that do not pair up", "ribbons with rows at y and -y")
    response = to_sites(response)
    for role in ("even", "odd"):
        scatter(ax, response, response[role].sel(process=process).values, role)
    _finish_profile(ax, response)


def _finish_profile(ax, response: xr.Dataset) -> None:
    style.zero_line(ax)
    style.y_axis(ax, response.y.values)
    label_accumulation(ax, response)


def label_accumulation(ax, response: xr.Dataset, name: str = "Accumulation ", log=False) -> None:
    """Set the vertical label with units; it must be called again after a change of the limits.

    The label contains the power of ten of small values, as matplotlib's own text would displace
    the panel letter.
    """
    units = accumulation_units(response.accumulation.attrs["units"])
    exponent = int(np.floor(np.log10(np.max(np.abs(ax.get_ylim())))))
    if not log and exponent < -2:
        scale = 10.0**exponent
        ax.yaxis.set_major_formatter(lambda value, _: f"{value / scale:.3g}".replace("-", "−"))
        units = rf"$10^{{{exponent}}}\,$" + units
    elif isinstance(ax.yaxis.get_major_formatter(), FuncFormatter):  # set for earlier limits
        ax.yaxis.set_major_formatter(ScalarFormatter())
    ax.set_ylabel(f"{name}({units})")


def peak(response: xr.Dataset, *processes: str) -> float:
    """Largest magnitude of the accumulation of these processes at a site."""
    return float(
        np.max(np.abs(to_sites(response).accumulation.sel(process=list(processes)).values))
    )


def process_handles() -> list:
    """Legend entries of both processes."""
    labels = {"intraband": f"intraband ({per_time()})", "interband": "interband"}
    return [style.role_handle(role, label) for role, label in labels.items()]


def line_handle() -> Line2D:
    """Legend entry of the faint lines of :func:`scatter`."""
    return Line2D([], [], color=style.GREY, linewidth=0.4, label="joins sites at one $x$")


def site_legend(figure, response: xr.Dataset, handles: list = ()) -> None:
    """Add a legend under all panels: ``handles``, and the markers of the sublattices."""
    names = sublattices(to_sites(response))
    style.legend_below(figure, [*handles, *style.sublattice_handles(names)])


def share_limits(axes, responses, processes=PROCESSES) -> None:
    """Give panels one vertical range, so that their values can be compared."""
    limit = 1.12 * max(peak(response, *processes) for response in responses) or 1.0
    for ax, response in zip(axes, responses, strict=True):
        ax.set_ylim(-limit, limit)
        label_accumulation(ax, response)
