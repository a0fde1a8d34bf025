"""Rows of an Avro sample."""

from __future__ import annotations

from base64 import b64encode
from decimal import Decimal
from math import isfinite
from typing import IO, TYPE_CHECKING, Any

from jobs.reading.formats.avro import values_of
from jobs.reading.formats.avro_values import plain_text
from jobs.reading.formats.rows import UnreadableFile
from workflows.contracts.samples.facts import DraftError

if TYPE_CHECKING:
    from collections.abc import Iterator


class AvroSample:
    """An Avro file; its values are those that a drop reads, as JSON has them."""

    is_typed = True

    def __init__(self, file: IO[bytes], name: str) -> None:
        self.notes: list[str] = []
        self._file, self._name = file, name

    def rows(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """The number of each record, and its members. Raises DraftError."""
        self._file.seek(0)
        try:
            for number, values in enumerate(values_of(self._file), 1):
                yield number, {name: _exact(value) for name, value in values.items()}
        except UnreadableFile as error:
            raise DraftError(f"{self._name} can't be read as Avro: {error}; correct it.") from error


def _exact(value: Any) -> Any:
    match value:
        case dict():
            return {name: _exact(inner) for name, inner in value.items()}
        case list():
            return [_exact(inner) for inner in value]
        case float():
            return Decimal(plain_text(value)) if isfinite(value) else str(value)
        case bytes():
            return _text(value)
        case str():
            return str(value)
    return value


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return b64encode(value).decode()
