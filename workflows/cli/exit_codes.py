"""How every command ends: the message for an error or an interruption, and the exit code.

0 success · 1 an error, or an incomplete result · 2 wrong usage · 128 + number of a signal: interrupted by it
(130 Ctrl-C, 143 SIGTERM, 129 SIGHUP, 141 the reader of the output has closed it). An error that a user can
act on is a message on stderr; any other error is a bug and keeps its traceback.
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
    """The group of commands, which turns errors and interruptions into messages and exit codes."""

    @override
    def make_context(self, *arguments: Any, **more: Any) -> Any:
        with errors_as_exit_codes():  # it prints help
            return super().make_context(*arguments, **more)

    @override
    def invoke(self, ctx: Any) -> Any:
        with errors_as_exit_codes():
            return super().invoke(ctx)


@contextmanager
def interruptible(summary: Callable[[], str]) -> Iterator[None]:
    """Around long work: if it is interrupted, print `summary`.

    It says what is done and how to continue.
    """
    try:
        yield
    except KeyboardInterrupt:
        err.print(Text(f"Interrupted. {summary()}", style="yellow"))
        raise


@contextmanager
def errors_as_exit_codes() -> Iterator[None]:
    """Turn errors and interruptions into a message and an exit code."""
    try:
        with _signals_interrupt():
            try:
                yield
            finally:
                sys.stdout.flush()  # here, where a failure can still be reported
    except BrokenPipeError as error:
        _discard_output()
        raise typer.Exit(128 + signal.SIGPIPE) from error
    except KeyboardInterrupt as error:
        raise typer.Exit(128 + getattr(error, "number", signal.SIGINT)) from error
    except (GluelineError, InvalidKey) as error:
        _fail(str(error), error)
    except OSError as error:
        _discard_output()
        _fail(_system_message(error), error)
    except Exception as error:
        if not _is_from_a_service(error):
            raise
        _fail(f"{error}", error)


def _fail(message: str, error: Exception) -> NoReturn:
    err.print(Text(message, style="red"), soft_wrap=True)  # a line stays a line in a pipe or a log
    raise typer.Exit(1) from error


def _system_message(error: OSError) -> str:
    """The message of the operating system, with the file if it is about one."""
    what = error.strerror or str(error)
    return f"{error.filename}: {what}" if error.filename else what


def _is_from_a_service(error: Exception) -> bool:
    """Whether AWS, or the connection to it, returned the error: its message is for the user."""
    from botocore.exceptions import BotoCoreError, ClientError
    from httpx import TransportError

    return isinstance(error, (BotoCoreError, ClientError, TransportError))


@contextmanager
def _signals_interrupt() -> Iterator[None]:
    """SIGTERM and SIGHUP end the program as Ctrl-C does; an ignored signal (nohup) stays ignored."""
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
    """Discard what is still buffered; otherwise the interpreter would report an error at exit."""
    with suppress(OSError, ValueError):  # in tests the output is not a file
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _raise_broken_pipe(self: Console) -> NoReturn:
    raise BrokenPipeError


# Rich would exit at once with exit code 1.
Console.on_broken_pipe = _raise_broken_pipe  # type: ignore[method-assign]
