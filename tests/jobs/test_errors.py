"""Errors of the jobs: one base, and a class that says whether a retry helps."""

import ast
import inspect
from importlib import import_module
from pathlib import Path

import pytest

from expectations.problems import GluelineError

ROOT = Path(__file__).parents[2]


def modules() -> list[str]:
    """The modules of `jobs` that define a class derived from another."""
    return [
        ".".join(source.relative_to(ROOT).with_suffix("").parts)
        for source in sorted((ROOT / "jobs").glob("**/*.py"))
        if any(isinstance(node, ast.ClassDef) and node.bases for node in ast.parse(source.read_text()).body)
    ]


@pytest.mark.parametrize("module", modules())
def test_every_error_derives_from_the_base_and_says_when_it_is_raised(module: str) -> None:
    """An error whose name begins with an underscore never leaves its module."""
    for name, value in inspect.getmembers(import_module(module), inspect.isclass):
        is_error = value.__module__ == module and issubclass(value, BaseException)
        if is_error and not name.startswith("_"):
            assert issubclass(value, GluelineError), name
            assert (value.__doc__ or "").startswith("Raised "), name
