"""Files that another program has written anew: attributes may change, numbers may not."""

import os
import random
import subprocess
from pathlib import Path

import netCDF4
import numpy as np
import pytest
import xarray as xr
from workflow_study import SERVER

import accumulation as acc
from accumulation.datasets import files
from accumulation.datasets import seals as sealing
from accumulation.errors import UserError


def every_stage() -> dict[str, xr.Dataset]:
    ribbon = acc.haldane(t2=0.1, phi=0.7, delta=0.8).ribbon((1, 1), 3)
    bands = acc.bands(ribbon, k=10)
    elements = acc.elements(ribbon, bands, definition=["band", "local"], gauge=["atomic", "cell"])
    response = acc.response(elements, [0.0, 0.1], [0.0, 0.02])
    # What a tile holds: NaN, flags, texts, numbers without dimensions.
    tile = xr.Dataset(
        {
            "point_key": ("point", np.array(["0a", "1b"])),
            "net": ("point", [np.nan, -0.0]),
            "status": ("point", np.array([1, 2], dtype=np.int8)),
            "known": ("point", [True, False]),
            "midgap": ((), 0.25),
            "residual": ((), 1e-9, {"bound": 1e-8, "must_be": "at most"}),
        }
    )
    return {
        "model": acc.model(ribbon), "bands": bands, "elements": elements, "response": response,
        "tile": tile,
    }  # fmt: skip


STAGES = every_stage()


@pytest.fixture
def readers(monkeypatch):
    """The process that reads an edited file is a fork of one that has the libraries."""
    real = subprocess.run

    def run(command, env, timeout, **options):
        if command[1] != "-c":
            return real(command, env=env, timeout=timeout, **options)
        return SERVER.run(command[2:], Path(os.getcwd()), dict(env), timeout, module="-c")

    monkeypatch.setattr(sealing.subprocess, "run", run)


FORKED = pytest.mark.usefixtures("readers")


def edited_in_place(path):
    """As ncatted does."""
    with netCDF4.Dataset(path, "a") as file:
        file.setncattr("comment", "mine")
        file.setncattr("title", "another " * 50)
        for variable in file.variables.values():
            variable.setncattr("long_name", "renamed")


def rewritten(path, **options):
    with xr.open_dataset(path) as ds:
        ds.load()
    variables = [name for name in ds.variables if ds[name].ndim]
    encoding = {name: options for name in variables if ds[name].dtype.kind in "fi"}
    for name in ds.variables:
        ds[name].encoding.clear()
        ds[name].attrs.pop("units", None)
    ds.attrs["history"] = "edited"
    reversed_ = {name: ds[name] for name in sorted(ds.data_vars, reverse=True)}
    reordered = xr.Dataset(reversed_, ds.coords, ds.attrs)
    reordered.to_netcdf(path, encoding=encoding)


def compressed(path):
    rewritten(path, zlib=True)


def classic(path):
    with xr.open_dataset(path) as ds:
        ds.load()
    for name in ds.variables:
        ds[name].encoding.clear()
    ds.to_netcdf(path, format="NETCDF3_CLASSIC")


EDITS = [(stage, edit) for stage in STAGES for edit in (edited_in_place, compressed)]


@FORKED
@pytest.mark.parametrize(("stage", "edit"), [*EDITS, ("tile", rewritten), ("tile", classic)])
def test_edited_attributes_are_accepted(stage, edit, tmp_path):
    path = tmp_path / "stage.nc"
    files.write(STAGES[stage], path)
    before = path.read_bytes()
    edit(path)
    assert sealing.state(path) == sealing.EDITED
    assert path.read_bytes() != before
    found = files.read(path, set_aside=True)
    assert set(found.variables) == set(STAGES[stage].variables)
    for name, variable in STAGES[stage].variables.items():
        np.testing.assert_array_equal(found[name].values, variable.values)
        assert found[name].dims == variable.dims


def value(name, new):
    def edit(path):
        with netCDF4.Dataset(path, "a") as file:
            file[name][0] = new

    return edit


