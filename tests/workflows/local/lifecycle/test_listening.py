"""The address of a stack is its own from the moment when it is chosen."""

import pytest

from workflows.local.base.errors import StackError
from workflows.local.lifecycle import listening
from workflows.local.lifecycle.listening import listen, listen_again


def test_stacks_that_start_at_the_same_time_have_different_addresses() -> None:
    sockets = [listen() for _ in range(5)]

    assert len({one.getsockname() for one in sockets}) == 5
    for one in sockets:
        one.close()


def test_the_port_of_a_kept_stack_is_used_again_and_an_error_if_it_is_in_use() -> None:
    with listen() as first:
        port = first.getsockname()[1]
        with pytest.raises(StackError, match=rf"port {port} .* in use.*glueline down --yes"):
            listen_again(port)
    with listen_again(port) as again:
        assert again.getsockname() == ("127.0.0.1", port)


def test_an_error_says_that_no_port_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    with listen() as only:
        monkeypatch.setattr(listening, "FIRST_PORT", only.getsockname()[1])
        monkeypatch.setattr(listening, "_PORTS", 1)
        with pytest.raises(StackError, match="No port from"):
            listen()
