"""The port of the embedded AWS: a socket that `up` opens and the emulator inherits.

So no other program, and no other stack that starts at the same time, can come to answer at that address.
"""

from __future__ import annotations

import contextlib
import socket
from typing import Final

from workflows.local.base.errors import StackError

HOST: Final = "127.0.0.1"
FIRST_PORT: Final = 4566
_PORTS: Final = 100
_BACKLOG: Final = 1024


def listen() -> socket.socket:
    """A socket that listens on the loopback, at the first free port. Raises StackError if there is none."""
    ports = range(FIRST_PORT, FIRST_PORT + _PORTS)
    for port in ports:
        with contextlib.suppress(OSError):
            return _listen_at(port)
    raise StackError(f"No port from {ports[0]} to {ports[-1]} is free on {HOST}.")


def listen_again(port: int) -> socket.socket:
    """A socket that listens where a stack that was kept has listened. Raises StackError if that is taken."""
    try:
        return _listen_at(port)
    except OSError as error:
        raise StackError(
            f"Expected the port {port} of the stack that was kept, got: {error.strerror}. End what listens "
            f"there (another stack?), or delete what was kept: glueline down --yes."
        ) from error


def _listen_at(port: int) -> socket.socket:
    made = socket.socket()
    try:
        # Also where a stack has just ended; two that listen at once are refused all the same.
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((HOST, port))
        made.listen(_BACKLOG)
    except OSError:
        made.close()
        raise
    return made