def attribute(variable, name, new):
    def edit(path):
        with netCDF4.Dataset(path, "a") as file:
            (file[variable] if variable else file).setncattr(name, new)

    return edit


def one_more(path):
    with netCDF4.Dataset(path, "a") as file:
        file.createVariable("mine", "f8", ("point",))[:] = 1


def rounded(path):
    with xr.open_dataset(path) as ds:
        ds.load()
    ds.assign(midgap=ds.midgap + 1e-9).to_netcdf(path)


FAULTS = {
    "a value": ("tile", value("net", 0.5)),
    "not a number": ("bands", value("energy", np.nan)),
    "a sign": ("tile", value("net", 0.0)),
    "a flag": ("tile", value("status", 3)),
    "a key": ("tile", value("point_key", "0c")),
    "the last digits": ("tile", rounded),
    "a variable": ("tile", one_more),
    "the bound of an identity": ("tile", attribute("residual", "bound", 1.0)),
    "the period": ("model", attribute(None, "period", 2.0)),
    "the density": ("elements", attribute(None, "density", "charge")),
    "the system": ("bands", attribute(None, "fingerprint", "0123456789ab")),
    "no hash": ("tile", attribute(None, sealing.NUMBERS, "")),
}


@FORKED
@pytest.mark.parametrize("name", FAULTS)
def test_other_numbers_are_refused_with_what_they_are(name, tmp_path):
    stage, edit = FAULTS[name]
    path = tmp_path / "stage.nc"
    files.write(STAGES[stage], path)
    edit(path)
    with pytest.raises(UserError, match=r"another program wrote.*attributes may be edited.*delete"):
        files.read(path)
    with pytest.raises(UserError, match="set aside"):
        files.read(path, set_aside=True)
    assert not path.exists()


@FORKED
def test_edited_and_then_damaged_file_never_gives_other_numbers(tmp_path):
    """The library that might not come back reads it in another process."""
    path, draw = tmp_path / "stage.nc", random.Random(3)
    files.write(STAGES["tile"], path)
    edited_in_place(path)
    content = path.read_bytes()
    for place in [draw.randrange(64, len(content)) for _ in range(12)]:
        some = bytearray(content)
        some[place : place + 16] = draw.choice([bytes(16), b"\xff" * 16, draw.randbytes(16)])
        path.write_bytes(bytes(some[: len(content)]))
        try:
            found = files.read(path)
        except UserError:
            continue
        for name, variable in STAGES["tile"].variables.items():
            np.testing.assert_array_equal(found[name].values, variable.values)


def test_an_edited_file_is_read_by_a_process_of_its_own(tmp_path):
    """As the tests above, in which that process is a fork: what is accepted and what is refused."""
    path = tmp_path / "stage.nc"
    files.write(STAGES["tile"], path)
    edited_in_place(path)
    assert sealing.state(path) == sealing.EDITED
    value("net", 0.5)(path)
    assert sealing.state(path) == sealing.OTHER_NUMBERS


def test_a_reader_that_does_not_come_back_is_ended(tmp_path, monkeypatch):
    path = tmp_path / "stage.nc"
    files.write(STAGES["tile"], path)
    edited_in_place(path)
    monkeypatch.setattr(sealing, "PATIENCE", -1.0)
    with pytest.raises(UserError, match="truncated or damaged"):
        files.read(path)


def test_sound_and_truncated_files_start_no_process(tmp_path, monkeypatch):
    monkeypatch.setattr(sealing, "_compared_elsewhere", lambda *_: pytest.fail("a process"))
    path = tmp_path / "stage.nc"
    files.write(STAGES["bands"], path)
    assert sealing.state(path) == sealing.INTACT
    content = path.read_bytes()
    for end in (0, 10, 60, 1000, len(content) // 2, len(content) - 60, len(content) - 1):
        path.write_bytes(content[:end])
        assert sealing.state(path) == sealing.DAMAGED
    path.write_bytes(content[:-1] + b"x")
    assert sealing.state(path) == sealing.DAMAGED
