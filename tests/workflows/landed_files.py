"""Files that land in the RAW bucket of a test's stack, and what the intake queue then has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.intake.manifest import ManifestFile, read_message

if TYPE_CHECKING:
    from workflows.stack.target import Target

DATASETS = ("products", "transactions")


def land(target: Target, key: str, body: bytes = b"x", at: str = "2026-11-20T08:00:00+00:00") -> ManifestFile:
    """Put an object at a door. The file as a manifest names it."""
    put = target.client("s3").put_object(Bucket=target.output("RawBucket"), Key=key, Body=body)
    state = put["ETag"].strip('"'), put["VersionId"], len(body)
    door, dataset, name = key.split("/", 2)
    door_and_format = (
        dataset,
        {"drops": "drop", "stream": "stream", "exports": "export"}[door],
        name.partition(".")[2],
    )
    return ManifestFile(target.output("RawBucket"), key, *state, at, *door_and_format)


def announced(target: Target) -> list[ManifestFile]:
    """The files that the intake queue now announces."""
    found = []
    while (
        messages := target.client("sqs")
        .receive_message(QueueUrl=target.output("IntakeQueueUrl"), MaxNumberOfMessages=10)
        .get("Messages")
    ):
        found += [read_message(message["Body"], DATASETS) for message in messages]
    assert all(isinstance(file, ManifestFile) for file in found)
    return sorted((file for file in found if isinstance(file, ManifestFile)), key=lambda file: file.key)
