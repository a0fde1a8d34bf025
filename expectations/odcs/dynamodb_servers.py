"""ODCS `servers` of type dynamodb -> the existing table of a dataset.

The standard has no such type. A server of type `custom` and format `dynamodb` means the same.
"""

import re
from collections.abc import Sequence

from open_data_contract_standard.model import OpenDataContractStandard, SchemaObject, SchemaProperty, Server

from expectations.contract import Column
from expectations.entities import Entity, formats
from expectations.existing_table import OWN_TABLE, ExistingTable, ItemTable, read_path
from expectations.item_keys import KEY_TYPES
from expectations.problems import Findings

DYNAMODB = "dynamodb"
_SCHEMA = "schema[0]"
_COLUMNS = f"{_SCHEMA}.properties"
_NAME = re.compile(r"[A-Za-z0-9_.-]{3,255}")
_ARN = re.compile(
    r"arn:aws[a-z-]*:dynamodb:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12}):table/(?P<name>[^/:]+)"
)
_MOST_KEYS = 2


def existing_server(servers: Sequence[Server] | None) -> tuple[str, Server] | None:
    """The first server of type dynamodb, with its path; None if there is none."""
    return next(iter(_servers(servers)), None)


def read_table(
    document: OpenDataContractStandard,
    columns: Sequence[Column],
    key: Sequence[str],
    entity: Entity,
    findings: Findings,
) -> ItemTable:
    """The table that a server of type dynamodb says exists, else the one that the stack makes.

    Parts of the key's attributes, which the entity has in its formats, are columns too.
    """
    found = _servers(document.servers)
    if not found:
        return OWN_TABLE
    (schema,) = document.schema_ or [SchemaObject()]
    where, server = found[0]
    if len(found) > 1:
        findings.add(found[1][0], "existing-table", "one table of the dataset", "another one", "remove one")
    name, region, account = _place(server, schema, where, findings)
    parts = {column: f'"{one.attribute}"' for one in entity for column in one.columns}
    attributes = tuple(
        (prop.name or "", parts.get(prop.name or "") or _attribute(prop, index, findings))
        for index, prop in enumerate(schema.properties or ())
        if prop.name in {column.name for column in columns}
    )
    whole = [name for name in key if name not in parts]
    described = tuple((name, "S") for name in formats(entity))
    keys = (*described, *_keys(columns, whole, dict(attributes), findings))
    if len(described) + len(whole) > _MOST_KEYS:
        advice = "the primary key is the table's own: its partition key, and its sort key if it has one"
        got = ", ".join((*formats(entity), *whole))
        findings.add(_COLUMNS, "table-key", "one or two key columns or formats", got, advice)
    return ExistingTable(name, keys, attributes, region, account, entity)


def _servers(servers: Sequence[Server] | None) -> list[tuple[str, Server]]:
    def is_dynamodb(server: Server) -> bool:
        kind = (server.type or "").lower()
        return kind == DYNAMODB or (kind == "custom" and (server.format or "").lower() == DYNAMODB)

    return [(f"servers[{index}]", one) for index, one in enumerate(servers or ()) if is_dynamodb(one)]


def _place(
    server: Server, schema: SchemaObject, where: str, findings: Findings
) -> tuple[str, str | None, str | None]:
    """Name, region and account of the table."""
    name, region, account = schema.physicalName or "", server.region, server.account
    if server.location is not None:
        arn = _ARN.fullmatch(server.location)
        if arn is None:
            expected = "the ARN of a table, arn:aws:dynamodb:<region>:<account>:table/<name>"
            findings.add(f"{where}.location", "table-name", expected, repr(server.location), "correct it")
            return name, region, account
        for field, given in (("region", region), ("account", account), ("name", schema.physicalName)):
            if given is not None and given != arn[field]:
                expected = f"the {field} of the ARN, {arn[field]}"
                findings.add(where, "table-name", expected, repr(given), "remove one of them")
        return arn["name"], arn["region"], arn["account"]
    if not _NAME.fullmatch(name):
        advice = "write the table's name there, or its ARN as location of the server"
        got = repr(name) if name else "none"
        findings.add(f"{_SCHEMA}.physicalName", "table-name", "the name of a DynamoDB table", got, advice)
    return name, region, account


def _attribute(prop: SchemaProperty, index: int, findings: Findings) -> str:
    """The path of a column's attribute."""
    where = f"{_COLUMNS}[{index}]"
    for number, inner in enumerate(prop.properties or ()):
        if inner.physicalName not in (None, inner.name):
            message = "names inside of a column are those of the attribute; make the inner value a column"
            findings.note(f"{where}.properties[{number}].physicalName", "attribute-path", message)
    path = prop.physicalName or f'"{prop.name}"'
    try:
        read_path(path)
    except ValueError:
        expected = 'an attribute, such as OrderId, address.city, lines[0].sku or "a.b"'
        findings.add(f"{where}.physicalName", "attribute-path", expected, repr(path), "correct it")
    return path


def _keys(
    columns: Sequence[Column], key: Sequence[str], attributes: dict[str, str], findings: Findings
) -> tuple[tuple[str, str], ...]:
    """Attribute and type of the partition key and of the sort key, as far as they are columns."""
    kinds = {column.name: column for column in columns}
    found = []
    for name in key[:_MOST_KEYS]:
        column, text = kinds.get(name), attributes.get(name, "")
        if column is None:
            continue  # its own description is broken, which is reported already
        kind = KEY_TYPES.get(column.kind)
        if kind is None:
            advice = "write the type of the attribute; a second column may read it as another type"
            expected = f"a key of {', '.join(KEY_TYPES)}, exactly as DynamoDB has it"
            findings.add(_COLUMNS, "key-type", expected, f"{name}: {column.type}", advice)
        try:
            path = read_path(text)
        except ValueError:
            continue
        if len(path) > 1:
            expected = "an attribute of the item itself as key"
            findings.add(_COLUMNS, "table-key", expected, f"{name}: {text}", "name the table's key attribute")
        found.append((str(path[0]), kind or "S"))
    return tuple(found)
