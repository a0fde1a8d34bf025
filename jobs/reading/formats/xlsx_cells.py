"""Cells of a sheet, as openpyxl reads them, as text."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any


def is_empty(cell: Any) -> bool:
    """Whether a cell has no value: it may be one of blanks alone, or one with a format."""
    value = cell.value
    return value is None or (isinstance(value, str) and not value.strip())


def text_of(value: Any) -> str:
    """The text of a value, as a field of CSV would have it."""
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            # The shortest text that reads as the same double: Excel stores 0.1 as 0.10000000000000001.
            return f"{Decimal(repr(value)):f}".removesuffix(".0")
        case datetime() if value.time() == time.min:
            return value.date().isoformat()
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return f"PT{Decimal(value // timedelta(microseconds=1)).scaleb(-6).normalize():f}S"
    return str(value)
