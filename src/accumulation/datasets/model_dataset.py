"""Systems as variables of datasets (sites, hops, crystal), and systems restored from them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from ..crystal.bulk_properties import filled_bands
from ..lattice.geometries import GEOMETRIES
from ..lattice.hop_table import Crystal, DipoleTable, HopTable
from ..lattice.lattice import Lattice
from ..lattice.samples import System
from ..lattice.units import NATURAL

if TYPE_CHECKING:
    import xarray as xr


def kind_attributes(system: System) -> dict:
    """Attributes (kind, period, filling) from which :func:`restore` builds the system."""
    attrs = {"kind": system.kind, "period": system.period, **unit_attribute(system)}
    attrs |= provenance_attribute(system)
    crystal = system.crystal
    if crystal is not None:
        attrs["crystal_orbitals"] = crystal.orbitals
        attrs |= {} if crystal.filling is None else {"filling": filled_bands(crystal)}
    return attrs


def unit_attribute(system: System | Lattice) -> dict:
    """The attribute ``unit_system`` of what is not in natural units; else nothing."""
    return {} if system.units == NATURAL else {"unit_system": system.units}


def provenance_attribute(system: System | Lattice) -> dict:
    """The attribute ``provenance``, JSON, of what belongs to an imported model; else nothing."""
    if not system.provenance:
        return {}
    return {"provenance": json.dumps(system.provenance, sort_keys=True)}


def site_variables(system: System) -> dict:
    """Positions, in a, and labels of the orbitals, each (row,)."""
    x, y, z = system.positions.T
    labels = ("sublattice", "cell", "spin")
    return {"x": x, "y": y, "z": z, **{name: getattr(system, name) for name in labels}}


def hop_variables(system: System) -> dict:
    """Variables of the hop table, each (hop,), amplitudes in t0."""
    hops = system.hops
    return {
        "hop_to": hops.row,
        "hop_from": hops.column,
        "hop_cell": hops.cell,
        "hop_amplitude_re": hops.amplitude.real,
        "hop_amplitude_im": hops.amplitude.imag,
    }


def operator_variables(system: System) -> dict:
    """Variables of the operators on the orbitals of a site, and of dipoles; none without them."""
    values: dict = {}
    if system.operators:
        tables = list(system.operators.values())
        which = np.repeat(np.arange(len(tables)), [len(table.row) for table in tables])
        row, column, cell, amplitude = (
            np.concatenate([getattr(table, part) for table in tables])
            for part in ("row", "column", "cell", "amplitude")
        )
        values |= {
            "operator": list(system.operators),
            "operator_number": which,
            "operator_to": row,
            "operator_from": column,
            "operator_cell": cell,
            "operator_amplitude_re": amplitude.real,
            "operator_amplitude_im": amplitude.imag,
        }
    if system.dipoles is not None:
        values |= {
            "dipole_to": system.dipoles.row,
            "dipole_from": system.dipoles.column,
            "dipole_cell": system.dipoles.cell,
            "dipole_re": system.dipoles.dipole.real,
            "dipole_im": system.dipoles.dipole.imag,
        }
    return values


def _restored_operators(values: dict) -> dict[str, HopTable]:
    if "operator" not in values:
        return {}
    amplitude = values["operator_amplitude_re"] + 1j * values["operator_amplitude_im"]
    parts = [values[f"operator_{part}"] for part in ("to", "from", "cell")]
    result = {}
    for number, name in enumerate(values["operator"]):
        of_it = values["operator_number"] == number
        result[str(name)] = HopTable(*(part[of_it] for part in parts), amplitude[of_it])
    return result


def _restored_dipoles(values: dict) -> DipoleTable | None:
    if "dipole_to" not in values:
        return None
    parts = [values[f"dipole_{part}"] for part in ("to", "from", "cell")]
    return DipoleTable(*parts, values["dipole_re"] + 1j * values["dipole_im"])


def crystal_variables(system: System) -> dict:
    """Variables of the crystal's hop table, (crystal_hop,); none if the crystal is not known."""
    if system.crystal is None:
        return {}
    hops = system.crystal.hops
    return {
        "crystal_vectors": system.crystal.vectors,
        "crystal_to": hops.row,
        "crystal_from": hops.column,
        "crystal_cell": hops.cell,
        "crystal_amplitude_re": hops.amplitude.real,
        "crystal_amplitude_im": hops.amplitude.imag,
    }


# The variables from which a crystal is restored, each after "crystal_".
CRYSTAL = ("to", "from", "cell", "amplitude_re", "amplitude_im", "vectors")


def restored_crystal(ds: xr.Dataset) -> Crystal | None:
    """The crystal that a dataset's system was cut out of; None if it is not known."""
    if "crystal_vectors" not in ds:
        return None
    # Variables, as arrays with coordinates take longer to put together than all the rest.
    values = {name: ds.variables[f"crystal_{name}"].values for name in CRYSTAL}
    amplitude = values["amplitude_re"] + 1j * values["amplitude_im"]
    hops = HopTable(values["to"], values["from"], values["cell"], amplitude)
    filling = int(ds.attrs["filling"]) if "filling" in ds.attrs else None
    return Crystal(hops, values["vectors"], int(ds.attrs["crystal_orbitals"]), filling)


# The variables from which a system is restored.
RESTORED = {
    *("hop_to", "hop_from", "hop_cell", "hop_amplitude_re", "hop_amplitude_im"),
    *("x", "y", "z", "sublattice", "cell", "spin"),
    *("operator", "operator_number", "operator_to", "operator_from", "operator_cell"),
    *("operator_amplitude_re", "operator_amplitude_im"),
    *("dipole_to", "dipole_from", "dipole_cell", "dipole_re", "dipole_im"),
}


def restore(ds: xr.Dataset) -> System:
    """The ribbon, wire or flake whose hop table a model or elements dataset contains."""
    values = {name: variable.values for name, variable in ds.variables.items() if name in RESTORED}
    amplitude = values["hop_amplitude_re"] + 1j * values["hop_amplitude_im"]
    hops = HopTable(values["hop_to"], values["hop_from"], values["hop_cell"], amplitude)
    positions = np.column_stack((values["x"], values["y"], values["z"]))
    labels = (values["sublattice"], values["cell"], values["spin"])
    kind, period = GEOMETRIES[ds.attrs["kind"]].sample, ds.attrs["period"]
    provenance = json.loads(ds.attrs.get("provenance", "{}"))
    return kind(
        hops,
        positions,
        period,
        *labels,
        restored_crystal(ds),
        provenance,
        _restored_operators(values),
        _restored_dipoles(values),
        ds.attrs.get("unit_system", NATURAL),
    )
