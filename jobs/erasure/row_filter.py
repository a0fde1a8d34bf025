"""Removes the rows of erased keys from a file, whatever its format, and keeps every other byte as it is.

Pure Python, streaming, for Spark's executors. One pass either counts (without a target) or rewrites (with
one), so what is counted is what is removed: rows = rows kept + rows erased.

A row that its door would refuse is judged as well as possible (`jobs.erasure.keys`). A file whose rows cannot
be separated, or that does not name the key's columns, is an `UnreadableFile`: whether it contains a key is
unknown. No door has accepted a row of it either.
"""

from typing import IO

from expectations.problems import GluelineError
from jobs.erasure.failed_batches import RecordsInStreamOnly, is_stream_of, read_failed_batch
from jobs.erasure.keys import ErasedKeys
from jobs.reading.formats import registry
from jobs.reading.formats.rows import RowCounts

FAILED_BATCH = "failure"  # Lambda's record of a stream batch that was given up


class RewriteMismatch(GluelineError):
    """Raised when a rewritten file is not the original less the erased rows; nothing was replaced."""


def filter_rows(form: str, source: IO[bytes], keys: ErasedKeys, target: IO[bytes] | None = None) -> RowCounts:
    """Count the file's rows, and write those of other keys to `target`. Raises UnreadableFile.

    `source` is the file as it is stored in S3, at its start; `form` is a format, or `FAILED_BATCH`.
    """
    if form == FAILED_BATCH:
        return _filter_failed_batch(source, keys, target)
    return registry.filter_rows(form, source, keys, target)


def rewrite(form: str, source: IO[bytes], keys: ErasedKeys, target: IO[bytes]) -> RowCounts:
    """Filter the rows to `target`, and read it again to check it. Raises UnreadableFile, RewriteMismatch."""
    counts = filter_rows(form, source, keys, target)
    target.seek(0)
    left = filter_rows(form, target, keys)
    if left != (counts.rows - counts.erased, 0):
        raise RewriteMismatch(
            f"expected {counts.rows} rows less {counts.erased}, got {left.rows}, {left.erased} to erase"
        )
    target.seek(0)
    return counts


def _filter_failed_batch(source: IO[bytes], keys: ErasedKeys, target: IO[bytes] | None) -> RowCounts:
    """The records of the dataset's table in a batch that Lambda gave up. Those of other tables are kept."""
    batch = read_failed_batch(source.read())
    if not batch.records and is_stream_of(keys.contract, batch.stream):
        raise RecordsInStreamOnly(
            "failure: expected the batch's records, got none; run glueline redrive first"
        )
    records = batch.records
    kept = [one for one in records if not (batch.is_of(keys.contract, one) and keys.own_record(one))]
    if target is not None:
        target.write(batch.with_records(kept))
    return RowCounts(len(records), len(records) - len(kept))
