"""ODCS `servers` of format csv -> the dialect of a dataset's CSV files.

`delimiter` and `encoding` are fields of the standard; importers also write them as custom properties. What
the standard has no field for are custom properties, named as in the CSV dialect of Frictionless Data.
"""

import codecs
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from open_data_contract_standard.model import Server

from expectations.contract import Column
from expectations.file_dialect import RFC_4180, CsvDialect
from expectations.odcs.document import custom_properties
from expectations.problems import Findings
from expectations.spellings import columns_by_spelling

DROPS = "drops"  # the name of the server that describes the files of the drop door, whatever others describe
_WIDE = ("utf-16", "utf-16-le", "utf-16-be")
_NO_CODE_PAGES = ("punycode", "idna")
_ASCII = bytes(range(128))

type _Read = Callable[[Any], Any]  # the value of a field of CsvDialect. ValueError says what was expected


def read_dialect(
    servers: Sequence[Server] | None, columns: Sequence[Column], findings: Findings
) -> CsvDialect:
    """The dialect that the servers of format csv declare; of the one named `drops` alone, if there is one."""
    found = [
        (f"servers[{index}]", server)
        for index, server in enumerate(servers or ())
        if (server.format or "").strip().lower() == "csv"
    ]
    found = [(where, server) for where, server in found if server.server == DROPS] or found
    dialects = [(where, _read(server, columns, where, findings)) for where, server in found]
    for where, dialect in dialects[1:]:
        if dialect != dialects[0][1]:
            advice = f"name the server {DROPS} that describes the files dropped here"
            findings.add(where, "csv-dialect", "one dialect of all CSV servers", "another one", advice)
    return dialects[0][1] if dialects else RFC_4180


def _read(server: Server, columns: Sequence[Column], where: str, findings: Findings) -> CsvDialect:
    given = custom_properties(server.customProperties, tuple(_PROPERTIES), where, findings)
    if server.server == DROPS:
        _refuse_unknown(server, where, findings)
    for name in ("delimiter", "encoding"):
        if (value := getattr(server, name)) is not None:
            given[name] = (value, f"{where}.{name}")
    dialect = RFC_4180
    for name, (value, path) in given.items():
        field, read = _PROPERTIES[name]
        try:
            dialect = replace(dialect, **{field: read(value)})
        except ValueError as error:
            findings.add(path, "csv-dialect", str(error), repr(value), "correct it")
    _check(dialect, columns, where, findings)
    if dialect.columns == ():
        dialect = replace(dialect, columns=tuple(column.name for column in columns))
    # Python's parser doubles quotes without an escape character.
    return replace(dialect, escape=None) if dialect.escape == dialect.quote else dialect


def _refuse_unknown(server: Server, where: str, findings: Findings) -> None:
    for index, custom in enumerate(server.customProperties or ()):
        if custom.property not in _PROPERTIES:
            path = f"{where}.customProperties[{index}].property"
            findings.add(path, "unknown-field", ", ".join(_PROPERTIES), repr(custom.property), "correct it")


def _check(dialect: CsvDialect, columns: Sequence[Column], where: str, findings: Findings) -> None:
    marks = [dialect.delimiter, dialect.quote, dialect.escape if dialect.escape != dialect.quote else None]
    signs = [mark for mark in (*marks, dialect.comment) if mark]
    if len(set(signs)) < len(signs):
        expected = "delimiter, quoteChar, escapeChar and commentChar to differ"
        findings.add(where, "csv-dialect", expected, ", ".join(map(repr, signs)), "change one of them")
    if dialect.decimal == dialect.group:
        expected = "decimalChar and groupChar to differ"
        findings.add(where, "csv-dialect", expected, f"{dialect.decimal!r} twice", "change one of them")
    if both := {text.lower() for text in dialect.true} & {text.lower() for text in dialect.false}:
        expected = "other trueValues than falseValues"
        findings.add(where, "csv-dialect", expected, ", ".join(sorted(both)), "leave it out of one of them")
    if dialect.columns:
        _check_columns(dialect.columns, columns, where, findings)


