"""Every identity that a study's theories promise, with the residual that was found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..errors import UserError, Verbatim
from ..identities import Identity
from . import labels

if TYPE_CHECKING:
    import xarray as xr

_DIMS = ("identity",)
VARIABLES = {
    "system": (_DIMS, "1", "system of the study", "33"),
    "quantity": (_DIMS, "1", "variable that holds the residual", "33"),
    "statement": (_DIMS, "1", "what must hold", "33"),
    "route": (_DIMS, "1", "the other way by which it was found", "33"),
    "equation": (_DIMS, "1", "equations of the paper", "33"),
    "residual": (_DIMS, "1", "the value nearest to breaking the bound", "33"),
    "must_be": (_DIMS, "1", "on which side of the bound", "33"),
    "bound": (_DIMS, "1", "the bound", "33"),
    "holds": (_DIMS, "1", "1 where the bound is kept", "33"),
}


def collect(study: str, responses: list[xr.Dataset]) -> xr.Dataset:
    """The table of all identities from the datasets of a study's theories."""
    found = [row for ds in responses for row in _found(ds)]
    columns = {name: np.array([row[name] for row in found]) for name in VARIABLES}
    columns["holds"] = columns["holds"].astype(np.int8)
    attrs = {"title": "Every identity with its residual", "equation": "8-58, S1-S55"}
    ds = labels.label(columns, "theory", attrs, table=VARIABLES)
    ds.attrs |= labels.identity(study, "evidence", {})
    return ds


def _found(ds: xr.Dataset) -> list[dict]:
    found = []
    for name, variable in ds.data_vars.items():
        attrs = variable.attrs
        if "bound" not in attrs:
            continue
        identity = Identity(
            attrs["statement"],
            attrs["route"],
            float(attrs["bound"]),
            attrs["must_be"] == "at least",
        )
        residual = identity.residual(variable.values)
        kept = ("statement", "route", "must_be", "bound", "equation")
        found.append(
            {
                "system": ds.attrs["system"],
                "quantity": name,
                "residual": residual,
                "holds": identity.holds(residual),
                **{key: attrs[key] for key in kept},
            }
        )
    return found


def rows(table: xr.Dataset) -> list[dict]:
    """The rows of the table, each a mapping from VARIABLES to plain values."""
    return [
        {name: table[name].values[i].item() for name in VARIABLES}
        for i in range(table.sizes["identity"])
    ]


def verdict(table: xr.Dataset, path: str) -> str:
    """The table as text.

    Raises
    ------
    UserError
        If an identity does not hold: its system and variable, the residual and the bound.
    """
    every = rows(table)
    broken = [row for row in every if not row["holds"]]
    if broken:
        row = broken[0]
        others = f", and {len(broken) - 1} more that do not hold" if len(broken) > 1 else ""
        raise UserError(
            f"{row['system']}: {row['quantity']}",
            Verbatim(f"{row['residual']:.2e} ({row['statement']}){others}"),
            f"{row['must_be']} {row['bound']:g}; all identities are in {path}",
        )
    lines = [f"All {len(every)} identities hold."]
    lines += [
        f"{row['system']}: {row['statement']} ({row['equation']}; by {row['route']}): "
        f"{row['residual']:.2e}, {row['must_be']} {row['bound']:g}"
        for row in every
    ]
    return "\n".join(lines) + "\n"
