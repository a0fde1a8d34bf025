"""The doors: the channels by which data comes into the RAW bucket, and what each of them takes.

From this registry follow the objects that a batch reads (`jobs.intake.manifest`), how they are parsed
(`jobs.doors.parsers`), what an erasure searches (`jobs.erasure.raw_versions`) and what retention removes
(`jobs.maintenance.raw_retention`). The event rule and the roles of `workflows/template.yaml` and the writers
outside of the jobs (the forwarder, exports) are tested against it.

A file format is known here by its name alone: `jobs.reading.formats` has its code.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

from expectations.contract import Contract
from expectations.problems import ContractError

JSON_LINES_GZ = "jsonl.gz"
# The formats of dropped files; a compression may be behind each (`csv.gz`).
_DROPPED = ("avro", "csv", "json", "jsonl", "orc", "parquet", "xlsx")
COMPRESSIONS = ("bz2", "gz", "xz", "zip", "zst")
EXPORT_SUMMARY = "manifest-summary.json"
# The exports of a table with items of several datasets are in a folder of the table, `exports/table=<name>/`.
# No dataset is named so.
OF_TABLE = "table="
STREAM_FAILURES = "aws/lambda/"  # stream batches that Lambda gave up: in the RAW bucket too, but not a door


@dataclass(frozen=True, slots=True)
class Door:
    """One channel of ingestion."""

    name: str  # `_source` of its changes, and `door` in manifests, receipts and metrics
    prefix: str  # of its objects in the RAW bucket: `<prefix><dataset>/…`
    # Records are DynamoDB items, which carry their position in the order of changes. Rows come in files of
    # partners: not trusted, and ordered by the time of the file's event if there is no sequence column.
    carries: Literal["records", "rows"]
    # How the names of its files end, in lower case -> the format of their content. Without the dot in front.
    formats: Mapping[str, str] = field(hash=False)
    # Whether its changes are new when they arrive, so that their way to the table is measured as freshness.
    is_live: bool
    # The name of the object that lists a group of files and announces it; None if each file is announced.
    listed_by: str | None = None

    def folder(self, dataset: str) -> str:
        """Where the dataset's objects are."""
        return f"{self.prefix}{dataset}/"

    def format_of(self, key: str) -> str | None:
        """The format of the file with this key; None if the door takes no file of this name."""
        name = key.rpartition("/")[2].lower()
        return next((form for ending, form in self.formats.items() if name.endswith(f".{ending}")), None)

    @property
    def names(self) -> str:
        """How its files are named, for people."""
        plain = [ending for ending in self.formats if ending.rpartition(".")[2] not in COMPRESSIONS]
        behind = {ending.rpartition(".")[2] for ending in self.formats if ending.partition(".")[0] in plain}
        packed = sorted(behind & {*COMPRESSIONS})
        if not packed:
            return f"*.{', *.'.join(self.formats)}"
        return f"*.{', *.'.join(plain)}, or one of these with .{', .'.join(packed)} behind"


def _compressed(formats: Iterable[str]) -> Iterator[str]:
    return (f"{name}.{compression}" for name in formats for compression in COMPRESSIONS)


STREAM = Door("stream", "stream/", "records", {JSON_LINES_GZ: JSON_LINES_GZ}, is_live=True)
DROP = Door(
    "drop",
    "drops/",
    "rows",
    # The file inside of a zip archive names its format.
    {name: name for name in (*_DROPPED, *_compressed(_DROPPED), "zip")},
    is_live=True,
)
EXPORT = Door(
    "export",
    "exports/",
    "records",
    {"json.gz": JSON_LINES_GZ},  # DynamoDB calls its JSON Lines so
    is_live=False,
    listed_by=EXPORT_SUMMARY,
)
REPAIR = Door("repair", "repairs/", "records", {JSON_LINES_GZ: JSON_LINES_GZ}, is_live=False)

DOORS: dict[str, Door] = {door.name: door for door in (STREAM, DROP, EXPORT, REPAIR)}


def export_folder(contract: Contract) -> str:
    """Where the exports of the dataset's table are: in a folder of the dataset, or of the table."""
    shared = OF_TABLE + contract.table_name("")
    return EXPORT.folder(shared if contract.table.entity else contract.dataset)


def is_of_table(key: str) -> bool:
    """Whether the key, or prefix, is one of an export that is read once for each of several datasets."""
    return key.startswith(EXPORT.folder(OF_TABLE).rstrip("/"))


def datasets_of_folders(
    contracts: Mapping[str, Contract], messages: Iterable[str]
) -> dict[str, tuple[str, ...]]:
    """Name of a folder of a door -> the datasets whose rows are in its objects.

    The contracts are read, which takes long for many, only if a message may be about the folder of a table.
    One that can't be read is a failure of its own dataset, later.
    """
    found: dict[str, tuple[str, ...]] = {dataset: (dataset,) for dataset in contracts}
    # Without `=`, which a message may have percent-encoded.
    if not any(EXPORT.folder(OF_TABLE).rstrip("=/") in message for message in messages):
        return found
    for dataset in sorted(contracts):
        with suppress(ContractError):
            contract = contracts[dataset]
            if contract.table.entity:
                folder = OF_TABLE + contract.table_name("")
                found[folder] = (*found.get(folder, ()), dataset)
    return found


def door_of(key: str) -> Door | None:
    """The door whose object has this key; None if it lies elsewhere."""
    return next((door for door in DOORS.values() if key.startswith(door.prefix)), None)


def live_doors() -> list[str]:
    """The names of the doors whose changes are new when they arrive."""
    return [door.name for door in DOORS.values() if door.is_live]


def doors_of_rows() -> list[str]:
    """The names of the doors that carry rows of partners' files."""
    return [door.name for door in DOORS.values() if door.carries == "rows"]
