"""Fetches one object of a manifest, exactly as its event announced it, decompressed.

Runs on Spark executors. What the object itself makes impossible (gone, archived, encrypted with a key that
the job may not use, its archive cut off) is an `UnreadableFile` and ends in quarantine; what passes (the
network, throttling, a 5xx) is a `RetryableError` and fails the task.
"""

import base64
import hashlib
import shutil
import tempfile
from contextlib import ExitStack, closing
from typing import IO, Any, NamedTuple, cast

from expectations.problems import RetryableError
from jobs.intake.doors import DOORS
from jobs.intake.first_events import FROM, MD5
from jobs.intake.manifest import ManifestFile
from jobs.reading.formats.compression import Bounded, Compression, compression_of, most_unpacked, uncompressed
from jobs.reading.formats.registry import format_named
from jobs.reading.formats.rows import UnreadableFile
from jobs.runtime.failures import in_one_line, is_retryable
from jobs.runtime.s3 import CONNECTIONS, s3_client

IN_MEMORY = 4 * 1024 * 1024  # bytes of one file; what is larger goes to the worker's disk
DOWNLOADS = CONNECTIONS  # at the same time
SUPERSEDED = "superseded: "  # the start of the reason of a version that was replaced before it was read


class SupersededFile(UnreadableFile):
    """Raised when the announced version was replaced before it was read; the new one has its own event."""


class Fetched(NamedTuple):
    """A file's bytes, decompressed, their format, and the event of its rows."""

    content: IO[bytes]
    format: str  # the name of a format without compression
    event_time: str  # ISO 8601, UTC
    sequencer: str | None


def fetch(file: ManifestFile) -> Fetched:
    """The whole file, so that a compressed one that is cut off does not yield its first rows.

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
        # Any: copying and unpacking are typed to need a whole file, but only read forward.
        forward: Any = body
        compression = compression_of(file.format)
        if compression is None:
            content_format = format_named(file.format).name
            shutil.copyfileobj(forward, plain)
        else:
            content_format = _unpack(compression, forward, plain, file)
        if file.md5 is not None:
            body.check(file.md5)
        plain.seek(0)
        if file.items is not None:
            _check_items(plain, file.items)
        on_failure.pop_all()
        event = file if first is None or body.md5() != metadata.get(MD5) else first
        return Fetched(plain, content_format, event.event_time, event.sequencer)


def _unpack(compression: Compression, source: IO[bytes], plain: IO[bytes], file: ManifestFile) -> str:
    """Write the content of a compressed body, and return the name of its format.

    What partners send is bounded in size.
    """
    with ExitStack() as opened:
        if compression.seeks:
            forward, source = source, opened.enter_context(tempfile.SpooledTemporaryFile(max_size=IN_MEMORY))
            shutil.copyfileobj(forward, source)
            source.seek(0)
        content, name = opened.enter_context(compression.unpacked(source))
        found = format_named(file.format, name)
        if DOORS[file.door].carries == "rows":
            content = cast("Any", Bounded(content, most_unpacked(file.size), compression.title))
        shutil.copyfileobj(content, plain)
        return found.name


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
        while self.read(IN_MEMORY):  # what was left unread after the end of the content
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
    named = uncompressed(file.format) or file.format
    return UnreadableFile(
        f"{named}: expected a file that can be read, got {in_one_line(error)}; write it in another way, and "
        "drop it again"
    )


def _code_of(error: BaseException) -> str | None:
    """The error code that S3 answered with; None if the error is not from S3."""
    from botocore.exceptions import ClientError

    return error.response["Error"]["Code"] if isinstance(error, ClientError) else None
