"""The parts of a deployment that a user knows, each with a digest: datasets, functions, jobs, the template.

Compared with the parts of the last deployment, they say what the next one has to deploy.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from workflows.local.base.home import Home

KINDS: Final = ("datasets", "functions", "jobs")


@dataclass(frozen=True, slots=True)
class Parts:
    """Digests by name. `runtime` is what a running stack can't replace: it takes effect at the next start."""

    datasets: Mapping[str, str] = field(default_factory=dict)
    functions: Mapping[str, str] = field(default_factory=dict)
    jobs: Mapping[str, str] = field(default_factory=dict)
    template: str = ""
    runtime: str = ""

    def write(self, home: Home) -> None:
        """Record that these parts are deployed, as the last step of a deployment."""
        written = home.parts_file.with_suffix(".new")
        written.write_text(json.dumps(asdict(self), indent=1))
        written.replace(home.parts_file)

    @classmethod
    def read(cls, home: Home) -> "Parts | None":
        """The parts that are deployed; None if that is not known, as after an interrupted deployment."""
        try:
            return cls(**json.loads(home.parts_file.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None


@dataclass(frozen=True, slots=True)
class Difference:
    """The names of one kind of parts, by what has become of them since the last deployment."""

    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()

    @classmethod
    def between(cls, before: Mapping[str, str], after: Mapping[str, str]) -> "Difference":
        """What differs between the digests of two deployments."""
        both = sorted(before.keys() & after.keys())
        return cls(
            new=tuple(sorted(after.keys() - before.keys())),
            changed=tuple(name for name in both if before[name] != after[name]),
            removed=tuple(sorted(before.keys() - after.keys())),
            unchanged=tuple(name for name in both if before[name] == after[name]),
        )

    @property
    def is_empty(self) -> bool:
        return not (self.new or self.changed or self.removed)

    def __str__(self) -> str:
        return "; ".join(f"{what} {', '.join(names)}" for what, names in asdict(self).items() if names)


@dataclass(frozen=True, slots=True)
class Changes:
    """What differs between what is deployed and what is in the checkout."""

    datasets: Difference
    functions: Difference
    jobs: Difference
    template: bool = False
    runtime: bool = False  # alone, it is nothing to deploy

    @classmethod
    def between(cls, before: Parts | None, after: Parts) -> "Changes":
        """What differs; without a known deployment, everything is new."""
        known = before or Parts()
        return cls(
            datasets=Difference.between(known.datasets, after.datasets),
            functions=Difference.between(known.functions, after.functions),
            jobs=Difference.between(known.jobs, after.jobs),
            template=known.template != after.template,
            runtime=before is not None and known.runtime != after.runtime,
        )

    @property
    def is_empty(self) -> bool:
        return self.datasets.is_empty and self.functions.is_empty and self.jobs.is_empty and not self.template

    def lines(self) -> Iterator[str]:
        """A line for each kind of parts."""
        for kind in KINDS:
            if text := str(getattr(self, kind)):
                yield f"{kind:<10} {text}"
        yield f"{'template':<10} {'changed' if self.template else 'unchanged'}"

    def to_dict(self) -> dict[str, Any]:
        """The member `changes` of `--json`."""
        return asdict(self)
