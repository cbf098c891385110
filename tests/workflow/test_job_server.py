"""Jobs in forks of the job server do what jobs in processes of their own do, and end like them."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import xarray as xr

from accumulation.run import job_client, job_server, launch

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="jobs are forks on Linux only")
GEOMETRY = {"kind": "ribbon", "direction": [1, 0], "width": 3}
SPEC = {"model": {"name": "haldane", "delta": 0.5}, "geometry": GEOMETRY, "system": "a"}
# A user's own model, which says where it runs, and ends or stops at request.
MODEL = '''"""A model that tells of its process."""
import os, sys, time

from accumulation.models.haldane import haldane


def telling(mode="go"):
    with open("told", "w") as file:
        file.write(f"{os.getpid()} {os.environ['TOLD']} {'netCDF4' in sys.modules}")
    if mode == "wait":
        time.sleep(60)
    if mode == "die":
        os.kill(os.getpid(), 9)
    if mode == "fail":
        raise RuntimeError("no such crystal")
    return haldane(delta=0.5)
'''


@pytest.fixture
def server(tmp_path):
    """The server's process; the user's model is in the folder."""
    before = dict(os.environ)
    launch.prepare_jobs()
    (tmp_path / "telling.py").write_text(MODEL)
    job_server.start()
    process = job_server._server
    yield process
    process.stdin.close()
    assert process.wait(timeout=30) == 0
    os.environ.clear()
    os.environ.update(before)


def begun(folder, spec, out="model.nc", **environment) -> subprocess.Popen:
    command = [sys.executable, "-IS", job_client.__file__, "model", json.dumps(spec), "--out", out]
    everything = dict(os.environ) | {"TOLD": "here"} | environment
    return subprocess.Popen(command, cwd=folder, env=everything, stderr=subprocess.PIPE, text=True)


def run(folder, spec, out="model.nc", **environment) -> tuple[int, str]:
    process = begun(folder, spec, out, **environment)
    text = process.communicate(timeout=60)[1]
    return process.returncode, text


def telling(mode: str) -> dict:
    return SPEC | {"model": {"name": "telling", "mode": mode}}


def told(folder) -> tuple[int, str, bool]:
    number, word, imported = (folder / "told").read_text().split()
    return int(number), word, imported == "True"


def is_alive(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_job_of_the_server_writes_the_dataset_of_one_without(server, tmp_path):
    assert run(tmp_path, SPEC)[0] == 0
    assert run(tmp_path, SPEC, "alone.nc", **{job_client.SERVER: "gone"})[0] == 0
    with (
        xr.open_dataset(tmp_path / "model.nc") as forked,
        xr.open_dataset(tmp_path / "alone.nc") as alone,
    ):
        xr.testing.assert_identical(forked, alone)


def test_a_job_has_the_folder_environment_and_error_stream_of_its_client(server, tmp_path):
    code, text = run(tmp_path, telling("go"), TOLD="there")
    assert code == 0
    assert text.startswith("model: model.nc, ")
    number, word, imported = told(tmp_path)
    assert word == "there"
    assert imported  # before it began: of a process of its own, the model is read first
    assert number != server.pid
    again, _ = run(tmp_path, telling("go")), told(tmp_path)
    assert again[0] == 0
    assert told(tmp_path)[0] != number  # one process a job
    run(tmp_path, telling("go"), **{job_client.SERVER: "gone"})
    assert told(tmp_path)[1:] == ("here", False)


def test_a_job_that_fails_ends_as_one_without_the_server(server, tmp_path):
    for mode in ("fail", "unknown"):
        spec = telling(mode) if mode == "fail" else SPEC | {"model": {"name": "unknown"}}
        forked = run(tmp_path, spec)
        alone = run(tmp_path, spec, **{job_client.SERVER: "gone"})
        assert forked[0] == alone[0] == 1
        assert forked[1].splitlines()[-1] == alone[1].splitlines()[-1]
    assert run(tmp_path, telling("die"))[0] == 128 + signal.SIGKILL
    assert run(tmp_path, SPEC)[0] == 0  # the server is none the worse


def test_a_job_ends_with_the_process_that_asked_for_it(server, tmp_path):
    process = begun(tmp_path, telling("wait"))
    deadline = time.monotonic() + 60
    while not (tmp_path / "told").exists() or not (tmp_path / "told").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    number = told(tmp_path)[0]
    assert is_alive(number)
    process.kill()
    process.communicate()
    while is_alive(number):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_server_ends_with_the_run(server):
    server.stdin.close()
    assert server.wait(timeout=30) == 0
