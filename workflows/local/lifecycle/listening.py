"""The socket of the embedded AWS: `up` opens it and the emulator inherits it.

So no other program, and no other stack that starts at the same time, can listen at that address.
"""

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
    """A socket that listens at the port of a kept stack. Raises StackError if the port is in use."""
    try:
        return _listen_at(port)
    except OSError as error:
        raise StackError(
            f"Expected port {port} of the kept stack to be free, got: {error.strerror}. End the program that "
            "listens there (another stack?), or delete the kept stack: glueline down --yes."
        ) from error


def _listen_at(port: int) -> socket.socket:
    listening = socket.socket()
    try:
        # Allows a port whose stack has just ended; two sockets can still not listen at once.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((HOST, port))
        listening.listen(_BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening
