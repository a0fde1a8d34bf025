"""How the CSV files of a dataset are written, where it differs from RFC 4180 with commas, UTF-8 and a header.

The names are those of ODCS and of the CSV dialect of Frictionless Data. Standard library only.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CsvDialect:
    """The dialect of the CSV files of a dataset."""

    delimiter: str = ","
    encoding: str = "utf-8"  # as `codecs` names it; a byte order mark in a file takes precedence
    quote: str | None = '"'  # None: quotes are part of the text
    escape: str | None = None  # None: a quote in a quoted field is doubled
    columns: tuple[str, ...] | None = None  # of files without a header, in their order; None: they have one
    skip_rows: int = 0  # lines before the header
    comment: str | None = None  # how lines begin that are no rows
    missing: tuple[str, ...] = ()  # texts that are null, besides the empty field
    decimal: str = "."
    group: str | None = None  # between thousands
    true: tuple[str, ...] = ()  # texts that are true, besides `true`
    false: tuple[str, ...] = ()


RFC_4180 = CsvDialect()
