"""How every command ends: what is said of an error or an interruption, and the exit code.

0 success · 1 an error, or an incomplete answer · 2 wrong usage · 128 + number of a signal: interrupted by it
(130 Ctrl-C, 143 SIGTERM, 129 SIGHUP, 141 the reader of the output has gone). An error a user can act on is a
message on stderr; anything else is a bug and keeps its traceback.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, NoReturn, override

import typer
from rich.console import Console
from rich.text import Text
from typer.core import TyperGroup

from expectations.keys import InvalidKey
from expectations.problems import GluelineError
from workflows.cli.printing import err

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_INTERRUPTS: Final = (signal.SIGTERM, signal.SIGHUP)


class Interrupted(KeyboardInterrupt):
    """Raised in the main thread by a signal that ends the program, so that it cleans up as after Ctrl-C."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


class Commands(TyperGroup):
    """The commands, with one answer to whatever ends them."""

    @override
    def make_context(self, *arguments: Any, **more: Any) -> Any:
        with ending_plainly():  # prints help
            return super().make_context(*arguments, **more)

    @override
    def invoke(self, ctx: Any) -> Any:
        with ending_plainly():
            return super().invoke(ctx)


@contextmanager
def interruptible(told: Callable[[], str]) -> Iterator[None]:
    """Around long work: if it is interrupted, print what `told` says is done, and how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        err.print(Text(f"Interrupted. {told()}", style="yellow"))
        raise


@contextmanager
def ending_plainly() -> Iterator[None]:
    """Turn what ends a command into a message and an exit code."""
    try:
        with _signals_interrupt():
            try:
                yield
            finally:
                sys.stdout.flush()  # here, where a failure can be told
    except BrokenPipeError as error:
        _discard_output()
        raise typer.Exit(128 + signal.SIGPIPE) from error
    except KeyboardInterrupt as error:
        raise typer.Exit(128 + getattr(error, "number", signal.SIGINT)) from error
    except (GluelineError, InvalidKey) as error:
        _fail(str(error), error)
    except OSError as error:
        _discard_output()
        _fail(_told_by_the_system(error), error)
    except Exception as error:
        if not _comes_from_a_service(error):
            raise
        _fail(f"{error}", error)


def _fail(message: str, error: Exception) -> NoReturn:
    err.print(Text(message, style="red"))
    raise typer.Exit(1) from error


def _told_by_the_system(error: OSError) -> str:
    """The system's own words, with the file if it is about one."""
    what = error.strerror or str(error)
    return f"{error.filename}: {what}" if error.filename else what


def _comes_from_a_service(error: Exception) -> bool:
    """Whether AWS, or the way there, said no: its message is for the user."""
    from botocore.exceptions import BotoCoreError, ClientError
    from httpx import TransportError

    return isinstance(error, (BotoCoreError, ClientError, TransportError))


@contextmanager
def _signals_interrupt() -> Iterator[None]:
    """SIGTERM and SIGHUP end the program as Ctrl-C does; a signal that is ignored (nohup) stays ignored."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _INTERRUPTS}

    def interrupt(number: int, _: object) -> None:
        raise Interrupted(number)

    for number, handler in before.items():
        if handler is signal.SIG_DFL:
            signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _discard_output() -> None:
    """Send what is still buffered nowhere: the interpreter would complain of it at its end."""
    with suppress(OSError, ValueError):  # in tests the output is no file
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _raise_broken_pipe(self: Console) -> NoReturn:
    raise BrokenPipeError


# Rich would end the program with exit code 1 here and now.
Console.on_broken_pipe = _raise_broken_pipe  # type: ignore[method-assign]
