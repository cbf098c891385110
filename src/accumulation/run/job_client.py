"""One job, in a fork of the job server if there is one, else in this process.

``python -IS job_client.py STAGE SPEC ...`` is ``python -m accumulation STAGE SPEC ...`` otherwise.
As it starts once a job, it is a script that imports only a little of the standard library.
"""

import json
import os
import signal
import socket
import sys

SERVER = "ACCUMULATION_JOB_SERVER"  # the name of the server's socket, without its leading NUL
ACCEPTED = b"+"


def main(arguments: list[str]) -> int:
    """Run the job and return its exit code."""
    code = _run_by_server(arguments) if SERVER in os.environ else None
    if code is None:
        os.execv(sys.executable, [sys.executable, "-m", "accumulation", *arguments])
    return code


def _run_by_server(arguments: list[str]) -> int | None:
    """Exit code of the job, None if the server has not accepted it."""
    request = {"arguments": arguments, "folder": os.getcwd(), "environment": dict(os.environ)}
    content = json.dumps(request).encode()
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect("\0" + os.environ[SERVER])
            socket.send_fds(connection, [len(content).to_bytes(8, "big")], [0, 1, 2])
            connection.sendall(content)
            if connection.recv(1) != ACCEPTED:
                return None
        except OSError:
            return None
        code = connection.recv(1)
    return code[0] if code else 128 + signal.SIGKILL  # it was killed


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
