"""What a job's script imports: itself, in the modules that it imports, and in their functions."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
OURS = ("expectations", "jobs", "lambdas", "workflows")


def imported_by(script: Path) -> tuple[set[str], set[str]]:
    """Our modules that the script reaches, and the modules of others that it or they import.

    `if TYPE_CHECKING` is passed over, and the standard library is left out.
    """
    ours, others, todo = set[str](), set[str](), [script]
    while todo:
        for name in _names(todo.pop()):
            module = _module(name)
            if module and module not in ours:
                ours.add(module)
                todo.append(_file(module))
            elif not module and name.partition(".")[0] not in sys.stdlib_module_names:
                others.add(name)
    return ours, others


def _names(source: Path) -> Iterator[str]:
    """The imported names: `a.b.c` for `from a.b import c`."""
    todo: list[ast.AST] = [ast.parse(source.read_text())]
    while todo:
        node = todo.pop()
        match node:
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                todo += node.orelse
            case ast.ImportFrom(module=str(module)):
                yield from (f"{module}.{alias.name}" for alias in node.names)
            case ast.Import():
                yield from (alias.name for alias in node.names)
            case _:
                todo += ast.iter_child_nodes(node)


def _module(name: str) -> str | None:
    """The module of ours that a name is, or is in; None for names of others."""
    while name.partition(".")[0] in OURS:
        if _file(name).is_file():
            return name
        name = name.rpartition(".")[0]
    return None


def _file(module: str) -> Path:
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