def _check_columns(names: Sequence[str], columns: Sequence[Column], where: str, findings: Findings) -> None:
    known = columns_by_spelling(columns)
    for name in names:
        if name not in known and name != "_op":
            expected = "names of the contract's columns under header"
            findings.add(where, "csv-dialect", expected, repr(name), "correct the name")
    owners = [known.get(name, name) for name in names]
    if len(set(owners)) < len(owners):
        findings.add(where, "csv-dialect", "each column once under header", "one twice", "leave one out")


def _character(what: str) -> _Read:
    def read(value: Any) -> str:
        names: Mapping[Any, str] = {"\\t": "\t", "tab": "\t"}
        text = names.get(value, value)
        if not isinstance(text, str) or len(text) != 1 or text in "\r\n\0" or text.isalnum():
            raise ValueError(f"{what} of one character that is no letter, digit or line end")
        return text

    return read


def _quote(value: Any) -> str | None:
    return None if value in (None, "", False) else _character("a quote (or none: false)")(value)


def _encoding(value: Any) -> str:
    expected = "UTF-8, UTF-16 or a code page that contains ASCII, such as cp1252 or iso-8859-1"
    try:
        found = codecs.lookup(value).name
        text = "" if found in _WIDE or found in _NO_CODE_PAGES else _ASCII.decode(found)
    except (LookupError, TypeError, UnicodeError):
        raise ValueError(expected) from None
    if found not in _WIDE and text.encode() != _ASCII:
        raise ValueError(expected)
    return "utf-8" if found == "utf-8-sig" else found


def _header(value: Any) -> tuple[str, ...] | None:
    if isinstance(value, bool):
        return None if value else ()
    if isinstance(value, list) and value and all(isinstance(name, str) and name for name in value):
        return tuple(value)
    raise ValueError("true, false, or the names of the columns of a file without a header")


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= 1000:
        raise ValueError("a number of lines from 0 to 1000")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    texts = value if isinstance(value, list) else [value]
    if not texts or not all(isinstance(text, str) and text.strip() for text in texts):
        raise ValueError("a list of texts, in quotes where YAML reads other values")
    return tuple(text.strip() for text in texts)


def _prefix(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or value != value.strip():
        raise ValueError("the text with which comments begin")
    return value


_PROPERTIES: Mapping[str, tuple[str, _Read]] = {  # name -> field of CsvDialect, reader of its value
    "delimiter": ("delimiter", _character("a delimiter")),
    "encoding": ("encoding", _encoding),
    "quoteChar": ("quote", _quote),
    "escapeChar": ("escape", _character("an escape character")),
    "header": ("columns", _header),
    "skipRows": ("skip_rows", _count),
    "commentChar": ("comment", _prefix),
    "missingValues": ("missing", _texts),
    "decimalChar": ("decimal", _character("a decimal sign")),
    "groupChar": ("group", _character("a sign between thousands")),
    "trueValues": ("true", _texts),
    "falseValues": ("false", _texts),
}


def csv_server(dialect: CsvDialect) -> dict[str, Any]:
    """The server that declares the dialect: what `read_dialect` reads it from."""
    given = {
        name: getattr(dialect, field)
        for name, (field, _) in _PROPERTIES.items()
        if getattr(dialect, field) != getattr(RFC_4180, field)
    }
    server: dict[str, Any] = {"server": DROPS, "type": "custom", "format": "csv"}
    server |= {name: given.pop(name) for name in ("delimiter", "encoding") if name in given}
    custom = [
        {"property": name, "value": list(value) if isinstance(value, tuple) else value}
        for name, value in ((name, False if value is None else value) for name, value in given.items())
    ]
    return server | ({"customProperties": custom} if custom else {})
