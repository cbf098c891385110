"""Figure 3: moments and accumulation of the Haldane ribbon in both phases."""

from __future__ import annotations

from matplotlib.figure import Figure

from ..plotting import panels, style

NEEDS = ("elements", "response")
SYSTEMS = (2, 2, "the trivial, then the topological ribbon")
KINDS = ("ribbon", "wire")
COMPUTED = {"beside": "gauge"}
CHOICES = {"states": ("valence", "conduction", "all"), "beside": (None, "cell")}
CAPTION = (
    "Haldane zigzag ribbons with flux pi/2 and the Fermi level in the gap (Fig. 3 of the paper): "
    "(a, b) trivial phase, (c, d) topological phase. (a, c) Orbital moment m_nn(k) of the valence "
    "states, coloured by energy; the axis is an asinh scale where edge states dwarf the "
    "bulk. (b, d) Accumulation by row; the intraband part is multiplied by "
    "t0 tau / hbar. In the atomic gauge, which couples the field to the true position, the "
    "interband part of a zigzag ribbon is identically zero by the symmetry T M_x (time reversal "
    "times the mirror x -> -x), for every flux and staggered potential. The cell gauge, which "
    "couples the field to the position of the unit cell, gives non-zero values as in the paper "
    "(diamonds). Filled markers: A sites, open: B sites."
)


@style.styled
def draw(
    systems: list[dict],
    definition: str = "circulation",
    gauge: str = "atomic",
    beside: str | None = "cell",
    fermi_energy: float | None = None,
    states: str = "valence",
) -> Figure:
    """Figure 3 of a trivial and a topological ribbon, in this order.

    ``beside`` is the gauge whose interband part is drawn in addition to that of ``gauge``.

    Raises
    ------
    UserError
        If there are not two systems, or one lacks the definition, gauge or Fermi energy, or
        ``states`` is not valence, conduction or all.
    """
    panels.need_systems(systems, SYSTEMS)
    panels.one_of("states", states, CHOICES["states"])
    panels.one_of("beside", beside, CHOICES["beside"])
    figure = style.new_figure(style.DOUBLE_COLUMN, 4.7)
    axes = figure.subplots(2, 2)
    letters, responses = iter("abcd"), []
    for (moment_axes, profile_axes), system in zip(axes, systems, strict=True):
        elements = panels.pick(system["elements"], definition=definition, gauge=gauge)
        response = panels.pick(
            system["response"],
            definition=definition, gauge=gauge, fermi_energy=fermi_energy, temperature=None,
        )  # fmt: skip
        half = elements.sizes["band"] // 2
        chosen = {"valence": slice(half), "conduction": slice(half, None), "all": slice(None)}
        lines = panels.moment(moment_axes, elements, chosen[states])
        panels.energy_bar(figure, lines, moment_axes)
        if beside is not None:
            other = panels.pick(
                system["response"],
                definition=definition, gauge=beside, fermi_energy=fermi_energy, temperature=None,
            )  # fmt: skip
            panels.profile(profile_axes, other, ["interband"], role=f"{beside} gauge")
        panels.profile(profile_axes, response)
        responses.append(response)
        style.letter(moment_axes, next(letters))
        style.letter(profile_axes, next(letters))
    handles = panels.process_handles()
    if beside is not None:
        handles.append(style.role_handle(f"{beside} gauge"))
    panels.site_legend(figure, responses[0], handles)
    if beside is None and panels.peak(responses[0], "intraband", "interband") < panels.ZERO:
        panels.share_limits(axes[:, 1], responses)
        panels.note(axes[0, 1], "both parts identically zero")
    return figure
