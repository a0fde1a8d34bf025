"""Removes objects that are past their retention: what batches have read, and the batches' own objects.

An object of the RAW bucket is removed with the batch that read it, and only if

* its batch is merged, and has been for as long as RAW objects are kept;
* no unfinished batch reads the object again;
* certificates cover the time after the merge, for each dataset of the batch that was ever compared.

Exactly the state (version) that the batch's manifest names is removed, not what was stored under the same
name later, and nothing beside it. So data files of exports are removed as their manifests name them, from
folders that exports share. Objects that no batch has read stay and are reported, since an operator should
look at them.

An object is removed before the manifest that names it, and the manifest before the objects that mark the
batch as merged: a run that stops anywhere is continued by the next one. If an old object is announced again
in the minute in which it is removed, its row in quarantine says that it is gone."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from jobs.intake.batches import MANIFEST, Batches
from jobs.intake.doors import DOORS, EXPORT, EXPORT_SUMMARY, OF_TABLE, STREAM_FAILURES
from jobs.intake.export_manifest import UnreadableExport, read_files, read_summary
from jobs.intake.manifest import Manifest, ManifestFile
from jobs.maintenance.object_versions import (
    ObjectVersion,
    delete_versions,
    list_objects,
    list_versions,
    versions_of,
)
from jobs.parity.certified import Certified

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

REDRIVEN = f"{STREAM_FAILURES}redriven/"
_SUMMARY = f"/{EXPORT_SUMMARY}"
_BATCHES_AT_ONCE = 16
_CERTIFICATES_KEPT = 2  # of each dataset, whatever their age


@dataclass(frozen=True, slots=True)
class RemainingObjects:
    """The objects that are left in the RAW bucket."""

    oldest: Mapping[str | None, datetime]  # when each dataset's oldest object landed; None is any dataset
    overdue: int  # objects that are past their retention
    first_overdue: tuple[str, ...]  # the keys of some of them

    def oldest_of(self, dataset: str) -> datetime | None:
        """When the oldest object landed that may contain changes of the dataset."""
        return min((self.oldest[name] for name in (dataset, None) if name in self.oldest), default=None)


def is_due(manifest: Manifest, merged_at: datetime, certified: Mapping[str, Certified]) -> bool:
    """Whether certificates cover the merge of a batch, for each of its datasets that was ever compared."""
    datasets = {file.dataset for file in manifest.files} & certified.keys()
    return all((through := certified[name].through) is not None and through >= merged_at for name in datasets)


def remove_read(batches: Batches, until: datetime, certified: Mapping[str, Certified]) -> tuple[int, int]:
    """Delete what batches merged before `until` have read, and the batches' objects; the number of each."""
    # Before the merged batches are listed: a batch that is closed in between is removed by the next run.
    begun = [*batches.aside(), *batches.begun()]
    needed = {_state(file) for batch_id in begun for file in _files(batches, batch_id)}
    merged = {batch_id: at for batch_id, at in batches.merged_before(until).items() if batch_id not in begun}

    def remove(batch_id: str) -> tuple[int, int]:
        manifest = _manifest(batches, batch_id)
        objects = 0
        if manifest is not None:
            states = {_state(file) for file in manifest.files}
            if states & needed or not is_due(manifest, merged[batch_id], certified):
                return 0, 0
            versions = [version for file in manifest.files for version in _versions(batches.s3, file)]
            objects = delete_versions(batches.s3, versions)
        batches.forget(batch_id)
        return objects, 1

    with ThreadPoolExecutor(_BATCHES_AT_ONCE) as pool:
        removed = list(pool.map(remove, merged))
    return sum(objects for objects, _ in removed), sum(number for _, number in removed)


def remove_emptied_exports(s3: "S3Client", bucket: str, until: datetime) -> int:
    """Delete the manifests of exports older than `until` whose data files are gone; the number of objects."""
    landed = {item["Key"]: item["LastModified"] for item in list_objects(s3, bucket, EXPORT.prefix)}
    removed = 0
    for key in [key for key, at in landed.items() if key.endswith(_SUMMARY) and at < until]:
        names = _data_files(s3, bucket, key)
        if names is None or not names.isdisjoint(landed):
            continue
        folder = key.removesuffix(_SUMMARY) + "/"
        parts = sorted(name for name in landed if name.startswith(folder) and "/" not in name[len(folder) :])
        # The summary is deleted last: by it, the next run finds what this run may have left.
        for some in ([part for part in parts if part != key], [key]):
            removed += delete_versions(s3, [one for part in some for one in versions_of(s3, bucket, part)])
    return removed


def remaining_objects(s3: "S3Client", bucket: str, until: datetime) -> RemainingObjects:
    """What is in the RAW bucket, old versions included; what is older than `until` is overdue."""
    oldest: dict[str | None, datetime] = {}
    overdue, first = 0, list[str]()
    for version in _raw_versions(s3, bucket):
        key, at = version["Key"], version["LastModified"]
        folder = key.split("/")[1]
        dataset = None if key.startswith(STREAM_FAILURES) or folder.startswith(OF_TABLE) else folder
        oldest[dataset] = min(at, oldest.get(dataset, at))
        if at < until:
            overdue += 1
            first = [*first, key][:5]
    return RemainingObjects(oldest, overdue, tuple(first))


def remove_certificates(s3: "S3Client", bucket: str, until: datetime) -> int:
    """Delete objects in `parity/` older than `until`, but not each dataset's newest two; their number."""
    by_folder: dict[str, list[Any]] = {}
    for item in list_objects(s3, bucket, "parity/"):
        by_folder.setdefault(item["Key"].rpartition("/")[0], []).append(item)
    old = [
        ObjectVersion(bucket, item["Key"])
        for items in by_folder.values()
        for item in sorted(items, key=lambda item: item["Key"])[:-_CERTIFICATES_KEPT]
        if item["LastModified"] < until
    ]
    return delete_versions(s3, old)


def _state(file: ManifestFile) -> tuple[str, str, str]:
    return file.bucket, file.key, file.version_id or file.etag


def _files(batches: Batches, batch_id: str) -> Sequence[ManifestFile]:
    manifest = _manifest(batches, batch_id)
    return manifest.files if manifest else ()


def _manifest(batches: Batches, batch_id: str) -> Manifest | None:
    return batches.manifest(batch_id) if MANIFEST in batches.steps(batch_id) else None


def _versions(s3: "S3Client", file: ManifestFile) -> Iterator[ObjectVersion]:
    """The versions that are the file's state. A file without a version's id has the hash of its content."""
    if file.version_id:
        yield ObjectVersion(file.bucket, file.key, file.version_id)
    else:
        yield from versions_of(s3, file.bucket, file.key, file.etag)


def _raw_versions(s3: "S3Client", bucket: str) -> Iterator[Any]:
    for prefix in (*(door.prefix for door in DOORS.values()), STREAM_FAILURES):
        for version in list_versions(s3, bucket, prefix):
            if not version["Key"].startswith(REDRIVEN) and not version["Key"].endswith("/"):
                yield version


def _data_files(s3: "S3Client", bucket: str, key: str) -> set[str] | None:
    """The data files that an export names; None if it cannot be read, and so must not be removed."""
    try:
        summary = read_summary(key, s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        manifest = s3.get_object(Bucket=bucket, Key=summary.manifest_key)["Body"].read()
        return {file.key for file in read_files(summary, manifest)}
    except (UnreadableExport, s3.exceptions.NoSuchKey):
        return None
