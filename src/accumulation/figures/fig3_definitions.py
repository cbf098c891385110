"""Figure 3(b, d) in both gauges and with all densities of the orbital moment side by side."""

from __future__ import annotations

from matplotlib.figure import Figure

from ..plotting import panels, style

NEEDS = ("response",)
SYSTEMS = (2, 2, "the trivial, then the topological ribbon")
KINDS = ("ribbon", "wire")
LENGTHS = {"titles": 2}
CAPTION = (
    "Fig. 3(b, d) of the paper for every definition of the orbital-moment density (columns) and "
    "both gauges (rows). In the atomic gauge the interband part is identically zero in every "
    "definition, by the symmetry T M_x of the zigzag ribbon. In the cell gauge the field couples "
    "to the position of the cell instead of the site, which adds a spurious field inside the "
    "cell: only then is the interband part non-zero, and larger in the topological phase. The "
    "intraband part is multiplied by t0 tau / hbar. Filled markers: A sites, open: B sites. "
    "Panels of one system share the vertical range."
)
TITLES = ("trivial", "topological")


@style.styled
def draw(
    systems: list[dict],
    definitions: tuple[str, ...] = ("band", "circulation", "local"),
    gauges: tuple[str, ...] = ("atomic", "cell"),
    fermi_energy: float | None = None,
    titles: tuple[str, str] = TITLES,
) -> Figure:
    """Accumulation profiles; rows are system and gauge, columns are definitions.

    Raises
    ------
    UserError
        If there are not two systems, or one lacks a definition, gauge or the Fermi energy.
    """
    panels.need_systems(systems, SYSTEMS)
    titles = panels.listed("titles", titles, 2)
    definitions = panels.listed("definitions", definitions)
    gauges = panels.listed("gauges", gauges)
    height = 0.7 + 1.75 * len(systems) * len(gauges)
    figure = style.new_figure(style.DOUBLE_COLUMN, height)
    axes = figure.subplots(
        len(systems) * len(gauges), len(definitions), sharex=True, sharey="row", squeeze=False
    )
    letters = iter(style.LETTERS)
    for number, (system, title) in enumerate(zip(systems, titles, strict=True)):
        system_axes = axes[number * len(gauges) : (number + 1) * len(gauges)]
        responses = []
        for gauge, row in zip(gauges, system_axes, strict=True):
            for definition, ax in zip(definitions, row, strict=True):
                response = panels.pick(
                    system["response"],
                    definition=definition, gauge=gauge, fermi_energy=fermi_energy,
                    temperature=None,
                )  # fmt: skip
                panels.profile(ax, response)
                style.letter(ax, next(letters), definition)
                responses.append(response)
        panels.share_limits(system_axes.ravel(), responses)
        for gauge, row in zip(gauges, system_axes, strict=True):
            row[0].set_ylabel(f"{title}, {gauge} gauge\n{row[0].get_ylabel()}")
            for ax in row:
                ax.label_outer()
    panels.site_legend(figure, response, panels.process_handles())
    return figure
