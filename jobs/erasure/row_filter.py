"""Removes the rows of erased keys from a file, whatever its format, and leaves everything else as it is.

Pure Python, streaming, for Spark's executors. The formats of the doors are those of `jobs.reading.formats`; a
record of a stream batch that Lambda gave up is no file of a door.

A row that its door would refuse is judged as well as possible (`jobs.erasure.keys`). A file whose rows can't
be told apart, or that doesn't name the key's columns, is an `UnreadableFile`: whether it holds a key can't be
decided. No door has accepted a row of it either.
"""

from typing import IO

from jobs.erasure.failed_batches import InStreamAlone, is_stream_of, read_failure
from jobs.erasure.keys import ErasedKeys
from jobs.reading.formats import registry
from jobs.reading.formats.rows import RowCounts

FAILURE = "failure"  # Lambda's record of a stream batch that was given up


class NotOneFile(Exception):
    """Raised when a rewritten file is not the old one less the erased rows; nothing has been replaced."""


def filter_rows(form: str, source: IO[bytes], keys: ErasedKeys, target: IO[bytes] | None = None) -> RowCounts:
    """Count the file's rows, and write those of other keys to `target`. UnreadableFile if it can't be done.

    `source` is the file as it is in S3, at its start; `form` the name of a format, or `FAILURE`.
    """
    if form == FAILURE:
        return _filter_failure(source, keys, target)
    return registry.filter_rows(form, source, keys, target)


def rewrite(form: str, source: IO[bytes], keys: ErasedKeys, target: IO[bytes]) -> RowCounts:
    """`filter_rows` to a target, and read that again. NotOneFile if a row is too many or too few."""
    counts = filter_rows(form, source, keys, target)
    target.seek(0)
    left = filter_rows(form, target, keys)
    if left != (counts.rows - counts.erased, 0):
        raise NotOneFile(
            f"expected {counts.rows} rows less {counts.erased}, got {left.rows}, {left.erased} to erase"
        )
    target.seek(0)
    return counts


def _filter_failure(source: IO[bytes], keys: ErasedKeys, target: IO[bytes] | None) -> RowCounts:
    """The records of the dataset's table in a batch that Lambda gave up; those of other tables stay."""
    failure = read_failure(source.read())
    if not failure.records and is_stream_of(keys.contract.dataset, failure.stream):
        raise InStreamAlone("failure: expected the batch's records, got none; first: glueline redrive")
    records = failure.records
    kept = [
        one for one in records if not (failure.is_of(keys.contract.dataset, one) and keys.own_record(one))
    ]
    if target is not None:
        target.write(failure.with_records(kept))
    return RowCounts(len(records), len(records) - len(kept))
