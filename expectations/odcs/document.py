"""A contract file -> the model of the standard, versions 3.0 to 3.2.

Fields that the model does not know are problems in the schema, where they are probably misspelt. Elsewhere
they concern other tools, and become notes.
"""

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from open_data_contract_standard.model import CustomProperty, OpenDataContractStandard
from pydantic import ValidationError

from expectations.odcs.older import modernised
from expectations.odcs.yaml_text import read_yaml
from expectations.problems import Findings

VERSIONS = ("v3.0.0", "v3.0.1", "v3.0.2", "v3.1.0", "v3.2.0")
FUNDAMENTALS: dict[str, tuple[str, ...]] = {  # field -> its values; any if there are none
    "apiVersion": VERSIONS,
    "kind": ("DataContract",),
    "id": (),
    "version": (),
    "status": (),
}
_OPTIONAL = {"v3.2.0": ("status",)}  # version of the standard -> fundamentals that it does not require
_ELSEWHERE = ("authoritativeDefinitions", "context", "relationships", "synonyms")  # parts of the schema
_NEAR_MISS = 0.8


def read_document(path: Path, findings: Findings) -> OpenDataContractStandard | None:
    """The file as a document of ODCS 3.0 to 3.2; None, with the reasons in findings, if it is not one."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        findings.add("", "readable", "a readable file in UTF-8", str(error), "save it in UTF-8")
        return None
    raw = read_yaml(text, findings)
    if raw is None:
        return None
    if not isinstance(raw, dict):
        findings.add("", "yaml", "a mapping of contract fields", type(raw).__name__, "start with apiVersion")
        return None
    raw = modernised(raw)
    try:
        document = OpenDataContractStandard.model_validate(raw)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            where = _path(detail["loc"])
            if detail["type"] == "extra_forbidden":
                _add_unknown(where, findings)
            else:
                expected = f"a value that ODCS allows ({detail['msg']})"
                findings.add(where, "odcs", expected, repr(detail["input"]), "correct it")
        return None
    _check_unknown(raw, document.model_dump(by_alias=True, exclude_unset=True), "", findings)
    _check_fundamentals(document, findings)
    return document


def custom_properties(
    given: Iterable[CustomProperty] | None, known: Sequence[str], path: str, findings: Findings
) -> dict[str, tuple[Any, str]]:
    """Known custom property -> (value, path).

    Unknown ones belong to other tools and are ignored, but one whose name is nearly a known name is a
    problem.
    """
    found: dict[str, tuple[Any, str]] = {}
    for index, custom in enumerate(given or ()):
        where = f"{path}.customProperties[{index}]"
        name = custom.property or ""
        if name in found:
            findings.add(
                f"{where}.property", "duplicate-field", f"{name} once", "it again", "keep one of them"
            )
        elif name in known:
            found[name] = (custom.value, f"{where}.value")
        elif close := get_close_matches(name, known, n=1, cutoff=_NEAR_MISS):
            findings.add(f"{where}.property", "unknown-field", close[0], repr(name), "correct the name")
    return found


def given_position(position: int | None) -> int | None:
    """The position of a key or partition column; None if there is none, which is -1 in the standard."""
    return None if position == -1 else position


def _check_fundamentals(document: OpenDataContractStandard, findings: Findings) -> None:
    for name, expected in FUNDAMENTALS.items():
        given = getattr(document, name)
        if given is None and name in _OPTIONAL.get(document.apiVersion or "", ()):
            continue
        if given is None or (expected and given not in expected):
            got = "none" if given is None else repr(given)
            values = " or ".join(expected) or "a value"
            findings.add(name, "fundamentals", values, got, "the standard requires it")


def _check_unknown(raw: Any, known: Any, path: str, findings: Findings) -> None:
    """Add a problem or a note for every field that the model ignored."""
    if isinstance(raw, dict) and isinstance(known, dict):
        for name, value in raw.items():
            where = f"{path}.{name}" if path else str(name)
            if name not in known:
                _add_unknown(where, findings)
            else:
                _check_unknown(value, known[name], where, findings)
    elif isinstance(raw, list) and isinstance(known, list):
        for index, (value, known_value) in enumerate(zip(raw, known, strict=True)):
            _check_unknown(value, known_value, f"{path}[{index}]", findings)


def _add_unknown(path: str, findings: Findings) -> None:
    parts = re.split(r"[.\[]", path)
    if len(parts) > 1 and (parts[0] != "schema" or not set(_ELSEWHERE).isdisjoint(parts)):
        findings.note(path, "unknown-field", "ODCS has no such field here; Glueline ignores it")
    else:
        findings.add(path, "unknown-field", "a field of ODCS", "an unknown one", "correct its name")


def _path(location: Sequence[str | int]) -> str:
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in location]
    return "".join(parts).removeprefix(".")
