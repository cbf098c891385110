"""What definitions refer to, as kept beside the compiled code, holds for the same source only."""

import importlib.util
import os
from pathlib import Path

import pytest

from accumulation.study import source_names

SOURCE = '''"""Docstring."""
from .other import one


def used(x):
    """Docstring."""
    return one(x)  # a comment


def other():
    return used(1)
'''


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of two modules in the place of ours."""
    monkeypatch.setattr(source_names, "ROOT", tmp_path)
    monkeypatch.setattr(source_names, "_circumstances", source_names._circumstances.__wrapped__)
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    (tmp_path / "some.py").write_text(SOURCE)
    (tmp_path / "other.py").write_text("def one(x):\n    return x\n")
    return tmp_path


def names():
    return source_names.names_of.__wrapped__("accumulation.some")


def kept(package) -> Path:
    return Path(importlib.util.cache_from_source(package / "some.py")).with_suffix(".names")


def test_what_is_kept_is_what_was_read(package, monkeypatch):
    first = names()
    assert kept(package).is_file()
    monkeypatch.setattr(source_names, "_Reader", None)  # no source is read again
    assert names() == first
    assert first.visit("other")[1] == [("accumulation.some", "used")]
    assert first.visit("used")[1] == [("accumulation.other", "one")]
    assert "Docstring" not in first.visit("used")[0]


def test_an_edit_is_read_though_its_file_is_as_long_and_as_old(package):
    names()
    path = package / "some.py"
    date = path.stat().st_mtime_ns
    path.write_text(SOURCE.replace("used(1)", "used(2)"))
    os.utime(path, ns=(date, date))
    assert "value=2" in names().visit("other")[0]


def test_a_new_module_changes_what_an_import_is(package):
    assert names().visit("one") == ("", [("accumulation.other", "one")])
    (package / "other.py").unlink()
    (package / "other").mkdir()
    for name in ("__init__", "one"):
        (package / "other" / f"{name}.py").write_text("")
    assert names().visit("one") == ("", [("accumulation.other.one", None)])


@pytest.mark.parametrize("damage", [b"", b"\0", b"i\1\0\0\0", b"(\0\0\0\0", None])
def test_damaged_files_are_written_anew(package, damage):
    first = names()
    path = kept(package)
    whole = path.read_bytes()
    path.write_bytes(whole[:-9] if damage is None else damage)
    assert names() == first
    assert path.read_bytes() == whole


def test_a_folder_that_cannot_be_written_to_is_left_alone(package):
    (package / "__pycache__").write_text("no folder")
    assert names().visit("used")[1] == [("accumulation.other", "one")]
    assert (package / "__pycache__").read_text() == "no folder"


def test_nothing_is_written_where_python_writes_nothing(package, monkeypatch):
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    assert names().visit("used")[1] == [("accumulation.other", "one")]
    assert not (package / "__pycache__").exists()
