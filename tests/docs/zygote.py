"""``ostiary`` without the second that it takes to begin: a process that forks for each command.

Run as ``python -m tests.docs.zygote SOCKET``. ``SHIM`` is the program that stands for ``ostiary``:
it hands over its arguments, environment and standard streams, and exits as the command does.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from typing import Final

from ostiary.cli import app, call

SHIM: Final = """\
#!{python} -SE
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as zygote:
    zygote.connect({path!r})
    wanted = [sys.argv[1:], os.getcwd(), dict(os.environ)]
    socket.send_fds(zygote, [json.dumps(wanted).encode()], [0, 1, 2])
    zygote.shutdown(socket.SHUT_WR)
    sys.exit(int(zygote.recv(8) or 1))
"""
_LARGEST: Final = 1 << 20


def main(path: str) -> None:
    """Fork for each command that comes, until this process is ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    app.resolved_commands()  # loads them all, once
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        print("It listens.", flush=True)
        while True:
            connection, _ = listener.accept()
            with connection:
                if os.fork() == 0:
                    listener.close()
                    _run(connection)


def _run(connection: socket.socket) -> None:
    """Be the command: with the streams, directory and environment of whoever called it."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    message, streams, _, _ = socket.recv_fds(connection, _LARGEST, 3)
    while more := connection.recv(_LARGEST):
        message += more
    for target, stream in enumerate(streams):
        os.dup2(stream, target)
        os.close(stream)
    arguments, directory, environment = json.loads(message)
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(environment)
    code = call(arguments)
    sys.stdout.flush()
    sys.stderr.flush()
    connection.sendall(str(code).encode())
    os._exit(code)


if __name__ == "__main__":
    main(sys.argv[1])
