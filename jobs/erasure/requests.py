"""Erasures in the lake bucket: their requests, notes and proofs (`jobs.erasure.notes`).

Request and notes hold keys and names of files, so they are removed when the proof is complete; the proof has
keyed hashes only. The id of an erasure is made of such hashes: a command for the same keys continues the same
erasure. Arguments of jobs, which Glue keeps and logs, hold no key.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jobs.erasure.notes import Note, Proof, Request

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True)
class Erasures:
    """The erasures of one lake bucket."""

    s3: "S3Client"
    bucket: str

    def request(self, erasure_id: str) -> Request | None:
        """Which keys are erased; None if the erasure is complete or was never requested."""
        return self._read(erasure_id, Request)

    def proof(self, erasure_id: str) -> Proof | None:
        """The proof; None if the erasure has not been proved."""
        return self._read(erasure_id, Proof)

    def note[N: Note](self, erasure_id: str, kind: type[N]) -> N:
        """The note of this kind, or an empty one."""
        return self._read(erasure_id, kind) or kind()

    def write(self, erasure_id: str, note: Note) -> None:
        """Write a note over the one of its kind."""
        self.s3.put_object(
            Bucket=self.bucket, Key=_name(erasure_id, type(note)), Body=note.to_json().encode()
        )

    def finish(self, proof: Proof) -> None:
        """Write the proof. If it is complete, remove everything else of the erasure."""
        self.write(proof.erasure_id, proof)
        if proof.is_complete:
            self.close(proof.erasure_id, Proof)

    def close(self, erasure_id: str, result: type[Note]) -> None:
        """Remove the request and all notes but the result."""
        listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=f"erase/{erasure_id}/")
        for item in listed.get("Contents", ()):
            if item["Key"] != _name(erasure_id, result):
                self.s3.delete_object(Bucket=self.bucket, Key=item["Key"])

    def _read[N: Note](self, erasure_id: str, kind: type[N]) -> N | None:
        try:
            body = self.s3.get_object(Bucket=self.bucket, Key=_name(erasure_id, kind))["Body"]
        except self.s3.exceptions.NoSuchKey:
            return None
        return kind.from_json(body.read())


def _name(erasure_id: str, kind: type[Note]) -> str:
    return f"erase/{erasure_id}/{kind.NAME}.json"
