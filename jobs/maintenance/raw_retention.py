"""Objects that are past their retention: what batches have read, and the batches' own objects.

An object of the RAW bucket goes with the batch that read it, and only if

* its batch is merged, and has been for as long as RAW objects are kept;
* no unfinished batch reads it again;
* certificates vouch for the time after the merge, for each dataset of the batch that was ever compared.

What goes is exactly the state (version) that the batch's manifest names: not what was put under the same name
later, nor what lies beside it. So data files of exports go as their manifests named them, from folders that
exports share. What no batch has read stays and is told of, since it is what someone should look at.

An object goes before the manifest that names it, the manifest before the marks that say the batch is merged:
a run that stops anywhere is taken up by the next one. An old object that is announced again in the minute in
which it goes is quarantined as gone.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import batched
from typing import TYPE_CHECKING, Any

from jobs.intake.batches import MANIFEST, Batches
from jobs.intake.doors import DOORS, EXPORT, EXPORT_SUMMARY, STREAM_FAILURES
from jobs.intake.export_manifest import UnreadableExport, read_files, read_summary
from jobs.intake.manifest import Manifest, ManifestFile
from jobs.maintenance.retention import Certified

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

REDRIVEN = f"{STREAM_FAILURES}redriven/"
_SUMMARY = f"/{EXPORT_SUMMARY}"
_AT_ONCE, _PER_CALL = 16, 1000


@dataclass(frozen=True, slots=True)
class Held:
    """What is left in the RAW bucket."""

    oldest: Mapping[str | None, datetime]  # by dataset, when its oldest object landed; None is any dataset
    number: int  # of objects that should be gone
    first: tuple[str, ...]  # keys of some of these

    def oldest_of(self, dataset: str) -> datetime | None:
        """When the oldest object landed that may hold changes of the dataset."""
        return min((self.oldest[name] for name in (dataset, None) if name in self.oldest), default=None)


def is_due(manifest: Manifest, merged_at: datetime, certified: Mapping[str, Certified]) -> bool:
    """Whether certificates say that nobody needs the files of an old merged batch any more."""
    datasets = {file.dataset for file in manifest.files} & certified.keys()
    return all((through := certified[name].through) is not None and through >= merged_at for name in datasets)


def remove_read(batches: Batches, until: datetime, certified: Mapping[str, Certified]) -> tuple[int, int]:
    """Delete what batches merged before that time have read, and their own objects; how many of each."""
    begun = [
        *batches.aside(),
        *batches.begun(),
    ]  # before the merged ones are listed: one that is closed meanwhile waits a day
    needed = {_state(file) for batch_id in begun for file in _files(batches, batch_id)}
    merged = {batch_id: at for batch_id, at in batches.merged_before(until).items() if batch_id not in begun}

    def remove(batch_id: str) -> tuple[int, int]:
        manifest = _manifest(batches, batch_id)
        objects = 0
        if manifest is not None:
            states = {_state(file) for file in manifest.files}
            if states & needed or not is_due(manifest, merged[batch_id], certified):
                return 0, 0
            objects = _delete(batches.s3, _versions(batches.s3, manifest.files))
        batches.forget(batch_id)
        return objects, 1

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        removed = list(pool.map(remove, merged))
    return sum(objects for objects, _ in removed), sum(number for _, number in removed)


def remove_emptied_exports(s3: "S3Client", bucket: str, until: datetime) -> int:
    """Delete manifests of exports from before that time whose data files are gone; how many objects."""
    landed = {item["Key"]: item["LastModified"] for item in _listed(s3, bucket, EXPORT.prefix)}
    removed = 0
    for key in [key for key, at in landed.items() if key.endswith(_SUMMARY) and at < until]:
        names = _data_files(s3, bucket, key)
        if names is None or not names.isdisjoint(landed):
            continue
        folder = key.removesuffix(_SUMMARY) + "/"
        parts = sorted(name for name in landed if name.startswith(folder) and "/" not in name[len(folder) :])
        # The summary last: by it the next run finds what this one may have left.
        for some in ([part for part in parts if part != key], [key]):
            removed += _delete(s3, [version for part in some for version in _all_versions(s3, bucket, part)])
    return removed


def held(s3: "S3Client", bucket: str, until: datetime) -> Held:
    """What is in the RAW bucket, old versions included; what is from before that time should be gone."""
    oldest: dict[str | None, datetime] = {}
    number, first = 0, list[str]()
    for version in _raw_versions(s3, bucket):
        key, at = version["Key"], version["LastModified"]
        dataset = None if key.startswith(STREAM_FAILURES) else key.split("/")[1]
        oldest[dataset] = min(at, oldest.get(dataset, at))
        if at < until:
            number += 1
            first = [*first, key][:5]
    return Held(oldest, number, tuple(first))


def remove_certificates(s3: "S3Client", bucket: str, until: datetime) -> int:
    """Delete what `parity/` holds from before that time, but for each dataset's newest two; how many."""
    of_folder: dict[str, list[Any]] = {}
    for item in _listed(s3, bucket, "parity/"):
        of_folder.setdefault(item["Key"].rpartition("/")[0], []).append(item)
    old = [
        (bucket, item["Key"], None)
        for items in of_folder.values()
        for item in sorted(items, key=lambda item: item["Key"])[:-2]
        if item["LastModified"] < until
    ]
    return _delete(s3, old)


