"""Gets one object of a manifest, exactly as its event announced it, ready to be read from its start.

Runs on Spark executors. What the object itself makes impossible (gone, archived, encrypted with a key that
the job may not use, its gzip cut off) is an `UnreadableFile` and ends in quarantine; what passes (the
network, throttling, a 5xx) is a `PassingFailure` and fails the task.
"""

import base64
import gzip
import hashlib
import shutil
import tempfile
import zlib
from contextlib import ExitStack, closing
from typing import IO, Any, NamedTuple

from jobs.intake.first_events import FROM, MD5
from jobs.intake.manifest import DROP, ManifestFile
from jobs.runtime.failures import PassingFailure, in_words, is_passing
from jobs.runtime.s3 import CONNECTIONS, s3_client

IN_MEMORY = 4 * 1024 * 1024  # bytes of one file; what is larger goes to the worker's disk
# A partner may pack a thousand times as much as it looks; real rows are some fifty times as large at most.
MOST_TIMES, SMALL = 250, 64 * 1024 * 1024
DOWNLOADS = CONNECTIONS  # at a time
SUPERSEDED = "superseded: "  # how the reason of a version begins that was replaced before it was read


class UnreadableFile(Exception):
    """Raised when a file as a whole can't be read; the message is the reason that quarantine keeps."""


class SupersededFile(UnreadableFile):
    """Raised when the announced version was replaced before it was read; the new one has its own event."""


class Fetched(NamedTuple):
    """A file's bytes, decompressed, and the time (ISO 8601, UTC) and sequencer of the event of its rows."""

    content: IO[bytes]
    event_time: str
    sequencer: str | None


def fetch(file: ManifestFile) -> Fetched:
    """The whole file: a gzip that is cut off must not yield its first rows.

    A data file of an export must be what the export's manifest says of it. The rows of an object that was
    written anew without erased rows came with their first event (`jobs.intake.first_events`).
    """
    answer = _get(file)
    said = answer.get("Metadata", {})
    first = file.first_events.get(said.get(FROM, ""))
    with ExitStack() as on_failure, closing(answer["Body"]) as received:
        plain = on_failure.enter_context(tempfile.SpooledTemporaryFile(max_size=IN_MEMORY))
        body = _Digested(received)
        # GzipFile asks for a whole file, but only ever reads forward.
        forward: Any = body
        source: Any = forward
        if file.format.endswith(".gz"):
            unpacked = gzip.GzipFile(fileobj=forward)
            most = max(SMALL, MOST_TIMES * file.size)
            source = _Bounded(unpacked, most) if file.door == DROP else unpacked
        try:
            shutil.copyfileobj(source, plain)
        except (EOFError, gzip.BadGzipFile, zlib.error) as problem:
            raise UnreadableFile(
                f"gzip: expected a complete gzip file, got one that breaks off: {problem}"
            ) from None
        if file.md5 is not None:
            body.check(file.md5)
        plain.seek(0)
        if file.items is not None:
            _check_items(plain, file.items)
        on_failure.pop_all()
        event = file if first is None or body.md5() != said.get(MD5) else first
        return Fetched(plain, event.event_time, event.sequencer)


class _Bounded:
    """A decompressed body as it is read; UnreadableFile once it has more bytes than can be meant."""

    def __init__(self, body: gzip.GzipFile, most: int) -> None:
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
        while self.read(IN_MEMORY):  # what gzip left unread behind its end
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
# Code of S3's answer -> how the reason begins, what was expected, and what to do.
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
    """Why a file can't be read, by what was raised when it was. Raises PassingFailure if that passes."""
    if isinstance(error, UnreadableFile):
        return error
    if is_passing(error):
        raise PassingFailure(f"{file.source_file}: {in_words(error)}") from error
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
        return UnreadableFile(f"{kind}: expected {expected}, got {in_words(error)}; {advice}")
    return UnreadableFile(
        f"{file.format.removesuffix('.gz')}: expected a file that can be read, got {in_words(error)}; "
        "write it in another way, and drop it again"
    )


def _code_of(error: BaseException) -> str | None:
    """The code of an error that S3 answered with; None if it did not."""
    from botocore.exceptions import ClientError

    return error.response["Error"]["Code"] if isinstance(error, ClientError) else None
