"""Imports Great Expectations without what only its expectations about distributions need.

It imports SciPy's statistics and Altair, which take a third of the time, when it is imported itself. Both are
imported on their first use instead.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

_LATER = ("scipy.stats", "altair")


class _Later(ModuleType):
    """Stands for a module, and imports it on first use of one of its names."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # asked by the import system
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(import_module(self.__name__), name)


def _import() -> None:
    standing = {name: _Later(name) for name in _LATER if name not in sys.modules}
    sys.modules.update(standing)
    try:
        import_module("great_expectations")
    finally:
        for name, module in standing.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]


_import()
