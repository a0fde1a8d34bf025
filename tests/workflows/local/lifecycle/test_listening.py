"""The address of a stack is its own from the moment it is chosen."""

from __future__ import annotations

import pytest

from workflows.local.base.errors import StackError
from workflows.local.lifecycle import listening
from workflows.local.lifecycle.listening import listen, listen_again


def test_stacks_that_start_at_once_have_an_address_each() -> None:
    made = [listen() for _ in range(5)]

    assert len({one.getsockname() for one in made}) == 5
    for one in made:
        one.close()


def test_the_port_of_a_kept_stack_is_taken_again_or_missed() -> None:
    with listen() as first:
        port = first.getsockname()[1]
        with pytest.raises(StackError, match=rf"port {port} .* in use.*glueline down --yes"):
            listen_again(port)
    with listen_again(port) as again:
        assert again.getsockname() == ("127.0.0.1", port)


def test_with_no_free_port_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with listen() as only:
        monkeypatch.setattr(listening, "FIRST_PORT", only.getsockname()[1])
        monkeypatch.setattr(listening, "_PORTS", 1)
        with pytest.raises(StackError, match="No port from"):
            listen()
