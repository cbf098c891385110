"""Typed model of a config: the single declaration of its keys and their types.

``python docs/generators`` writes from it workflow/schemas/config.schema.yaml, against which every
config is checked (see :mod:`accumulation.study.config_schema`), and the tables of docs/config.md.
A field's ``title`` is the meaning of the key, its ``description`` the allowed values.
Parameters of models, options of theories and figures, densities and definitions are not listed
here: they are looked up in the files that define them.

A run checks against the schema and imports neither this module nor pydantic.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, RootModel, create_model

from ..lattice.geometries import GEOMETRIES, SIZES, kinds_with
from .config_file import AXIS, NUMBER
from .slab_systems import SLAB

LETTERS = "letters, digits, '_' and '-'"
PATTERN = "[A-Za-z0-9][A-Za-z0-9_-]*$"
FOLDERS = ("figures", "logs", "benchmarks", "specs")  # of a study, beside its systems'
NUMBERS = (
    "a finite number such as 0.5 or 'pi/2', a non-empty list of them, or "
    "{linspace: [start, stop, number]}"
)
NAMES = "a name or a non-empty list of names, each once"
DENSITIES = (
    "a name, {name: spin, component: y} with options, or a non-empty list of these, each once"
)
DIRECTION = "two integers without a common divisor, such as [1, 0], [1, 1] or [2, 1]"
TRIPLE = "three integers without a common divisor, such as [0, 0, 1]"
TRIM = "two integers of at least 0, such as [1, 0]"
POSITIVE = "an integer of at least 1"
SLAB_TITLE = "slab (periodic in a plane of a 3D lattice)"
FLAG = "true or false"
FIGURES = (
    "default, or figures, each a name and its keys (systems, draw, options), and maybe "
    "default: true"
)


def listed(names: list[str], last: str = "and") -> str:
    """Names in a sentence, such as ``a, b and c``."""
    return f"{', '.join(names[:-1])} {last} {names[-1]}" if len(names) > 1 else "".join(names)


CUT = listed([f"{kind}s" for kind, one in GEOMETRIES.items() if one.is_cut])
PERIODIC = listed([f"{kind}s" for kind, one in GEOMETRIES.items() if one.periodic])


def _each_once(values: list) -> list:
    if len({repr(value) for value in values}) < len(values):
        raise ValueError("a value twice")
    return values


def _key(title: str, description: str, default: Any = None, **limits) -> Any:
    """An optional key; a default of None means no default unless None is an allowed value."""
    return Field(default, title=title, description=description, **limits)


def _described(model: dict, name: type[BaseModel]) -> None:
    model["description"] = "the keys " + listed(list(name.model_fields))


def _name(title: str, excluded: tuple[str, ...] = (), prefix: str = "") -> Any:
    """Text of letters and digits; ``excluded`` are reserved words."""
    words = f" (but not {prefix}{listed(list(excluded), 'or')})" if excluded else ""
    refused = f"(?!({'|'.join(excluded)})$)" if excluded else ""
    return Field(title=title, pattern=f"^{refused}{PATTERN}", description=LETTERS + words)


class _Part(BaseModel):
    """A mapping with these keys and no others."""

    model_config = ConfigDict(
        extra="forbid", strict=True, regex_engine="python-re", json_schema_extra=_described
    )


Unique = (AfterValidator(_each_once), Field(min_length=1, json_schema_extra={"uniqueItems": True}))


class Number(RootModel[float | str]):
    """A number, or arithmetic that is evaluated when it is read."""

    model_config = ConfigDict(strict=True, json_schema_extra={"description": NUMBER})


Spaced = Annotated[
    dict[Annotated[Literal["linspace", "arange"], Field(description="linspace or arange")], Any],
    Field(min_length=1, max_length=1),
]
SpacedOrSharedAxis = Annotated[
    dict[
        Annotated[
            Literal["linspace", "arange", "axis"], Field(description="linspace, arange or axis")
        ],
        Any,
    ],
    Field(min_length=1, max_length=1),
]


class Axis(RootModel[Annotated[list[Any], Field(min_length=1)] | SpacedOrSharedAxis]):
    """Values of a parameter."""

    model_config = ConfigDict(strict=True, json_schema_extra={"description": AXIS})


Numbers = float | str | Annotated[list[Number], Field(min_length=1)] | Spaced
Names = str | Annotated[list[Annotated[str, Field(description="a name")]], *Unique]


class DensityOptions(BaseModel):
    """The name of a density, and options of its kernel."""

    model_config = ConfigDict(extra="allow", strict=True)
    name: str = Field(title="file of the density", description="the name of a density")


Density = Annotated[str, Field(description="a name")] | DensityOptions
Densities = str | DensityOptions | Annotated[list[Density], *Unique]
Pair = Annotated[
    list[Annotated[int, Field(description="an integer")]], Field(min_length=2, max_length=2)
]
Triple = Annotated[
    list[Annotated[int, Field(description="an integer")]], Field(min_length=3, max_length=3)
]
Mapping = dict[str, Any]


class Model(BaseModel):
    """The name of a model and the arguments of its function."""

    model_config = ConfigDict(extra="allow", strict=True)
    name: str = _key("file of the model", "the name of a model")
    wannier90: str = _key("instead of a name: files of Wannier90", "path and seed of the files")


def _geometry() -> type[BaseModel]:
    """The keys of a geometry, one for each size in the table of geometries."""
    cut = [kind for kind, one in GEOMETRIES.items() if one.is_cut]
    others = [f"{one.kind} for {one.title}" for one in GEOMETRIES.values() if not one.is_cut]
    kinds = f"{listed(cut, 'or')}, or {listed(others, 'or')}"
    title = ", ".join(f"{one.kind} ({one.title})" for one in GEOMETRIES.values())
    keys: dict[str, Any] = {
        "kind": (Literal[(*GEOMETRIES, SLAB)], _key(f"{title}, {SLAB_TITLE}", f"{kinds}, or slab")),
        "direction": (
            Pair | Triple | Annotated[list[list[Any]], Field(min_length=1)] | SpacedOrSharedAxis,
            _key("lattice direction along x: (n, m), of a slab (n1, n2, n3)", DIRECTION),
        ),
        "plane": (Triple, _key("Miller indices of the surface (slab only)", TRIPLE)),
        "layers": (
            Annotated[int, Field(ge=1, description=POSITIVE)] | Axis,
            _key("cells along the normal (slab only)", POSITIVE),
        ),
        "trim": (
            Pair | Annotated[list[list[Any]], Field(min_length=1)],
            _key("rows of atoms left out at the lower and upper edge or surface", TRIM),
        ),
    }
    for name, size in SIZES.items():
        number = Annotated[int, Field(ge=size.least, description=size.allowed)]
        restriction = "" if kinds_with(name) == cut else f" ({listed(kinds_with(name), 'or')} only)"
        keys[name] = (number | Axis, _key(size.title + restriction, size.allowed))
    return create_model("Geometry", __base__=_Part, **keys)


class System(_Part):
    """A system, or the defaults of all systems."""

    theory: str = _key(
        "file of a piece of the theory, computed instead of the accumulation",
        "the name of a theory",
    )
    options: Mapping = _key(
        "with a theory, keyword arguments of its compute()",
        "keyword arguments of the theory's compute(), such as {fermi_energy: [0, 1]}",
    )
    model: Model = _key(
        "name of the model and the parameters of its function",
        "a name and parameters, such as {name: haldane, t2: 0.06}",
    )
    geometry: _geometry() = _key(
        "how the lattice is cut", "such as {kind: ribbon, direction: [1, 0], width: 20}"
    )
    k: int = _key(
        f"points in the Brillouin zone, {PERIODIC} only",
        "an integer of at least 8",
        401,
        ge=8,
    )
    k_across: int = _key(
        "points along the second periodic direction, slabs only (32 if left out)",
        "an integer of at least 2",
        ge=2,
    )
    density: Densities = _key(
        "file of the density, or an operator of the model; a list makes a system of each, "
        "NAME_DENSITY",
        DENSITIES,
        "orbital_moment",
    )
    definition: Names = _key("definitions of the density, by default all of them", NAMES)
    gauge: Names = _key(f"phase convention of the position, {PERIODIC} only", NAMES, ["atomic"])
    fermi_energy: Numbers = _key(
        "Fermi energies, in t0; midgap: the middle of the bulk's gap", NUMBERS, [0.0]
    )
    temperature: Numbers = _key(
        "temperatures, k_B T in t0; at 0 the Fermi points are exact", NUMBERS, [0.0]
    )
    filling: int = _key(
        "filled bands of the crystal, for its gaps, midgap and Chern number; by default half",
        "an integer of at least 1, less than the number of bands of the model",
        ge=1,
    )
    solver: Literal["dense", "selected_inversion", "auto"] = _key(
        "dense diagonalises every H(k); selected_inversion takes time of the width and keeps no "
        "bands (ribbons, wires, slabs); auto: what costs less",
        "dense, selected_inversion or auto",
        "dense",
    )
    keep_eigenvectors: bool = _key(
        "store eigenvectors; if not, a later stage diagonalises again (default of a grid)",
        FLAG,
        True,
    )
    profile: bool = _key(
        "grids only, keep every row; if not, the sums at each edge and over all rows", FLAG, False
    )
    edge_depth: Annotated[float, Field(gt=0)] | str | None = _key(
        "grids only, how far an edge reaches inwards, in a; null: to the middle",
        "a number above 0, or null",
    )
    points_per_job: int = _key(
        "grids only, points that one job computes",
        "an integer from 1 to 1000",
        64,
        ge=1,
        le=1000,
    )


class Figure(_Part):
    """A figure of the study."""

    systems: list[Annotated[str, Field(description="the name of a system")]] = Field(
        title="systems, in the order that the figure expects",
        description="a non-empty list of names of systems",
        min_length=1,
    )
    draw: str = _key(
        "file of the figure, by default the figure's own name", "the name of a figure file"
    )
    options: Mapping = _key(
        "keyword arguments of the figure's draw()",
        "keyword arguments of draw(), such as {definition: circulation}",
        {},
    )


class Figures(BaseModel):
    """Figures by name, with or without the default figures."""

    __pydantic_extra__: dict[Annotated[str, _name("")], Figure]
    model_config = ConfigDict(
        extra="allow",
        strict=True,
        regex_engine="python-re",
        json_schema_extra={"propertyNames": {"pattern": f"^{PATTERN}", "description": LETTERS}},
    )
    default: bool = _key("keep the default figures beside these", FLAG)


class Config(_Part):
    """A whole config."""

    study: Annotated[
        str, _name("name of the study, a folder in results/", ("gallery",), "the name ")
    ]
    defaults: System = _key(
        "keys that every system takes unless it says otherwise",
        "the keys " + listed(list(System.model_fields)),
    )
    axes: dict[
        Annotated[
            str,
            Field(pattern="^[A-Za-z][A-Za-z0-9_]*$", description="letters, digits and '_'"),
        ],
        Axis,
    ] = _key(
        "axes of grids that systems share: a system takes one by {axis: NAME}",
        "axes, each a name and its values",
        {},
    )
    systems: dict[Annotated[str, _name("", FOLDERS)], System] = Field(
        title=f"the {CUT} of the study, by name",
        description="at least one system, each a name and its keys",
        min_length=1,
    )
    figures: Literal["default"] | Figures = _key(
        "the figures of the study, by file name; left out or default: one for every system",
        FIGURES,
        "default",
    )
    allow_large: bool = _key("run a study whose estimated size is beyond any cluster", FLAG, False)
    formats: Annotated[
        list[Annotated[Literal["png", "pdf", "svg"], Field(description="png, pdf or svg")]],
        *Unique,
    ] = _key(
        "file formats of the figures",
        "a non-empty list out of png, pdf, svg, each once",
        ["png", "pdf"],
    )
