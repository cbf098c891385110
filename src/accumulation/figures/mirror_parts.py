"""Ribbons with and without inversion: the symmetric and the antisymmetric part of what piles up."""

from __future__ import annotations

from matplotlib.figure import Figure

from ..plotting import panels, style
from ..plotting.parameters import model_of
from ..plotting.units import symbol

NEEDS = ("response",)
SYSTEMS = (1, 6, "ribbons whose rows come in pairs at y and -y")
KINDS = ("ribbon",)
AXES = 0
LENGTHS = {"titles": "systems"}
CAPTION = (
    "Accumulation in a field along x, a row for each ribbon. Left: both processes at each site. "
    "Right: the part of the intraband accumulation that is symmetric across the ribbon (the "
    "magnetoelectric part of the literature) and the antisymmetric part (that which it calls the "
    "orbital Hall effect). Inversion makes the intraband moment antisymmetric; both parts are of "
    "the Fermi surface and in proportion to tau. Lines join the sites of a layer at one x: rows "
    "of a zigzag ribbon alternate between two x, and the row at an edge differs from the next one. "
    "Open symbols: the upper layer."
)


@style.styled
def draw(
    systems: list[dict],
    titles: tuple[str, ...] = (),
    definition: str | None = None,
    gauge: str = "atomic",
    fermi_energy: float | None = None,
    temperature: float | None = None,
) -> Figure:
    """A row for each ribbon: its profile, and its even and odd parts.

    ``titles`` name the systems; without them, the names of the models.

    Raises
    ------
    UserError
        If rows do not come in pairs, a value is missing, or the titles are not one a system.
    """
    if titles:
        titles = panels.listed("titles", titles, len(systems))
    figure = style.new_figure(style.DOUBLE_COLUMN, 0.5 + 1.9 * len(systems))
    rows = figure.subfigures(len(systems), 1, squeeze=False)[:, 0]
    letters = iter(style.LETTERS)
    layers: set[str] = set()
    for number, (part, system) in enumerate(zip(rows, systems, strict=True)):
        response = panels.pick(
            system["response"], definition=definition, gauge=gauge, fermi_energy=fermi_energy,
            temperature=temperature,
        )  # fmt: skip
        name = titles[number] if titles else model_of(response)["name"].replace("_", " ")
        energy = f"$E_F={float(response.fermi_energy):.3g}\\,{symbol('t0')}$"
        part.suptitle(f"{name}, {energy}", fontsize=8, x=0.02, ha="left")
        profile, parts = part.subplots(1, 2)
        style.letter(profile, next(letters), "at each site")
        style.letter(parts, next(letters), "intraband, both parts")
        response = panels.by_layer(response)
        layers |= set(panels.sublattices(response)) - {""}
        panels.profile(profile, response)
        panels.parts(parts, response)
        peak = panels.peak(response, *panels.PROCESSES)
        limit = 1.12 * peak if peak > panels.ZERO else 1.0
        for ax in (profile, parts):
            ax.set_ylim(-limit, limit)
            panels.label_accumulation(ax, response)
        parts.set_ylabel("")
    handles = [*panels.process_handles(), style.role_handle("even"), style.role_handle("odd")]
    handles += [*style.sublattice_handles(sorted(layers)), panels.line_handle()]
    style.legend_below(figure, handles)
    return figure
