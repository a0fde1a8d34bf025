"""Zip archives with one data file. What archivers of macOS and Windows add beside it is no data file."""

import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any, cast

from jobs.reading.formats.rows import UnreadableFile, readable

_ADDED = ("thumbs.db", "desktop.ini")
_SHOWN = 5
_IS_ENCRYPTED = 0x1  # of the general purpose bits (APPNOTE.TXT, section 4.4.4)
_EARLIEST = (1980, 1, 1, 0, 0, 0)  # the same content gives the same archive
_FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError)


@contextmanager
def unpacked(source: IO[bytes]) -> Iterator[tuple[IO[bytes], str]]:
    """The content and the name of the archive's only data file. `source` has to be seekable.

    Raises UnreadableFile if there is no such file; its `read` does so if the file is damaged.
    """
    with _archive(source) as archive:
        member = _only_file(archive.infolist())
        if member.flag_bits & _IS_ENCRYPTED:
            raise UnreadableFile(
                f"zip: expected a file that can be read, got {readable(member.filename)} with a password; "
                "pack it without one"
            )
        with _opened(archive, member) as content:
            yield cast("IO[bytes]", io.BufferedReader(_Member(content))), member.filename


@contextmanager
def packed(target: IO[bytes], name: str) -> Iterator[IO[bytes]]:
    """A file of this name in a new archive; the same content gives the same bytes."""
    member = zipfile.ZipInfo(name, _EARLIEST)
    member.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(target, "w") as archive, archive.open(member, "w", force_zip64=True) as content:
        yield content


def _archive(source: IO[bytes]) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(source)
    except _FAULTS as problem:
        raise _broken(problem) from None


def _opened(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> IO[bytes]:
    try:
        return archive.open(member)
    except _FAULTS as problem:
        raise _broken(problem) from None


def _only_file(members: Sequence[zipfile.ZipInfo]) -> zipfile.ZipInfo:
    found = [member for member in members if not member.is_dir() and not _is_added(member.filename)]
    if len(found) == 1:
        return found[0]
    names = ", ".join(member.filename for member in found[:_SHOWN]) + (", …" if len(found) > _SHOWN else "")
    got = f"{len(found)} ({readable(names)[:500]}); drop them one by one" if found else "none"
    raise UnreadableFile(f"zip: expected one data file in the archive, got {got}")


def _is_added(path: str) -> bool:
    """Whether an archiver put the file beside the data."""
    name = path.rpartition("/")[2]
    return path.startswith("__MACOSX/") or name.startswith(".") or name.lower() in _ADDED


class _Member(io.RawIOBase):
    """A file of an archive, whose faults are an UnreadableFile."""

    def __init__(self, content: IO[bytes]) -> None:
        self._content: Any = content

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        try:
            return int(self._content.readinto(buffer))
        except _FAULTS as problem:
            raise _broken(problem) from None


def _broken(problem: Exception) -> UnreadableFile:
    return UnreadableFile(f"zip: expected a complete zip file, got one that can't be unpacked: {problem}")
