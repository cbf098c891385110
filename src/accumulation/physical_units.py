"""Values in SI units and Bohr magnetons: accumulations per V/m, and Hall conductivities.

Every factor is positive, so that signs stay those of the package.  A field E > 0 along x pushes the
particles along -x, as it does electrons, of charge -e.  Accumulations of their number, of L and of
S are therefore those of electrons.  The magnetic moment of electrons is -mu_B (L + 2 S) / hbar:
**values in mu_B have the sign of L and S, and the moment of electrons is minus that**.  So it is
for ``orbital_moment``, which is in units of +e.

Constants are those of CODATA 2018, h and e exact.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .datasets.labels import in_units
from .errors import MISSING, UserError, Verbatim, kind_of
from .inputs import real
from .lattice.units import CHARGE, HBAR2_OVER_2M, NATURAL, PLANCK

if TYPE_CHECKING:
    import xarray as xr

SYSTEM = "eV_angstrom"
HBAR = PLANCK / (2 * np.pi * CHARGE)  # in eV s
# Size of each unit that a text may have, in eV, angstrom and seconds.
ENERGIES = {"eV": 1.0, "meV": 1e-3, "Ry": 13.605693122994, "Ha": 27.211386245988}
LENGTHS = {"angstrom": 1.0, "\u00c5": 1.0, "A": 1.0, "nm": 10.0, "pm": 0.01, "m": 1e10}
TIMES = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "ps": 1e-12, "fs": 1e-15, "as": 1e-18}
# No relaxation time is longer, so that a number is one of femtoseconds by mistake.
LONGEST = 1e-6
# Variables with these units in natural ones are accumulations.
_FIELD = " x (e E tau"
# An orbital magnetic moment, as powers of factors.
_MOMENT = {"e": 1, "t0": 1, "a": 2, "hbar": -1}
# e^2 / h in S.
CONDUCTANCE = CHARGE**2 / PLANCK
# What flows -> a unit of the package in electrons, hbar, or Bohr magnetons.
_FLOWS = {"charge": 1.0, "spin": 0.5, "orbital_angular_momentum": 1.0, "orbital_moment": 1.0}


class Quantity(NamedTuple):
    """A number, or an array of any shape, and its units."""

    value: float | np.ndarray
    units: str


def physical(
    response: xr.Dataset,
    tau: str | float | None = None,
    energy: str | float | None = None,
    length: str | float | None = None,
) -> xr.Dataset:
    """Accumulations of a response per nm and per V/m, those of moments in Bohr magnetons.

    Ribbons and wires have values per nm along x, slabs per nm^2, flakes those of the whole flake.
    The unit is mu_B for ``orbital_moment``, for ``orbital_angular_momentum`` (g = 1) and for
    ``spin`` (g = 2: hbar / 2 is one mu_B), electrons for ``charge``, and otherwise the density's
    own.  Signs are those of the package: values in mu_B have the sign of L and S, and the magnetic
    moment of electrons is minus that (see :mod:`accumulation.physical_units`).

    Parameters
    ----------
    response : dataset of :func:`accumulation.response`, or a grid of responses
    tau : relaxation time, a text such as ``"50 fs"`` or a number of seconds; without it the result
        has the interband part only
    energy, length : t0 and a of a response in natural units, texts such as ``"2.7 eV"`` and
        ``"2.46 angstrom"`` or numbers of eV and angstrom; needed for these only

    Returns
    -------
    Dataset with all accumulations (such as accumulation, net, even, odd, error), dimensions as
    before, both processes in the same units, and other energies in eV and lengths in angstrom

    Raises
    ------
    UserError
        If it is not a response, in natural units without both scales, in other units with one, or
        if tau, energy or length are not positive or have no known unit.
    """
    import xarray as xr

    names = _accumulations(response)
    if not names or "process" not in response.dims:
        raise UserError("response", kind_of(response), "the whole dataset that response() returns")
    scale = _scales(response, energy, length)
    kind = _kind(response)
    parts, chosen = _per_field(kind, scale), ["interband"]
    if tau is not None:
        rate = _positive("tau", tau, TIMES, "'50 fs', or seconds", LONGEST) / HBAR
        parts["intraband"] = rate * scale["t0"] * parts["interband"]
        chosen = [str(name) for name in response.process.values]
    result = response.sel(process=chosen).copy()
    factors = xr.DataArray([parts[name] for name in chosen], dims="process")
    for name in list(result.variables):
        units = result[name].attrs.get("units", "1")
        if name in names:
            size, text = _of_density(units.partition(_FIELD)[0], response.attrs["density"], scale)
            over = {"flake": "", "slab": " / nm^2"}.get(kind, " / nm")
            values, text = result[name] * (factors * size), f"{text}{over} / (V / m)"
            values = values.transpose(*result[name].dims)
        elif response.attrs.get("unit_system") != SYSTEM and result[name].dtype.kind == "f":
            values, text = result[name] * _size(_powers(units), scale), in_units(units, SYSTEM)
        else:
            continue
        attrs = {**result[name].attrs, "units": text}
        # Data only, as coordinates are converted in their own turn.
        result = result.assign({name: (values.dims, values.values, attrs)})
    for name, size in {"period": scale["a"], "midgap": scale["t0"]}.items():
        if name in result.attrs:
            result.attrs[name] = result.attrs[name] * size
    result.attrs["unit_system"] = SYSTEM
    given = {"tau": tau, "energy": energy, "length": length}
    result.attrs |= {name: str(value) for name, value in given.items() if value is not None}
    return result


def physical_conductivity(
    value: float | np.ndarray,
    of: str = "charge",
    thickness: str | float | None = None,
    energy: str | float | None = None,
    length: str | float | None = None,
) -> Quantity:
    """A Hall conductivity of the package, in e / h times the unit of what flows, in usual units.

    Without a thickness those of a plane: charge in e^2 / h, spin and orbital angular momentum in
    e / 2 pi; with one those of a solid, in S / cm and (hbar / e) S / cm.  A spin of 1/2 counts as
    hbar / 2, and an orbital moment as the angular momentum hbar per mu_B (g = 1).  Signs are kept.

    Parameters
    ----------
    value : number or array of any shape, as in the datasets of the theory ``hall``
    of : ``charge``, ``spin``, ``orbital_moment`` or ``orbital_angular_momentum``
    thickness : of a layer, a text such as ``"6.15 angstrom"`` or a number of angstrom
    energy, length : t0 and a, needed for an orbital moment only: texts such as ``"2.7 eV"`` and
        ``"2.46 angstrom"``, or numbers of eV and angstrom (both 1 where the model is in these)

    Returns
    -------
    Quantity with the value, of the shape that was given, and its units

    Raises
    ------
    UserError
        For another quantity, an orbital moment without energy and length, or a thickness, energy
        or length that is not positive or has no known unit.
    """
    if of not in _FLOWS:
        raise UserError("of", of, list(_FLOWS))
    size = _FLOWS[of]
    if of == "orbital_moment":
        a = _positive("length", length, LENGTHS, "'2.46 angstrom', or angstrom")
        size = _positive("energy", energy, ENERGIES, "'2.7 eV', or eV") * a**2 / HBAR2_OVER_2M
    charge = of == "charge"
    if thickness is None:
        return Quantity(value * size, "e^2 / h" if charge else "e / 2 pi")
    layer = 1e-8 * _positive("thickness", thickness, LENGTHS, "'6.15 angstrom', or angstrom")
    solid = value * (size * CONDUCTANCE / layer)
    return Quantity(solid, "S / cm" if charge else "(hbar / e) S / cm")


def _accumulations(response: xr.Dataset) -> list[str]:
    """Names of the variables of a response, or of a grid, that are accumulations."""
    variables = getattr(response, "data_vars", {})
    return [name for name, v in variables.items() if _FIELD in v.attrs.get("units", "")]


def _kind(response: xr.Dataset) -> str:
    """Kind of the system; of a grid it is in the parameters."""
    parameters = json.loads(response.attrs.get("parameters", "{}"))
    return response.attrs.get("kind") or parameters.get("geometry", {}).get("kind", "ribbon")


def _scales(response: xr.Dataset, energy: str | float | None, length: str | float | None) -> dict:
    """t0 in eV and a in angstrom; both are 1 of a response in these units."""
    given = {"energy": energy, "length": length}
    if response.attrs.get("unit_system", NATURAL) != NATURAL:
        for key, value in given.items():
            if value is not None:
                allowed = "nothing, as the response is in eV and angstrom already"
                raise UserError(key, value, allowed)
        return {"t0": 1.0, "a": 1.0, "eV": 1.0, "angstrom": 1.0}
    if energy is None or length is None:
        allowed = (
            "physical(response, energy='2.7 eV', length='2.46 angstrom') with t0 and a of the "
            "model, as the response is in natural units"
        )
        raise UserError("energy" if energy is None else "length", MISSING, allowed)
    return {
        "t0": _positive("energy", energy, ENERGIES, "'2.7 eV', or eV"),
        "a": _positive("length", length, LENGTHS, "'2.46 angstrom', or angstrom"),
    }


def _per_field(kind: str, scale: dict) -> dict[str, float]:
    """Interband unit of a density per nm (flake: whole, slab: per nm^2) in a field of 1 V/m.

    The response of a flake is e E a / t0, that per length e E / t0, that per area e E / (t0 a).
    """
    field = 1e-10 / scale["t0"]  # e x 1 V/m x 1 angstrom is 1e-10 eV
    sizes = {"flake": scale["a"], "slab": 1e2 / scale["a"]}
    return {"interband": field * sizes.get(kind, 10.0)}


def _of_density(units: str, density: str, scale: dict) -> tuple[float, str]:
    """Size of the unit of a density, and its name."""
    powers = _powers(units)
    named = Counter({{"eV": "t0", "angstrom": "a"}.get(n, n): p for n, p in powers.items()})
    if named == _MOMENT:
        return scale["t0"] * scale["a"] ** 2 / HBAR2_OVER_2M, "mu_B"
    if density.startswith("spin") and units == "hbar / 2":
        return 1.0, "mu_B"
    vector = re.search(r"\boperator=([LS])_[xyz]\b", density)
    if units == "hbar" and (vector or density.startswith("orbital_angular_momentum")):
        return (2.0 if vector and vector[1] == "S" else 1.0), "mu_B"
    if density == "charge":
        return 1.0, "electrons"
    return _size(powers, scale), in_units(units, SYSTEM)


def _powers(units: str) -> Counter[str]:
    """Exponent of each factor of ``numerator / denominator``."""
    powers: Counter[str] = Counter()
    for sign, part in zip((1, -1), units.split(" / "), strict=False):
        for factor in part.split():
            name, _, power = factor.partition("^")
            powers[name] += sign * int(power) if power.isdecimal() else sign
    return powers


def _size(powers: Counter[str], scale: dict) -> float:
    """A unit spelt with t0 and a, in eV and angstrom."""
    return float(np.prod([scale.get(name, 1.0) ** power for name, power in powers.items()]))


def _positive(key: str, value: object, units: dict, example: str, most: float = np.inf) -> float:
    """A number, or a text with a number and one of the units, in the unit whose size is 1."""
    allowed = f"a positive number with a unit ({', '.join(units)}), such as {example}"
    number, size = value, 1.0
    if isinstance(value, str):
        found = re.fullmatch(r"\s*([-+.\deE]+?)\s*([^\W\d]+)\s*", value)
        if not found or found[2] not in units:
            raise UserError(key, value, allowed)
        try:
            number, size = float(found[1]), units[found[2]]
        except ValueError:
            raise UserError(key, value, allowed) from None
    result = real(key, number, allowed) * size
    if not 0 < result <= most:
        raise UserError(key, Verbatim(repr(value)), allowed)
    return result
