"""Orbital moment between the sites and inside the atoms, row by row, in Bohr magnetons."""

from __future__ import annotations

import xarray as xr
from matplotlib.figure import Figure

from .. import plugin_options
from ..errors import UserError
from ..plotting import panels, style
from ..plotting.panels import PROCESSES
from ..plotting.parameters import model_of
from ..plotting.sites import to_sites
from ..plotting.units import symbol

NEEDS = ("response",)
SYSTEMS = (1, 4, "ribbons with the definitions circulation and total of the orbital moment")
KINDS = ("ribbon",)
AXES = 0
# hbar^2 / 2 m_e: a Bohr magneton in e eV angstrom^2 / hbar; in natural units the density has it.
MAGNETON = {"eV_angstrom": 3.8099821161548593}
LENGTHS = {"titles": "systems"}
CAPTION = (
    "Orbital moment accumulated in zigzag ribbons by a field along x, at each site, in Bohr "
    "magnetons: from the motion between sites (left), from the angular momentum inside the atoms "
    "(middle), and their sum. A row for each ribbon and Fermi energy, with one range for all "
    "panels of the row; in each, the largest value of both processes. Circles: dissipative, at the "
    "Fermi surface (for tau = hbar / t0, or hbar / eV of a model in eV). "
    "Triangles: interband, of the filled bands. Both parts of the moment are "
    "odd under time reversal, so the filled bands of a crystal that is invariant under it "
    "accumulate neither: where the level is in the gap, the plateau of the orbital Hall "
    "conductivity notwithstanding, all that is there is carried by states at the level. Lines join "
    "the sites of a sublattice at one x: the rows of a zigzag ribbon alternate between two x."
)


@style.styled
def draw(systems: list[dict], titles: tuple[str, ...] = (), gauge: str = "atomic") -> Figure:
    """A row for each system and Fermi energy: intersite, intra-atomic, and total.

    ``titles`` name the systems; without them, the names of the models.

    Raises
    ------
    UserError
        If a system lacks one of the two definitions, or the titles are not one a system.
    """
    if titles:
        titles = panels.listed("titles", titles, len(systems))
    responses = [system["response"] for system in systems]
    levels = [response.fermi_energy.values.tolist() for response in responses]
    count = sum(map(len, levels))
    figure = style.new_figure(style.DOUBLE_COLUMN, 0.5 + 1.75 * count)
    rows = iter(figure.subfigures(count, 1, squeeze=False)[:, 0])
    letters = iter(style.LETTERS)
    for number, (response, energies) in enumerate(zip(responses, levels, strict=True)):
        name = titles[number] if titles else model_of(response)["name"].replace("_", " ")
        for energy in energies:
            chosen = panels.pick(response, gauge=gauge, fermi_energy=energy, temperature=None)
            part = next(rows)
            part.suptitle(
                f"{name}, $E_F={energy:.3g}\\,{symbol('t0')}$", fontsize=8, x=0.02, ha="left"
            )
            _row(part, _in_magnetons(chosen), letters)
    sites = [style.sublattice_handles(names) for names in map(_site_names, responses) if names]
    handles = [*panels.process_handles(), *(sites[0] if sites else []), panels.line_handle()]
    style.legend_below(figure, handles)
    return figure


def _site_names(response: xr.Dataset) -> list[str]:
    """Names of the sites if there are two kinds, which open and filled symbols tell apart."""
    names = panels.sublattices(to_sites(response))
    return names if len(names) == 2 else []


def _in_magnetons(response: xr.Dataset) -> dict[str, xr.Dataset]:
    """Intersite, intra-atomic and total moment in Bohr magnetons.

    Raises
    ------
    UserError
        If a definition is missing.
    """
    names = [str(name) for name in response.definition.values.reshape(-1)]
    if not {"circulation", "total"} <= set(names):
        raise UserError("systems", names, "ribbons with the definitions circulation and total")
    _, options = plugin_options.split(response.attrs["density"])
    system = response.attrs.get("unit_system", "natural")
    magneton = options.get("magneton") or MAGNETON[system]
    between, total = (
        response.sel(definition=name).accumulation / magneton for name in ("circulation", "total")
    )
    _, _, field = response.accumulation.attrs["units"].partition(" x ")
    parts = {"between sites": between, "inside atoms": total - between, "total": total}
    return {
        name: response.drop_vars(["definition", "even", "odd"], errors="ignore").assign(
            accumulation=(values.dims, values.values, {"units": f"mu_B x {field}"})
        )
        for name, values in parts.items()
    }


def _row(figure, parts: dict[str, xr.Dataset], letters) -> None:
    axes = figure.subplots(1, 3)
    for ax, (name, part) in zip(axes, parts.items(), strict=True):
        style.letter(ax, next(letters), name)
        # Many kinds of sites, such as Wannier functions, are seldom at exactly the same x.
        look = {} if len(panels.sublattices(to_sites(part))) <= 2 else {"linestyle": "none"}
        if not _site_names(part):
            part = part.assign_coords(sublattice=("row", [""] * part.sizes["row"]))
        panels.profile(ax, part, **look)
        peaks = [panels.peak(part, process) for process in PROCESSES]
        numbers = [f"{p:.2g}" if p > panels.ZERO else "0" for p in peaks]
        text = f"largest: intraband {numbers[0]}, interband {numbers[1]}"
        ax.text(0.03, 0.95, text, transform=ax.transAxes, va="top", fontsize=6.5)
    # Where all is rounding, it is not drawn larger than it is.
    limit = max(panels.peak(part, *PROCESSES) for part in parts.values())
    # The remark above needs room.
    limit = 1.7 * limit if limit > panels.ZERO else 1.0
    for ax, part in zip(axes, parts.values(), strict=True):
        ax.set_ylim(-limit, limit)
        panels.label_accumulation(ax, part)
    for ax in axes[1:]:
        ax.set_ylabel("")
