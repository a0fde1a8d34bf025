"""Options of a JVM for the archive of Spark's classes."""

from pathlib import Path

from workflows.local.base.class_archive import use_archive, write_archive


def test_without_an_archive_a_jvm_starts_as_usual(tmp_path: Path) -> None:
    assert use_archive(tmp_path / "none.jsa") == ""


def test_an_archive_in_a_folder_with_blanks_is_read_and_written(tmp_path: Path) -> None:
    archive = tmp_path / "a b.jsa"
    written = write_archive(archive)
    archive.touch()

    assert written.startswith(f'"-XX:ArchiveClassesAtExit={archive}"')
    assert use_archive(archive).startswith(f'"-XX:SharedArchiveFile={archive}"')
