"""The command line as a whole."""

from importlib.metadata import version

from tests.workflows.cli.calling import call


def test_the_version_is_that_of_the_package() -> None:
    result = call("--version")

    assert (result.exit_code, result.stdout) == (0, f"glueline {version('glueline')}\n")


def test_the_help_lists_every_command_in_the_order_of_use() -> None:
    shown = call("--help").stdout

    names = ("up", "down", "status", "deploy", "run", "send", "query", "history", "token", "parity")
    positions = [shown.index(f"│ {name} ") for name in names]
    assert positions == sorted(positions)
