"""A Slurm cluster of one node, started by hand: no systemd, no accounting database."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TextIO

PACKAGES = ("slurm-wlm", "munge")
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch")
# Jobs start further clients of Slurm without SLURM_CONF, so the file cannot be anywhere else.
CONFIGURATION = Path("/etc/slurm/slurm.conf")
MARK = "# Written by a test of accumulation, which removes it, for the cluster in "
PARTITION = "check"
# slurmstepd looks once a second and kills what holds more memory than it asked for.
TEMPLATE = """{mark}{folder}
ClusterName=check
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
KillWait=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc={folder}/jobs.txt
NodeName=localhost NodeHostname={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory}
PartitionName={partition} Nodes=localhost Default=YES MaxTime=INFINITE State=UP
"""


class Unusable(Exception):
    """Why no cluster can be had on this machine."""


def find(program: str) -> str | None:
    """The path of a program, also of one that only root has on the PATH."""
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def prepare() -> None:
    """Make sure that a cluster can be started, installing Slurm if it is missing.

    Only in CI, or where it has been asked for: it takes two minutes and starts daemons as root.

    Raises
    ------
    Unusable
        If it cannot.
    """
    if not (os.environ.get("CI") or os.environ.get("ACCUMULATION_SLURM") == "1"):
        raise Unusable("Slurm is tried in CI only; ACCUMULATION_SLURM=1 starts it here too")
    if os.geteuid() != 0:
        raise Unusable("starting Slurm's daemons needs root")
    if CONFIGURATION.exists():
        first = CONFIGURATION.read_text().partition("\n")[0]
        if not first.startswith(MARK):
            raise Unusable(f"{CONFIGURATION} belongs to another cluster")
        with CONFIGURATION.open() as held:
            if not lock(held):
                raise Unusable("another check is running")
        shut_down(Path(first.removeprefix(MARK)))  # that of a check that was killed
    if not all(map(find, PROGRAMS)):
        install()


def install() -> None:
    """Install Slurm with apt-get; gives up within seconds where there is no network."""
    if not find("apt-get"):
        raise Unusable("Slurm is not installed, and there is no apt-get to install it with")
    options = [f"-oAcquire::{key}" for key in ("Retries=0", "http::Timeout=5", "https::Timeout=5")]
    steps = {
        30: ("update", "-oAPT::Update::Error-Mode=any"),
        300: ("install", "--yes", "--no-install-recommends", *PACKAGES),
    }
    for limit, arguments in steps.items():
        done = run("apt-get", *options, *arguments, timeout=limit, DEBIAN_FRONTEND="noninteractive")
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["it took too long"])[-1]
            raise Unusable(f"apt-get {arguments[0]} failed: {last}")


def run(*command: str, timeout: float = 20, **variables: str) -> subprocess.CompletedProcess:
    """Run a command to its end, or for ``timeout`` seconds at most."""
    command = (find(command[0]) or command[0], *command[1:])
    environment = os.environ | variables
    try:
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=timeout
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 124, "", "")


class Cluster:
    """Starts the daemons on entry, and stops them on exit whatever has happened."""

    def __enter__(self) -> Cluster:
        self.folder = Path(tempfile.mkdtemp(prefix="accumulation-slurm-"))
        try:
            self._configure()
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_) -> None:
        shut_down(self.folder)

    def _configure(self) -> None:
        self.folder.chmod(0o755)  # munge's socket must be open to all
        for name in ("state", "spool"):
            (self.folder / name).mkdir()
        # Ports of one's own: a default one may be taken.
        with socket.socket() as one, socket.socket() as other:
            one.bind(("127.0.0.1", 0))
            other.bind(("127.0.0.1", 0))
            ports = [one.getsockname()[1], other.getsockname()[1]]
        pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        CONFIGURATION.parent.mkdir(parents=True, exist_ok=True)
        CONFIGURATION.write_text(
            TEMPLATE.format(
                mark=MARK,
                host=socket.gethostname().split(".")[0],
                controller_port=ports[0],
                node_port=ports[1],
                folder=self.folder,
                cpus=os.cpu_count(),
                memory=int(0.9 * pages / 2**20),
                partition=PARTITION,
            )
        )
        self._held = CONFIGURATION.open()  # until this process ends, however it does
        lock(self._held)

    def _start(self) -> None:
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        files = {
            "socket": "munge.socket",
            "key-file": key.name,
            "pid-file": "munged.pid",
            "log-file": "munged.log",
            "seed-file": "munged.seed",
        }
        daemons = {
            "munged": [f"--{option}={self.folder / name}" for option, name in files.items()],
            "slurmctld": [],
            "slurmd": ["-N", "localhost"],
        }
        for daemon, arguments in daemons.items():
            done = run(daemon, *arguments)
            if done.returncode:
                raise RuntimeError(f"{daemon} does not start: {done.stderr}")
        deadline = time.monotonic() + 30
        while (state := run("sinfo", "--noheader", "--format=%t").stdout.strip()) != "idle":
            if time.monotonic() > deadline:
                log = (self.folder / "slurmctld.log").read_text()
                raise RuntimeError(f"the node is {state!r}, not idle:\n{log}")
            time.sleep(0.2)

    def jobs(self) -> list[dict[str, str]]:
        """What Slurm itself has written down of every job that has ended, in that order."""
        record = self.folder / "jobs.txt"
        lines = record.read_text().splitlines() if record.exists() else []
        return [dict(re.findall(r"(\w+)=(\S*)", line)) for line in lines]


def lock(file: TextIO) -> bool:
    """Hold an open file; False if another process does."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def shut_down(folder: Path) -> None:
    """End the jobs and the daemons of the cluster in ``folder``, and remove its files."""
    if CONFIGURATION.exists() and CONFIGURATION.read_text().startswith(f"{MARK}{folder}\n"):
        run("scancel", "--partition", PARTITION)
        CONFIGURATION.unlink()
    for daemon in ("slurmd", "slurmctld", "munged"):
        stop(folder / f"{daemon}.pid", daemon)
    shutil.rmtree(folder, ignore_errors=True)


def stop(pid_file: Path, daemon: str) -> None:
    """End the daemon that wrote a pid file, at first politely."""
    try:
        pid = int(pid_file.read_text())
    except (OSError, ValueError):  # it has not started, or has ended by itself
        return
    for sign in (signal.SIGTERM, signal.SIGKILL):
        if not is_running(pid, daemon):
            return
        os.kill(pid, sign)
        deadline = time.monotonic() + 10
        while is_running(pid, daemon) and time.monotonic() < deadline:
            time.sleep(0.05)


def is_running(pid: int, daemon: str) -> bool:
    """Whether a process is that daemon: the number may be another's by now."""
    try:
        return daemon in Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return False
