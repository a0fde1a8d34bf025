"""Spellings of ODCS 3.0 -> later ones: library rules, and limits that a flag makes exclusive."""

from collections.abc import Mapping
from typing import Any

_METRICS = {  # library rule -> metric
    "duplicateCount": "duplicateValues",
    "uniqueCheck": "duplicateValues",
    "validValues": "invalidValues",
    "nullCheck": "nullValues",
    "nullCount": "nullValues",
    "countCheck": "rowCount",
    "rowCount": "rowCount",
    **{name: name for name in ("nullValues", "missingValues", "invalidValues", "duplicateValues")},
}
_MUST_BE_ZERO = ("uniqueCheck", "validValues", "nullCheck")  # without operator


def modernised(raw: dict[Any, Any]) -> dict[Any, Any]:
    """The document with its schema in the spellings of later versions; other parts are as they were."""
    schema = raw.get("schema")
    return raw | {"schema": [_element(item) for item in schema]} if isinstance(schema, list) else raw


def _element(raw: Any) -> Any:
    """A schema object or property, with those inside it."""
    if not isinstance(raw, dict):
        return raw
    element = dict(raw)
    for part in ("properties", "quality"):
        read = _element if part == "properties" else _quality
        if isinstance(raw.get(part), list):
            element[part] = [read(item) for item in raw[part]]
    if "items" in raw:
        element["items"] = _element(raw["items"])
    if isinstance(raw.get("logicalTypeOptions"), dict):
        element["logicalTypeOptions"] = _options(raw["logicalTypeOptions"])
    return element


def _quality(raw: Any) -> Any:
    """A quality rule. One that no version of the library has, or that states no threshold, stays as it is."""
    if not isinstance(raw, dict) or "metric" in raw or raw.get("type", "library") != "library":
        return raw
    rule = raw.get("rule")
    if not isinstance(rule, str) or rule not in _METRICS:
        return raw
    has_operator = any(str(name).startswith("must") for name in raw)
    if not has_operator and rule not in _MUST_BE_ZERO:
        return raw
    quality = {**raw, "metric": _METRICS[rule]}
    del quality["rule"]
    if "validValues" in raw and "arguments" not in raw:
        quality["arguments"] = {"validValues": quality.pop("validValues")}
    return quality if has_operator else quality | {"mustBe": 0}


def _options(raw: Mapping[Any, Any]) -> dict[Any, Any]:
    """The options of a type, in which `exclusiveMinimum: true` makes the minimum exclusive."""
    options = dict(raw)
    for flag, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if not isinstance(options.get(flag), bool) or (options[flag] and bound not in options):
            continue
        if options.pop(flag):
            options[flag] = options.pop(bound)
    return options
