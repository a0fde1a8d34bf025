"""Rooms: each folder says in its `__init__` what it is for and what it imports, and arrows form no circle."""

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("expectations", "lambdas", "jobs", "workflows")
ROOMS = {
    ".".join(init.parent.relative_to(ROOT).parts): init.parent
    for package in PACKAGES
    for init in sorted(ROOT.glob(f"{package}/**/__init__.py"))
    if not any(part.startswith(".") for part in init.relative_to(ROOT).parts)
}


def imported_modules(source: Path) -> Iterator[str]:
    """The names that a file imports, those of `if TYPE_CHECKING` and of functions included."""
    for node in ast.walk(ast.parse(source.read_text())):
        match node:
            case ast.ImportFrom(module=str(module)):
                yield from (f"{module}.{alias.name}" for alias in node.names)
            case ast.Import():
                yield from (alias.name for alias in node.names)


def room_of(name: str) -> str | None:
    """The room of an imported name: a module, what is in one, or what a room itself gives."""
    while name and name not in ROOMS:
        is_module = (ROOT / name.replace(".", "/")).with_suffix(".py").exists()
        name = name.rpartition(".")[0]
        if is_module:
            return name
    return name or None


def arrows(room: str) -> set[str]:
    """The rooms that a room's modules import. `__main__` is an entry point, not a part of its room."""
    modules = (module for module in ROOMS[room].glob("*.py") if module.name != "__main__.py")
    rooms = {room_of(name) for module in modules for name in imported_modules(module)}
    return {other for other in rooms if other is not None and other != room}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_what_it_is_for_and_what_it_imports(room: str) -> None:
    doc = ast.get_docstring(ast.parse((ROOMS[room] / "__init__.py").read_text())) or ""
    purpose, _, imports = doc.partition("\n\nImports ")

    assert purpose, f"{room}/__init__.py has no docstring"
    assert set(re.findall(r"`([\w.]+)`", imports)) == arrows(room)


def test_the_arrows_between_rooms_form_no_circle() -> None:
    TopologicalSorter({room: arrows(room) for room in ROOMS}).prepare()


def modules_of(room: str) -> list[Path]:
    return [module for module in ROOMS[room].glob("*.py") if module.stem not in ("__init__", "__main__")]


def module_of(name: str) -> Path | None:
    """The module of an imported name: itself, or the one that it is in."""
    for one in (name, name.rpartition(".")[0]):
        if (file := (ROOT / one.replace(".", "/")).with_suffix(".py")).is_file():
            return file
    return None


def test_the_arrows_between_modules_form_no_circle() -> None:
    imports = {
        module: {other for name in imported_modules(module) if (other := module_of(name)) is not None}
        for room in ROOMS
        for module in modules_of(room)
    }

    TopologicalSorter(imports).prepare()


# Modules without a test file of their name, and what tests them.
TESTED_ELSEWHERE = {
    "jobs/reading/received.py": "one constant",
    "workflows/deploy/errors.py": "one class without behaviour",
    "workflows/local/base/errors.py": "one class without behaviour",
    "workflows/local/glue/errors.py": "tests/workflows/local/glue/test_api.py",
    "workflows/local/spark/warmup.py": "tests/workflows/local/lifecycle/test_small_stack.py",
    "workflows/query/dialect/errors.py": "one class without behaviour",
    **{
        f"workflows/query/dialect/{name}.py": "tests/workflows/query/dialect/test_answers.py"
        for name in ("aggregates", "casts", "clauses", "functions", "nested", "numbers", "texts", "times")
    },
}


def test_each_module_has_a_test_file_of_its_name() -> None:
    modules = [module.relative_to(ROOT) for room in ROOMS for module in modules_of(room)]
    without = {
        str(module)
        for module in modules
        if not (ROOT / "tests" / module.parent / f"test_{module.name}").exists()
    }

    assert without == TESTED_ELSEWHERE.keys()


def test_nothing_imports_an_entry_script() -> None:
    scripts = {f"jobs.{script.stem}" for script in (ROOT / "jobs").glob("*.py")} - {"jobs.__init__"}
    importing = {
        (str(module.relative_to(ROOT)), name)
        for folder in ROOMS.values()
        for module in folder.glob("*.py")
        for name in imported_modules(module)
        if any(name == script or name.startswith(f"{script}.") for script in scripts)
    }

    assert importing == set()
