"""Words of captions and numbers of configs as HTML and as plain text, without scripts or fonts."""

from __future__ import annotations

import base64
import html
import io
import math
import re

MINUS = "\u2212"
WORDS = {"tau": "τ", "hbar": "ħ", "phi": "φ", "pi": "π", "Angstrom": "Å", "->": "→"}
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
# Denominators of the fractions of pi that a config is likely to mean.
_PI_FRACTIONS = (1, 2, 3, 4, 6)


def number(value: float) -> str:
    """A number as it is read: six digits, a true minus sign, simple multiples of pi by name."""
    for bottom in _PI_FRACTIONS:
        top = value * bottom / math.pi
        if 0.5 < abs(top) < 12.5 and abs(top - round(top)) < 1e-12:
            top = round(top)
            factor = {1: "", -1: MINUS}.get(top, str(top).replace("-", MINUS))
            return f"{factor}π" + (f"/{bottom}" if bottom > 1 else "")
    return f"{value:.6g}".replace("e-0", "e-").replace("e+0", "e").replace("-", MINUS)


def rich(text: str) -> str:
    """A caption as HTML: ``$mathtext$``, `code`, m_nn, t2, tau and x -> -x as they are meant."""
    parts = re.split(r"\$([^$]+)\$|`([^`]+)`", " ".join(text.split()))
    out = []
    for index, part in enumerate(parts):
        if part:
            out.append((_words, _formula, _code)[index % 3](part))
    return "".join(out)


def plain(text: str) -> str:
    """The same caption without tags, as for the ``alt`` of a picture."""
    text = re.sub(r'<img[^>]* alt="([^"]*)"[^>]*>', r"\1", rich(text))
    return html.unescape(re.sub(r"<[^>]*>", "", text.replace("<sup>", "^")))


def _words(text: str) -> str:
    for word, sign in WORDS.items():
        text = re.sub(rf"\b{word}\b" if word.isalpha() else re.escape(word), sign, text)
    text = re.sub(r"(?<![\w)])-(?=\w)", MINUS, text)
    text = html.escape(text, quote=False)
    return re.sub(r"\b(?:([^\W\d_])_(\w{1,4})|(t)(\d))\b", _subscript, text)


def _subscript(found: re.Match) -> str:
    base, below = found[1] or found[3], found[2] or found[4]
    return f"<i>{base}</i><sub>{below}</sub>"


def _code(text: str) -> str:
    return f"<code>{html.escape(text)}</code>"


def _formula(formula: str) -> str:
    try:
        written, rest = _sequence(formula, "")
    except _NotSimpleError:
        return _picture(formula)
    return _picture(formula) if rest else f'<span class="math">{written}</span>'


class _NotSimpleError(Exception):
    """A formula that needs more than letters, signs, sub- and superscripts."""


def _sequence(formula: str, end: str) -> tuple[str, str]:
    """HTML of a formula up to ``end``, and what is left of it."""
    out = []
    while formula and formula[0] != end:
        if formula[0] in "_^":
            tag = "sub" if formula[0] == "_" else "sup"
            inner, formula = _atom(formula[1:])
            out.append(f"<{tag}>{inner}</{tag}>")
        else:
            inner, formula = _atom(formula)
            out.append(inner)
    if end and not formula:
        raise _NotSimpleError
    return "".join(out), formula[len(end) :]


def _atom(formula: str) -> tuple[str, str]:
    """HTML of the next letter, sign, command or group, and what is left."""
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
    """A formula drawn by matplotlib as an inline SVG picture, or as it stands if that fails."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    size, drawn = 10, io.BytesIO()
    figure = Figure(figsize=(0.01, 0.01))
    figure.text(0, 0, f"${formula}$", fontsize=size)
    try:
        with rc_context({"svg.hashsalt": formula, "mathtext.fontset": "dejavuserif"}):
            figure.savefig(
                drawn,
                format="svg",
                bbox_inches="tight",
                pad_inches=0.01,
                transparent=True,
                metadata={"Date": None, "Creator": None},
            )
    except ValueError:  # not mathtext
        return _code(formula)
    height = float(re.search(rb'<svg[^>]* height="([\d.]+)pt"', drawn.getvalue())[1]) / size
    source = "data:image/svg+xml;base64," + base64.b64encode(drawn.getvalue()).decode()
    alt = html.escape(formula)
    return f'<img class="math" style="height:{height:.2f}em" alt="{alt}" src="{source}">'
