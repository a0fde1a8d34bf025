"""The YAML of a contract file as plain values, with the line of every path; a repeated key is a problem."""

import re
from typing import Any

import yaml

from expectations.problems import Findings

_HALF = re.compile("[\ud800-\udfff]")  # of a surrogate pair
_NULL = "tag:yaml.org,2002:null"
_TIMESTAMP = "tag:yaml.org,2002:timestamp"


class _PlainLoader(yaml.SafeLoader):
    """YAML in which `2017-01-01` is text, as in JSON."""


_PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag != _TIMESTAMP]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_yaml(text: str, findings: Findings, path: str = "") -> Any:
    """The values of the document; None, with the reason in findings, if it has none.

    Sets `findings.lines`, unless the text is only the part of the file at `path`.
    """
    try:
        loader = _PlainLoader(text)
        node = loader.get_single_node()
        if node is None or node.tag == _NULL:
            findings.add(
                path, "yaml", "YAML with content", "nothing", "write it, or remove the file or field"
            )
            return None
        lines: dict[str, int] = {}
        _visit(node, path, lines, findings)
        if not path:
            findings.lines = lines
        return loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "the text"
        reason = " ".join(part for part in (error.context, error.problem) if part)
        findings.add(path, "yaml", "YAML", f"a syntax error in {where}", f"correct it: {reason}")
    except yaml.YAMLError as error:
        findings.add(path, "yaml", "YAML", "text that cannot be read", f"correct it: {error}")
    return None


def _visit(node: yaml.Node, path: str, lines: dict[str, int], findings: Findings) -> None:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.ScalarNode) and _HALF.search(node.value):
        advice = "write the whole character, as engines accept only text in UTF-8"
        findings.add(path, "text", "whole characters", "half of a surrogate pair", advice)
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _visit(item, f"{path}[{index}]", lines, findings)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = f"{path}.{key.value}" if path else str(key.value)
            if inner in lines:
                again = f"it again in line {key.start_mark.line + 1}"
                findings.add(inner, "duplicate-field", "each field once", again, "keep one of them")
                continue
            lines[inner] = key.start_mark.line + 1
            _visit(value, inner, lines, findings)
