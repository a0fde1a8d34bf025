"""The list of a dataset's rows in the OpenAPI document: its parameters and pages. Standard library only."""

from typing import Any

from expectations.access_patterns import operators
from expectations.contract import Contract
from expectations.openapi_responses import ref

_MOST_ROWS = 1000
_OPERATORS = {
    "eq": "eq:<value>, or the value alone",
    "lt": "lt:<value>",
    "le": "le:<value>",
    "gt": "gt:<value>",
    "ge": "ge:<value>",
    "between": "between:<least>,<greatest>, each percent-encoded once more",
    "begins_with": "begins_with:<text>",
}


def list_description(contract: Contract) -> str:
    """What a list of rows has, and which combinations of parameters there are."""
    consistency = (
        "Answers are eventually consistent: a write shows in them after milliseconds, rarely seconds."
    )
    every = f"{consistency} Without a column as a parameter: all rows, in no particular order."
    if not contract.patterns:
        return f"{every} The dataset has no access patterns, so no column can be a parameter."
    return (
        f"{every} With columns: the rows that an access pattern finds, in the order of its second column, "
        "where null comes last (first with order=desc), or of their keys. Other combinations of columns are "
        "answered with status 400. The patterns, each with the column that must equal one value first: "
        f"{'; '.join(map(str, contract.patterns))}."
    )


def list_parameters(contract: Contract) -> list[dict[str, Any]]:
    """The query parameters of a list of rows."""
    columns = [column.name for column in contract.columns]
    parameters: list[dict[str, Any]] = [
        _parameter("limit", {"type": "integer", "minimum": 1, "maximum": _MOST_ROWS}),
        _parameter("next", {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"})
        | {"description": "`next` of the page before, for the same parameters; limit and fields may differ."},
        _parameter("fields", {"type": "array", "minItems": 1, "items": {"enum": [*columns, "_version"]}})
        | {"style": "form", "explode": False, "description": "The columns to show, all if it is left out."},
    ]
    if contract.patterns:
        text = "The order of the rows, asc if it is left out; only beside the columns of a pattern."
        parameters.append(_parameter("order", {"enum": ["asc", "desc"]}) | {"description": text})
    return [*parameters, *_columns(contract)]


def page(contract: Contract) -> dict[str, Any]:
    """The schema of a page of rows."""
    following = "The parameter `next` of the following page; null on the last one, which may have no rows."
    rows = (
        "As many rows as `limit`. Fewer on the last page, or if the request has come to one of its bounds "
        "before: 8 reads of at most 1 MB of the table each, and 2 MB of rows. Then there may be none, and "
        "`next` goes on."
    )
    return {
        "type": "object",
        "properties": {
            "items": {"type": "array", "description": rows, "items": ref(f"{contract.dataset}.listed")},
            "next": {"type": ["string", "null"], "description": following},
        },
        "required": ["items"],
    }


def _columns(contract: Contract) -> list[dict[str, Any]]:
    """A parameter for each column of a pattern."""
    partitions = {pattern.partition: pattern for pattern in contract.patterns}
    sorts = {pattern.sort: pattern for pattern in contract.patterns if pattern.sort is not None}
    parameters = []
    for name in dict.fromkeys([*partitions, *sorts]):
        forms = []
        if name in partitions:
            forms.append("One value, as <value> or eq:<value>.")
        if name in sorts:
            beside = ", ".join(dict.fromkeys(one.partition for one in contract.patterns if one.sort == name))
            kind = contract.column(name).kind
            forms.append(f"Beside {beside}: {'; '.join(_OPERATORS[one] for one in operators(kind))}.")
        text = f"Of type {contract.column(name).type}. {' '.join(forms)}"
        parameters.append(_parameter(name, {"type": "string"}) | {"description": text})
    return parameters


def _parameter(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema}
