"""The commands that a test sends to the JVM."""

from typing import Any

import pytest
from py4j.java_gateway import GatewayClient  # type: ignore[import-untyped]
from py4j.protocol import MEMORY_COMMAND_NAME  # type: ignore[import-untyped]


def commands_of(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A list of all commands from now on, to which each is added as it is sent."""
    commands: list[str] = []
    send = GatewayClient.send_command

    def noting(self: Any, command: str, *arguments: Any, **named: Any) -> Any:
        if not command.startswith(MEMORY_COMMAND_NAME):  # of objects that Python has dropped, at any time
            commands.append(command)
        return send(self, command, *arguments, **named)

    monkeypatch.setattr(GatewayClient, "send_command", noting)
    return commands
