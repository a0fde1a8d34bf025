"""Fetches one object of a manifest, exactly as its event announced it, decompressed.

Runs on Spark executors. What the object itself makes impossible (gone, archived, encrypted with a key that
the job may not use, its gzip cut off) is an `UnreadableFile` and ends in quarantine; what passes (the
network, throttling, a 5xx) is a `RetryableError` and fails the task.
"""

import base64
import hashlib
import shutil
import tempfile
from contextlib import ExitStack, closing
from typing import IO, Any, NamedTuple

from expectations.problems import RetryableError
from jobs.intake.doors import DOORS
from jobs.intake.first_events import FROM, MD5
from jobs.intake.manifest import ManifestFile
from jobs.reading.formats.compression import decompressed, is_compressed, uncompressed
from jobs.reading.formats.rows import UnreadableFile
from jobs.runtime.failures import in_one_line, is_retryable
from jobs.runtime.s3 import CONNECTIONS, s3_client

IN_MEMORY = 4 * 1024 * 1024  # bytes of one file; what is larger goes to the worker's disk
# Gzip makes some content a thousand times smaller; rows of data at most about fifty times.
MOST_TIMES, SMALL = 250, 64 * 1024 * 1024
DOWNLOADS = CONNECTIONS  # at the same time
SUPERSEDED = "superseded: "  # the start of the reason of a version that was replaced before it was read


class SupersededFile(UnreadableFile):
    """Raised when the announced version was replaced before it was read; the new one has its own event."""


class Fetched(NamedTuple):
    """A file's bytes, decompressed, and the time (ISO 8601, UTC) and sequencer of the event of its rows."""

    content: IO[bytes]
    event_time: str
    sequencer: str | None


def fetch(file: ManifestFile) -> Fetched:
    """The whole file, so that a gzip file that is cut off does not yield its first rows.

    A data file of an export must be as the export's manifest describes it. An object that was rewritten
    without erased rows has the time of its first event (`jobs.intake.first_events`). Raises UnreadableFile,
    and the errors of S3 as they come (see `unreadable`).
    """
    answer = _get(file)
    metadata = answer.get("Metadata", {})
    first = file.first_events.get(metadata.get(FROM, ""))
    with ExitStack() as on_failure, closing(answer["Body"]) as received:
        plain = on_failure.enter_context(tempfile.SpooledTemporaryFile(max_size=IN_MEMORY))
        body = _Digested(received)
        # Any: GzipFile is typed to need a whole file, but only reads forward.
        forward: Any = body
        if is_compressed(file.format):
            most = max(SMALL, MOST_TIMES * file.size) if DOORS[file.door].carries == "rows" else None
            with decompressed(forward) as unpacked:
                shutil.copyfileobj(unpacked if most is None else _Bounded(unpacked, most), plain)
        else:
            shutil.copyfileobj(forward, plain)
        if file.md5 is not None:
            body.check(file.md5)
        plain.seek(0)
        if file.items is not None:
            _check_items(plain, file.items)
        on_failure.pop_all()
        event = file if first is None or body.md5() != metadata.get(MD5) else first
        return Fetched(plain, event.event_time, event.sequencer)


class _Bounded:
    """A decompressed body as it is read; UnreadableFile once it is larger than its size allows."""

    def __init__(self, body: IO[bytes], most: int) -> None:
        self._body = body
        self._most = self._left = most

    def read(self, size: int = -1) -> bytes:
        some = self._body.read(size)
        self._left -= len(some)
        if self._left < 0:
            raise UnreadableFile(
                f"gzip: expected at most {self._most} bytes of a file of this size, got more: "
                "drop it in parts, or not compressed"
            )
        return some


class _Digested:
    """A body as it is read, and the MD5 of what was read."""

    def __init__(self, body: Any) -> None:
        self._body = body
        self._digest = hashlib.md5(usedforsecurity=False)

    def read(self, size: int = -1) -> bytes:
        some: bytes = self._body.read(None if size < 0 else size)
        self._digest.update(some)
        return some

    def md5(self) -> str:
        """The MD5 (base64) of the whole body."""
        while self.read(IN_MEMORY):  # what gzip left unread after its end
            pass
        return base64.b64encode(self._digest.digest()).decode()

    def check(self, md5: str) -> None:
        """UnreadableFile unless that is the MD5 of the whole body."""
        found = self.md5()
        if found != md5:
            raise UnreadableFile(
                f"checksum: expected MD5 {md5} as the export's manifest says, got {found}: the file was "
                "changed or damaged; copy it again, or request the export again"
            )


def _check_items(plain: IO[bytes], items: int) -> None:
    found = sum(1 for line in plain if line.strip())
    if found != items:
        raise UnreadableFile(
            f"itemCount: expected {items} items as the export's manifest says, got {found}; "
            "request the export again"
        )
    plain.seek(0)


def _get(file: ManifestFile) -> Any:
    state = {"VersionId": file.version_id} if file.version_id else {"IfMatch": file.etag}
    return s3_client().get_object(Bucket=file.bucket, Key=file.key, **state)  # type: ignore[arg-type]


_AGAIN = "then glueline replay --quarantine"
_READABLE = (
    f"allow s3:GetObject, or kms:Decrypt with the object's key, {_AGAIN}; or put the object there again "
    "encrypted as the bucket does by default (nobody else can read SSE-C)"
)
# Error code of S3 -> kind of the reason, what was expected, and what to do.
_REASONS = {
    "InvalidObjectState": (
        "archived", "an object that S3 hands out, not one in an archive such as GLACIER",
        f"restore it, {_AGAIN}; or put it there again",
    ),
    "AccessDenied": ("permission", "an object that the role of the job check may read", _READABLE),
    "403": ("permission", "an object that the role of the job check may read", _READABLE),
    "InvalidRequest": ("permission", "an object that can be read without a key of its own", _READABLE),
}  # fmt: skip
_NO_KEY = ("permission", "an object whose KMS key can be used", f"enable the key, {_AGAIN}")
_NOT_HANDED_OUT = ("s3", "an object that S3 hands out", "put it there again")


def unreadable(error: BaseException, file: ManifestFile) -> UnreadableFile:
    """Why a file can't be read, by what was raised when it was. Raises RetryableError if that passes."""
    if isinstance(error, UnreadableFile):
        return error
    if is_retryable(error):
        raise RetryableError(f"{file.source_file}: {in_one_line(error)}") from error
    code = _code_of(error)
    if code in ("NoSuchKey", "NoSuchVersion", "404"):
        return UnreadableFile("gone: the object was deleted after it was announced; put it there again")
    if code in ("PreconditionFailed", "412"):
        return SupersededFile(
            f"{SUPERSEDED}expected the object with etag {file.etag}, but it was replaced; "
            "its new content was announced on its own"
        )
    if code is not None:
        kind, expected, advice = _NO_KEY if code.startswith("KMS.") else _REASONS.get(code, _NOT_HANDED_OUT)
        return UnreadableFile(f"{kind}: expected {expected}, got {in_one_line(error)}; {advice}")
    return UnreadableFile(
        f"{uncompressed(file.format)}: expected a file that can be read, got {in_one_line(error)}; "
        "write it in another way, and drop it again"
    )


def _code_of(error: BaseException) -> str | None:
    """The error code that S3 answered with; None if the error is not from S3."""
    from botocore.exceptions import ClientError

    return error.response["Error"]["Code"] if isinstance(error, ClientError) else None
