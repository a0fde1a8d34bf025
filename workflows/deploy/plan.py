"""What a deployment will make, change, replace and remove, from the deployed template and the new one.

The account is only read: a change set would be a write. What CloudFormation itself decides may differ where a
template refers to values of resources; a deployment therefore asks again if its change set replaces or
removes something that the plan does not name.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from workflows.deploy.costs import at_rest
from workflows.deploy.schemas import property_path, schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workflows.deploy.costs import Cost
    from workflows.deploy.template import Resource

_UNKNOWN: Final = "CodeUri"  # of a function: its package is built and uploaded only by a deployment


@dataclass(frozen=True, slots=True)
class Changed:
    """A resource with other properties than the deployed one."""

    resource: Resource
    properties: tuple[str, ...]
    is_replaced: bool

    def __str__(self) -> str:
        return f"{_named(self.resource)}: {', '.join(self.properties)}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a deployment does with each resource, and what the stack costs at rest afterwards."""

    added: tuple[Resource, ...]
    changed: tuple[Changed, ...]
    removed: tuple[Resource, ...]
    unchanged: int
    retained: tuple[Resource, ...]  # of the new template: they outlive the stack
    costs: tuple[Cost, ...]

    @property
    def losses(self) -> set[str]:
        """The logical ids of what is replaced or removed."""
        replaced = {one.resource.logical_id for one in self.changed if one.is_replaced}
        return replaced | {resource.logical_id for resource in self.removed}

    @property
    def dollars(self) -> float:
        """The price of a month at rest."""
        return sum(cost.dollars for cost in self.costs)

    def lines(self) -> Iterator[str]:
        """The plan for people."""
        if self.added:
            yield f"It makes {len(self.added)} resources:"
            kinds = Counter(resource.type for resource in self.added)
            yield from (f"  {count:>4}  {kind}" for kind, count in sorted(kinds.items()))
        in_place = [one for one in self.changed if not one.is_replaced]
        if in_place:
            yield f"It changes {len(in_place)} resources:"
            yield from (f"  {one}" for one in in_place)
        if replaced := [one for one in self.changed if one.is_replaced]:
            yield f"It REPLACES {len(replaced)} resources. What a replaced resource holds does not move:"
            yield from (f"  {one}{_fate(one.resource)}" for one in replaced)
        if self.removed:
            yield f"It REMOVES {len(self.removed)} resources:"
            yield from (f"  {_named(one)}{_fate(one)}" for one in self.removed)
        if not (self.added or self.changed or self.removed):
            yield "It changes no resource."
        yield f"{self.unchanged} resources stay as they are."
        yield "The code of the functions is built and compared when you deploy."
        names = ", ".join(resource.logical_id for resource in self.retained)
        yield f"These stay when the stack is deleted, and can be adopted again: {names}"
        yield f"At rest the stack costs about ${self.dollars:.0f} a month (list prices of us-east-1):"
        yield from (f"  {cost.dollars:>6.2f}  {cost.count:,} {cost.what}" for cost in self.costs)
        yield "Data, storage and logs come on top: docs/costs.md."


def compare(before: Mapping[str, Resource], after: Mapping[str, Resource]) -> Plan:
    """The plan that leads from the deployed resources to the new ones."""
    changed = tuple(
        change
        for name in after.keys() & before.keys()
        if (change := _changed(before[name], after[name])) is not None
    )
    return Plan(
        added=tuple(resource for name, resource in after.items() if name not in before),
        changed=tuple(sorted(changed, key=lambda one: one.resource.logical_id)),
        removed=tuple(resource for name, resource in before.items() if name not in after),
        unchanged=len(after.keys() & before.keys()) - len(changed),
        retained=tuple(resource for resource in after.values() if resource.is_retained),
        costs=tuple(at_rest(after)),
    )


def _changed(before: Resource, after: Resource) -> Changed | None:
    names = sorted((before.properties.keys() | after.properties.keys()) - {_UNKNOWN})
    differing = tuple(
        name for name in names if not _same(before.properties.get(name), after.properties.get(name))
    )
    if before.type != after.type:
        return Changed(after, ("Type",), is_replaced=True)
    if not differing:
        return None
    fixed = fixed_properties(after.type)
    is_replaced = any(not _same(_at(before.properties, path), _at(after.properties, path)) for path in fixed)
    return Changed(after, differing, is_replaced)


def _same(left: Any, right: Any) -> bool:
    """Whether two values are the same to CloudFormation, which takes "true" and 5 for true and "5"."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(left[name], right[name]) for name in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    return left == right or _scalar(left) == _scalar(right)


def _scalar(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def fixed_properties(kind: str) -> list[tuple[str, ...]]:
    """The paths of the properties of a type that can't be changed: another value replaces the resource."""
    found = schema(kind)
    pointers = (found.get(name) or () for name in ("createOnlyProperties", "conditionalCreateOnlyProperties"))
    return [property_path(pointer) for some in pointers for pointer in some]


def _at(properties: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        properties = properties.get(name) if isinstance(properties, dict) else None
    return properties


def _named(resource: Resource) -> str:
    return f"{resource.logical_id} ({resource.type})"


def _fate(resource: Resource) -> str:
    return "; the old one stays, without a stack" if resource.is_retained else "; the old one is deleted"
