"""Published numbers and those of this package, side by side."""

from __future__ import annotations

from matplotlib.figure import Figure

from ..plotting import style

NEEDS = ("response",)
SYSTEMS = (1, 1, "the published numbers")
THEORY = "published_numbers"
AXES = 0
CAPTION = (
    "Numbers that others have published and those of this package. Right: ours divided by the "
    "published one. The last row differs: the three-band model has d orbitals only, whereas the "
    "bands of the crystal are partly p orbitals of sulphur, with less angular momentum. The table "
    "of evidence has the bound of each."
)
# Signs of print for the plain text of datasets.
SIGNS = {
    "2 pi": "2π", "^2": "²", "hbar": "ħ", "t0": "t₀", "L_z": "$L_z$", "Delta": "Δ", "angstrom": "Å",
    " x ": " × ", "MoS2": "MoS₂",
}  # fmt: skip
# Places of the columns, as parts of the width of the table.
_COLUMNS = {"quantity": 0.0, "units": 0.44, "published": 0.87, "ours": 1.0}


@style.styled
def draw(systems: list[dict]) -> Figure:
    """The table, and the ratio of each pair."""
    ds = systems[0]["response"]
    count = ds.sizes["number"]
    figure = style.new_figure(style.DOUBLE_COLUMN, 0.7 + 0.24 * count)
    table, ratio = figure.subplots(1, 2, width_ratios=[3.4, 1], sharey=True)
    table.set_axis_off()
    table.set_xlim(0, 1)
    table.set_ylim(count - 0.4, -1.2)
    for name, x in _COLUMNS.items():
        _write(table, x, -0.8, name, weight="bold")
    for row in range(count):
        one = ds.isel(number=row)
        texts = {
            "quantity": _typeset(one.number.item()),
            "units": _typeset(one.number_units.item()),
            "published": f"{one.published.item():.6g}",
            "ours": f"{one.ours.item():.6g}",
        }
        for name, text in texts.items():
            _write(table, _COLUMNS[name], row, text)
    ratio.plot((ds.ours / ds.published).values, range(count), "o", color=style.BLUE)
    ratio.axvline(1, color=style.GREY, linewidth=0.5, zorder=0)
    ratio.set_xlim(0.6, 1.4)
    ratio.set_xlabel("ours / published")
    ratio.tick_params(left=False, labelleft=False)
    return figure


def _typeset(text: str) -> str:
    """A quantity or a unit of the dataset with the signs of print."""
    for plain, sign in SIGNS.items():
        text = text.replace(plain, sign)
    return text


def _write(ax, x: float, y: float, text: str, **look) -> None:
    side = "left" if x < 0.5 else "right"
    ax.text(x, y, text, ha=side, va="center", fontsize=7, **look)
