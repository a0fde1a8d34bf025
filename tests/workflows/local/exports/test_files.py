"""The files of exports, as a strict reader accepts them."""

from hypothesis import given
from hypothesis import strategies as st

from tests.workflows.local.exports.builders import ITEM, NOW, ExportedTable, record, window


def test_an_empty_file_has_the_checksums_it_has_on_aws() -> None:
    table = ExportedTable().enable()

    read = table.read(table.finish(table.export()))

    assert {(file["itemCount"], file["md5Checksum"], file["etag"]) for file in read.files} == {
        (0, "FjvgqIxwymKf1RbbqtrZag==", "7deb4078f238dd87d6af0538152c04e9-1")
    }


@given(st.sets(st.text(min_size=1, max_size=3), max_size=40))
def test_every_export_is_readable_and_has_several_files_of_which_one_is_empty(keys: set[str]) -> None:
    table = ExportedTable(*({"_key": {"S": key}} for key in keys)).enable()

    read = table.read(table.finish(table.export(S3Prefix="p/")))

    assert {line["Item"]["_key"]["S"] for line in read.lines} == keys
    assert len(read.files) == 4
    assert 0 in [file["itemCount"] for file in read.files]


def test_the_summary_is_written_last_so_that_a_reader_can_wait_for_it() -> None:
    table = ExportedTable(ITEM).enable()
    table.finish(table.export())

    names = [key.rpartition("/")[2] for key in table.bucket.objects]

    assert names[0] == "_started"
    assert all(name.endswith(".json.gz") for name in names[1:5])
    assert names[5:] == [
        *("manifest-files.json", "manifest-files.md5", "manifest-summary.json", "manifest-summary.md5")
    ]


def test_incremental_exports_share_a_data_folder_and_their_manifests_name_their_files() -> None:
    at = int(NOW) * 1000
    changes = (
        record(at, "a", None, {"_key": {"S": "a"}}),
        record(at + 1000, "b", None, {"_key": {"S": "b"}}),
    )
    table = ExportedTable(records=changes).enable()
    table.now += 60
    start = int(NOW)

    first = table.finish(table.export(**window(start, start + 1, "NEW_IMAGE")))
    second = table.finish(table.export(**window(start + 1, start + 2, "NEW_IMAGE")))

    assert [line["Keys"]["_key"]["S"] for line in table.read(first).lines] == ["a"]
    assert [line["Keys"]["_key"]["S"] for line in table.read(second).lines] == ["b"]
    assert sum(key.startswith("AWSDynamoDB/data/") for key in table.bucket.objects) == 8
