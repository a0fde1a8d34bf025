"""Checks that a sample passes the contract that was drafted from it, as messages and drops do."""

from __future__ import annotations

from contextlib import ExitStack
from typing import IO, TYPE_CHECKING, Any

from expectations.align import Op, align
from expectations.keys import InvalidKey, encode_key
from jobs.intake.doors import DROP
from jobs.reading.formats.compression import compression_of
from jobs.reading.formats.registry import format_named, read_rows
from jobs.reading.formats.rows import UnreadableFile
from lambdas import exact_json
from lambdas.validation import Validators
from workflows.contracts.samples.facts import DraftError
from workflows.contracts.samples.parquet_sample import ParquetSample
from workflows.contracts.samples.sample import OP, Sample, is_delete, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from expectations.contract import Contract
    from jobs.reading.formats.rows import ReceivedRow


def check_rows(contract: Contract, sample: Sample, path: Path, names: Mapping[str, str]) -> None:
    """Align and validate each row of the sample. Raises DraftError with the first row that is refused.

    `names` has the column of each name in the file that the contract does not know.
    """
    validators = Validators({contract.dataset: contract})
    kinds = {name: column.kind for column in contract.columns for name in (column.name, *column.aliases)}
    for number, received in _rows(contract, sample, path):
        op: Op = "delete" if is_delete(received) else "upsert"
        row = {names.get(name, name): value for name, value in received.items() if name != OP}
        if not isinstance(sample, ParquetSample) and not sample.is_typed:
            row = {name: _typed(value, kinds.get(name, "string")) for name, value in row.items()}
        aligned, _ = align(contract, row, op)
        problems = [
            f"{one.path} {one.message}" for one in validators.violations(contract.dataset, op, aligned)
        ]
        try:
            encode_key(contract, aligned)
        except InvalidKey as error:
            problems.append(str(error))
        if problems:
            raise DraftError(
                f"Row {number} of {path.name} breaks the contract that was drafted from it: {problems[0]}; "
                "correct the row, or use a sample without it."
            )


def problem_of_drop(contract: Contract, path: Path) -> str | None:
    """Why the file can't be dropped as it is; None if its rows can be read."""
    file_format = DROP.format_of(path.name)
    if file_format is None:
        return f"drops take files named {DROP.names}"
    try:
        next(_received(file_format, contract, path), None)
    except UnreadableFile as problem:
        return str(problem)
    return None


def _rows(contract: Contract, sample: Sample, path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    if not isinstance(sample, ParquetSample):
        yield from sample.rows()
        return
    try:
        for row in _received("parquet", contract, path):
            if row.problem:
                raise DraftError(f"Row {row.number} of {path.name} can't be read: {row.problem}; correct it.")
            yield row.number, exact_json.loads(row.payload or "null")
    except UnreadableFile:  # because of names that no contract has, which `problem_of_drop` reports
        return


def _received(file_format: str, contract: Contract, path: Path) -> Iterator[ReceivedRow]:
    """The rows of the file as a drop reads them."""
    compression = compression_of(file_format)
    with path.open("rb") as file, ExitStack() as opened:
        content: IO[bytes] = file
        inside = ""
        if compression is not None:
            content, inside = opened.enter_context(unpacked(compression, file, path.name))
        yield from read_rows(format_named(file_format, inside).name, content, contract)


def _typed(field: Any, kind: str) -> Any:
    """A field of CSV as the value that a drop reads: blank is no value, unless it is text."""
    if not isinstance(field, str) or kind == "string":
        return field
    text = field.strip()
    return (
        {"": None, "true": True, "false": False}.get(text.lower(), text)
        if kind == "boolean"
        else text or None
    )
