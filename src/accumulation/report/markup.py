"""Captions and numbers as HTML and as plain text, without scripts or fonts."""

from __future__ import annotations

import base64
import html
import io
import math
import re

MINUS = "\u2212"
REPLACED = {"tau": "τ", "hbar": "ħ", "phi": "φ", "pi": "π", "Angstrom": "Å", "->": "→"}
_SPACES = {",": "\u2009", " ": " ", ";": " ", ":": " ", "!": ""}
_SYMBOLS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "Delta": "Δ", "epsilon": "ε",
    "theta": "θ", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "pi": "π", "rho": "ρ",
    "sigma": "σ", "tau": "τ", "phi": "φ", "chi": "χ", "omega": "ω", "Omega": "Ω", "hbar": "ħ",
    "partial": "∂", "cdot": "·", "times": "×", "pm": "±", "approx": "≈", "equiv": "≡",
    "leq": "≤", "geq": "≥", "neq": "≠", "to": "→", "propto": "∝", "infty": "∞", "sum": "∑",
    "langle": "⟨", "rangle": "⟩", "dagger": "†", "ell": "ℓ",
}  # fmt: skip
_STYLES = {"mathbf": "b", "mathit": "i", "mathrm": "span", "text": "span"}
# Denominators of the fractions of pi that are printed as such.
_PI_FRACTIONS = (1, 2, 3, 4, 6)


def number(value: float) -> str:
    """A number with six digits and a minus sign; simple multiples of pi are written with π."""
    for bottom in _PI_FRACTIONS:
        top = value * bottom / math.pi
        if 0.5 < abs(top) < 12.5 and abs(top - round(top)) < 1e-12:
            top = round(top)
            factor = {1: "", -1: MINUS}.get(top, str(top).replace("-", MINUS))
            return f"{factor}π" + (f"/{bottom}" if bottom > 1 else "")
    return f"{value:.6g}".replace("e-0", "e-").replace("e+0", "e").replace("-", MINUS)


def rich(text: str) -> str:
    """A caption as HTML, with formulas for ``$mathtext$``, `code`, m_nn, t2, tau and x -> -x."""
    parts = re.split(r"\$([^$]+)\$|`([^`]+)`", " ".join(text.split()))
    html_parts = []
    for index, part in enumerate(parts):
        if part:
            html_parts.append((_prose, _formula, _code)[index % 3](part))
    return "".join(html_parts)


def plain(text: str) -> str:
    """A caption as plain text without tags, for the ``alt`` of a picture."""
    text = re.sub(r'<img[^>]* alt="([^"]*)"[^>]*>', r"\1", rich(text))
    return html.unescape(re.sub(r"<[^>]*>", "", text.replace("<sup>", "^")))


def _prose(text: str) -> str:
    for name, symbol in REPLACED.items():
        text = re.sub(rf"\b{name}\b" if name.isalpha() else re.escape(name), symbol, text)
    text = re.sub(r"(?<![\w)])-(?=\w)", MINUS, text)
    text = html.escape(text, quote=False)
    return re.sub(r"\b(?:([^\W\d_])_(\w{1,4})|(t)(\d))\b", _subscript, text)


def _subscript(match: re.Match) -> str:
    base, below = match[1] or match[3], match[2] or match[4]
    return f"<i>{base}</i><sub>{below}</sub>"


def _code(text: str) -> str:
    return f"<code>{html.escape(text)}</code>"


def _formula(formula: str) -> str:
    try:
        content, rest = _sequence(formula, "")
    except _NotSimpleError:
        return _picture(formula)
    return _picture(formula) if rest else f'<span class="math">{content}</span>'


class _NotSimpleError(Exception):
    """A formula that needs more than letters, signs, sub- and superscripts."""


def _sequence(formula: str, end: str) -> tuple[str, str]:
    """HTML of a formula up to ``end``, and the rest of the formula."""
    html_parts = []
    while formula and formula[0] != end:
        if formula[0] in "_^":
            tag = "sub" if formula[0] == "_" else "sup"
            inner, formula = _atom(formula[1:])
            html_parts.append(f"<{tag}>{inner}</{tag}>")
        else:
            inner, formula = _atom(formula)
            html_parts.append(inner)
    if end and not formula:
        raise _NotSimpleError
    return "".join(html_parts), formula[len(end) :]


def _atom(formula: str) -> tuple[str, str]:
    """HTML of the next letter, sign, command or group, and the rest of the formula."""
    if not formula or formula[0] == "}":
        raise _NotSimpleError
    if formula[0] == "{":
        return _sequence(formula[1:], "}")
    command = re.match(r"\\([A-Za-z]+(?: (?=[A-Za-z]))?|.)", formula)
    if command is None:
        sign = formula[0].replace("-", MINUS)
        letter = sign.isascii() and sign.isalpha()
        return f"<i>{sign}</i>" if letter else html.escape(sign), formula[1:]
    name, rest = command[1].rstrip(" ") or " ", formula[command.end() :]
    if name in _STYLES and rest.startswith("{"):
        inner, rest = _sequence(rest[1:], "}")
        tag = _STYLES[name]
        return f"<{tag}>{re.sub('</?i>', '', inner)}</{tag}>", rest
    for table in (_SYMBOLS, _SPACES):
        if name in table:
            return table[name], rest
    raise _NotSimpleError


def _picture(formula: str) -> str:
    """A formula drawn by matplotlib as an inline SVG picture, or as code if that fails."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    size, svg_file = 10, io.BytesIO()
    figure = Figure(figsize=(0.01, 0.01))
    figure.text(0, 0, f"${formula}$", fontsize=size)
    try:
        with rc_context({"svg.hashsalt": formula, "mathtext.fontset": "dejavuserif"}):
            figure.savefig(
                svg_file,
                format="svg",
                bbox_inches="tight",
                pad_inches=0.01,
                transparent=True,
                metadata={"Date": None, "Creator": None},
            )
    except ValueError:  # not mathtext
        return _code(formula)
    height = float(re.search(rb'<svg[^>]* height="([\d.]+)pt"', svg_file.getvalue())[1]) / size
    source = "data:image/svg+xml;base64," + base64.b64encode(svg_file.getvalue()).decode()
    alt = html.escape(formula)
    return f'<img class="math" style="height:{height:.2f}em" alt="{alt}" src="{source}">'
