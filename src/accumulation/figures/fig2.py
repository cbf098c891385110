"""Figure 2: moments, centres and accumulation of a time-reversal-invariant ribbon."""

from __future__ import annotations

from matplotlib.figure import Figure

from ..plotting import panels, style
from ..plotting.units import tex_units

NEEDS = ("elements", "response")
SYSTEMS = (1, 1, "a ribbon")
KINDS = ("ribbon", "wire")
CAPTION = (
    "Gapped-graphene zigzag ribbon (Fig. 2 of the paper). (a) Orbital moment m_nn(k) of the "
    "states, coloured by energy; time reversal makes it odd in k, and for t2 = 0 it is zero "
    "for every state of a zigzag ribbon. (b) Centres of the states across the ribbon. (c) "
    "Accumulation by row: the intraband part is multiplied by t0 tau / hbar, the interband "
    "part vanishes by time reversal. (d) Even (symmetric) and odd (antisymmetric) parts of "
    "the intraband part about the ribbon's centre; for t2 = 0 the even part is zero in "
    "`circulation` and `local` and is not in `band`, the paper's definition. Filled markers: "
    "A sites, open: B sites. The upper and right axes take a = 2.46 Angstrom. The axis of (a) "
    "is an asinh scale where edge states dwarf the bulk."
)


@style.styled
def draw(
    systems: list[dict],
    definition: str = "circulation",
    gauge: str = "atomic",
    fermi_energy: float | None = None,
) -> Figure:
    """Figure 2 of one ribbon.

    Raises
    ------
    UserError
        If there is not one system, or it lacks the definition, gauge or Fermi energy.
    """
    panels.need_systems(systems, SYSTEMS)
    elements = panels.pick(systems[0]["elements"], definition=definition, gauge=gauge)
    response = panels.pick(
        systems[0]["response"],
        definition=definition, gauge=gauge, fermi_energy=fermi_energy, temperature=None,
    )  # fmt: skip
    figure = style.new_figure(style.DOUBLE_COLUMN, 5.0)
    (a, b), (c, d) = figure.subplots(2, 2)
    panels.moment(a, elements)
    lines = panels.energy_lines(b, elements, elements.center_y.values)
    style.y_axis(b, elements.y.values, along="y", angstrom=True)
    b.set_ylabel(rf"Centre $y_{{nn}}(k)$ ({tex_units('a')})")
    panels.energy_bar(figure, lines, a, float(response.fermi_energy))
    panels.profile(c, response)
    panels.parts(d, response)
    d.set_ylabel(c.get_ylabel())
    handles = [style.role_handle(role) for role in ("even", "odd")]
    for ax, entries in ((c, panels.process_handles()), (d, handles)):
        style.y_axis(ax, response.y.values, angstrom=True)
        style.legend_above(ax, entries, raise_by=23)
    for ax, text in zip((a, b, c, d), "abcd", strict=True):
        style.letter(ax, text)
    panels.site_legend(figure, response)
    return figure
