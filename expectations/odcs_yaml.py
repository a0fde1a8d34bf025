"""A contract file's YAML as plain values: with the line of every path, and no key silently given twice."""

from typing import Any

import yaml

from expectations.problems import Findings


class _PlainLoader(yaml.SafeLoader):
    """YAML 1.2's view of dates: `2017-01-01` is text, as it is in JSON."""


_PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_yaml(text: str, findings: Findings) -> Any:
    """The document's values; None (with the reason in findings) if it is not YAML. Fills `findings.lines`."""
    try:
        loader = _PlainLoader(text)
        node = loader.get_single_node()
        if node is None or node.tag == "tag:yaml.org,2002:null":
            findings.add("", "yaml", "expected a data contract, got an empty file")
            return None
        lines: dict[str, int] = {}
        findings.lines = lines
        _visit(node, "", lines, findings)
        return loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "the file"
        context = " ".join(part for part in (error.context, error.problem) if part)
        findings.add("", "yaml", f"expected YAML, got a syntax error in {where}: {context}")
        return None
    except yaml.YAMLError as error:
        findings.add("", "yaml", f"expected YAML, got text that cannot be read: {error}")
        return None


def _visit(node: yaml.Node, path: str, lines: dict[str, int], findings: Findings) -> None:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _visit(item, f"{path}[{index}]", lines, findings)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = f"{path}.{key.value}" if path else str(key.value)
            if inner in lines:
                findings.add(
                    inner,
                    "duplicate-field",
                    f"expected each field once, got it again in line {key.start_mark.line + 1}; keep one",
                )
                continue
            lines[inner] = key.start_mark.line + 1
            _visit(value, inner, lines, findings)