type Version = tuple[str, str, str | None]  # bucket, key, version id


def _state(file: ManifestFile) -> Version:
    return file.bucket, file.key, file.version_id or file.etag


def _files(batches: Batches, batch_id: str) -> Sequence[ManifestFile]:
    manifest = _manifest(batches, batch_id)
    return manifest.files if manifest else ()


def _manifest(batches: Batches, batch_id: str) -> Manifest | None:
    return batches.manifest(batch_id) if MANIFEST in batches.steps(batch_id) else None


def _versions(s3: "S3Client", files: Iterable[ManifestFile]) -> list[Version]:
    """The versions that are the files' states. An event without a version's id leaves its content's hash."""
    found: list[Version] = []
    for file in files:
        if file.version_id:
            found.append((file.bucket, file.key, file.version_id))
        else:
            found += _all_versions(s3, file.bucket, file.key, file.etag)
    return found


def _all_versions(s3: "S3Client", bucket: str, key: str, etag: str | None = None) -> list[Version]:
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key)
    return [
        (bucket, key, version["VersionId"])
        for page in pages
        for version in page.get("Versions", ())
        if version["Key"] == key and etag in (None, version["ETag"].strip('"'))
    ]


def _raw_versions(s3: "S3Client", bucket: str) -> Iterator[Any]:
    pages = s3.get_paginator("list_object_versions")
    for prefix in (*(door.prefix for door in DOORS.values()), STREAM_FAILURES):
        for page in pages.paginate(Bucket=bucket, Prefix=prefix):
            for version in page.get("Versions", ()):
                if not version["Key"].startswith(REDRIVEN) and not version["Key"].endswith("/"):
                    yield version


def _listed(s3: "S3Client", bucket: str, prefix: str) -> Iterator[Any]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from page.get("Contents", ())


def _data_files(s3: "S3Client", bucket: str, key: str) -> set[str] | None:
    """The data files that an export names; None if it can't be read, and so is no one's to remove."""
    try:
        summary = read_summary(key, s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        manifest = s3.get_object(Bucket=bucket, Key=summary.manifest_key)["Body"].read()
        return {file.key for file in read_files(summary, manifest)}
    except (UnreadableExport, s3.exceptions.NoSuchKey):
        return None


def _delete(s3: "S3Client", versions: Collection[Version]) -> int:
    """Delete versions (or, without an id, objects); how many. One that is gone already counts as deleted."""
    by_bucket: dict[str, list[Any]] = {}
    for bucket, key, version_id in versions:
        entry = {"Key": key} if version_id is None else {"Key": key, "VersionId": version_id}
        by_bucket.setdefault(bucket, []).append(entry)
    for bucket, entries in by_bucket.items():
        for some in batched(entries, _PER_CALL, strict=False):
            answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": list(some), "Quiet": True})
            if problems := answer.get("Errors"):
                raise OSError(
                    f"expected to delete {len(some)} objects of {bucket}, S3 refused: {problems[:3]}"
                )
    return len(versions)
