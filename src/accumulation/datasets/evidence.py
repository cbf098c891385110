"""Table of all identities of a study's theories, with their residuals."""

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
    """Table of all identities, (identity,), from the datasets of a study's theories."""
    table_rows = [row for ds in responses for row in _identities_of(ds)]
    columns = {name: np.array([row[name] for row in table_rows]) for name in VARIABLES}
    columns["holds"] = columns["holds"].astype(np.int8)
    attrs = {"title": "Every identity with its residual", "equation": "8-58, S1-S55"}
    ds = labels.label(columns, "theory", attrs, table=VARIABLES)
    ds.attrs |= labels.identity(study, "evidence", {})
    return ds


def _identities_of(ds: xr.Dataset) -> list[dict]:
    table_rows = []
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
        copied = ("statement", "route", "must_be", "bound", "equation")
        table_rows.append(
            {
                "system": ds.attrs["system"],
                "quantity": name,
                "residual": residual,
                "holds": identity.holds(residual),
                **{key: attrs[key] for key in copied},
            }
        )
    return table_rows


def rows(table: xr.Dataset) -> list[dict]:
    """Rows of the table as mappings from the names in VARIABLES to plain values."""
    return [
        {name: table[name].values[i].item() for name in VARIABLES}
        for i in range(table.sizes["identity"])
    ]


def verdict(table: xr.Dataset, path: str) -> str:
    """The table as text.

    Raises
    ------
    UserError
        If an identity does not hold; the error names its system, variable, residual and bound.
    """
    all_rows = rows(table)
    broken = [row for row in all_rows if not row["holds"]]
    if broken:
        row = broken[0]
        others = f", and {len(broken) - 1} more that do not hold" if len(broken) > 1 else ""
        raise UserError(
            f"{row['system']}: {row['quantity']}",
            Verbatim(f"{row['residual']:.2e} ({row['statement']}){others}"),
            f"{row['must_be']} {row['bound']:g}; all identities are in {path}",
        )
    lines = [f"All {len(all_rows)} identities hold."]
    lines += [
        f"{row['system']}: {row['statement']} ({row['equation']}; by {row['route']}): "
        f"{row['residual']:.2e}, {row['must_be']} {row['bound']:g}"
        for row in all_rows
    ]
    return "\n".join(lines) + "\n"
