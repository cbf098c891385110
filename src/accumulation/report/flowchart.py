"""Drawing of the stages of a study as inline SVG."""

from __future__ import annotations

MARGIN, GAP = 2, 42  # around the drawing, between boxes
# Height of an arrow above the boxes, times the number of stages that it spans.
LIFT = 24


def draw(counts: dict[str, int], arrows: list[tuple[str, str]], upright: bool) -> str:
    """An ``<svg>`` with a box for each stage and its number of files, and arrows between stages.

    Parameters
    ----------
    counts : number of files of each stage, in the order of the flow
    arrows : pairs (stage, stage that reads it)
    upright : from top to bottom, for narrow screens, instead of from left to right
    """
    long, wide = (46, 150) if upright else (112, 54)  # of a box, along the flow and across it
    step, order = long + GAP, list(counts)
    spans = {arrow: order.index(arrow[1]) - order.index(arrow[0]) for arrow in arrows}
    side = LIFT * max(spans.values(), default=1)
    along_all = (len(order) - 1) * step + long + 2 * MARGIN
    across_all = side + wide + 2 * MARGIN

    def point(along: float, across: float) -> str:
        """Coordinates; ``across`` is measured from the side without arrows."""
        if upright:
            return f"{across + MARGIN:g},{along + MARGIN:g}"
        return f"{along + MARGIN:g},{across_all - MARGIN - across:g}"

    shapes = []
    for (before, after), span in spans.items():
        start, end = order.index(before) * step, order.index(after) * step
        if span == 1:
            path = f"M{point(start + long, wide / 2)} L{point(end - 3, wide / 2)}"
        else:
            # A cubic rises to 3/4 of its control points.
            lift = wide + 4 / 3 * (LIFT * span - 10)
            leave, reach = start + 0.65 * long, end + 0.35 * long
            path = f"M{point(leave, wide)} C{point(leave, lift)} {point(reach, lift)} "
            path += point(reach, wide + 3)
        shapes.append(f'<path d="{path}" marker-end="url(#tip-{upright:d})"/>')
    for index, (name, count) in enumerate(counts.items()):
        x, y = map(float, point(index * step, 0 if upright else wide).split(","))
        width, height = (wide, long) if upright else (long, wide)
        shapes.append(f'<rect x="{x:g}" y="{y:g}" width="{width}" height="{height}" rx="6"/>')
        files = f"{count} file" + ("s" if count != 1 else "")
        for text, below, look in ((name, 0.44, "name"), (files, 0.8, "count")):
            place = f'x="{x + width / 2:g}" y="{y + below * height:g}"'
            shapes.append(f'<text {place} class="{look}">{text}</text>')
    width, height = (across_all, along_all) if upright else (along_all, across_all)
    label = "Stages: " + "; ".join(f"{before} to {after}" for before, after in arrows)
    tip = (
        f'<marker id="tip-{upright:d}" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0,0 L8,4 L0,8 z"/></marker>'
    )
    return (
        f'<svg class="{"upright" if upright else "level"}" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" role="img" aria-label="{label}">'
        f"<defs>{tip}</defs>{''.join(shapes)}</svg>"
    )
