"""Figure 2 for both readings of its caption: t2 = 0 (the text) and t2 = 0.06, phi = 0."""

from __future__ import annotations

from matplotlib.figure import Figure

from ..plotting import panels, style

NEEDS = ("elements", "response")
SYSTEMS = (2, 2, "t2 = 0, then t2 = 0.06 with phi = 0")
KINDS = ("ribbon", "wire")
LENGTHS = {"titles": 2}
CAPTION = (
    "Both readings of Fig. 2: the text of the paper says gapped graphene, t2 = 0 (left), its "
    "description of the figure t2 = 0.06, which is time-reversal invariant for phi = 0 "
    "(right). (a, b) Orbital moment of the states, coloured by energy: identically zero for "
    "t2 = 0, odd in k for t2 = 0.06. The axis is an asinh scale where edge states dwarf the "
    "bulk. (c, d) Accumulation by row; the intraband part is multiplied by t0 tau / hbar, the "
    "interband part vanishes in both readings by time reversal. (e, f) Even and odd parts of "
    "the intraband part; for t2 = 0 the even part is zero in `circulation` and `local` and is "
    "not in `band`, the paper's definition. Filled markers: A sites, open: B sites."
)
TITLES = ("$t_2=0$", r"$t_2=0.06\,t_0$, $\phi=0$")


@style.styled
def draw(
    systems: list[dict],
    definition: str = "circulation",
    gauge: str = "atomic",
    fermi_energy: float | None = None,
    titles: tuple[str, str] = TITLES,
) -> Figure:
    """Moments, accumulation and its parts; a column for each reading.

    Raises
    ------
    UserError
        If there are not two systems, or one lacks the definition, gauge or Fermi energy.
    """
    panels.need_systems(systems, SYSTEMS)
    titles = panels.listed("titles", titles, 2)
    figure = style.new_figure(style.DOUBLE_COLUMN, 6.6)
    axes = figure.subplots(3, 2)
    for column, (system, title) in enumerate(zip(systems, titles, strict=True)):
        elements = panels.pick(system["elements"], definition=definition, gauge=gauge)
        response = panels.pick(
            system["response"],
            definition=definition, gauge=gauge, fermi_energy=fermi_energy, temperature=None,
        )  # fmt: skip
        top, middle, bottom = axes[:, column]
        lines = panels.moment(top, elements)
        panels.energy_bar(figure, lines, top, float(response.fermi_energy))
        panels.profile(middle, response)
        panels.parts(bottom, response)
        for ax, name in zip((top, middle, bottom), "ace" if column == 0 else "bdf", strict=True):
            style.letter(ax, name, title if ax is top else "")
        parts = [style.role_handle(role) for role in ("even", "odd")]
        style.legend_above(middle, panels.process_handles(), raise_by=3)
        style.legend_above(bottom, parts, raise_by=3)
    panels.site_legend(figure, response)
    return figure
