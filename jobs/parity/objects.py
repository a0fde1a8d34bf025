"""Comparisons and certificates as objects of the lake bucket.

    parity/<dataset>/open/<time>.json   a comparison whose mismatches are not explained yet
    parity/<dataset>/<time>.json        the certificate of the comparison of that time

No import outside the standard library at start-up: the command line reads these objects too.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING

from jobs.parity.certificates import Certificate, Comparison, object_name

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_ANY_TIME = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ParityObjects:
    """The comparisons and certificates of one lake bucket."""

    s3: "S3Client"
    bucket: str

    def put_open(self, compared: Comparison) -> None:
        """Store a comparison as open, or replace what is stored of it."""
        self._put(_open_key(compared), compared.to_json())

    def close(self, compared: Comparison) -> None:
        """Remove an open comparison, after its certificate is stored."""
        self.s3.delete_object(Bucket=self.bucket, Key=_open_key(compared))

    def list_open(self, dataset: str) -> Iterator[Comparison]:
        """The open comparisons of a dataset, the oldest first."""
        for key in self._keys(f"parity/{dataset}/open/"):
            yield Comparison.from_json(self._get(key))

    def issue(self, certificate: Certificate) -> None:
        """Store a certificate under the time of its comparison."""
        name = object_name(certificate.verified_through)
        self._put(f"parity/{certificate.dataset}/{name}.json", certificate.to_json())

    def issued(self, dataset: str, since: datetime) -> Iterator[Certificate]:
        """The certificates of comparisons that began at `since` or later, the oldest first."""
        prefix = f"parity/{dataset}/"
        for key in self._keys(prefix, f"{prefix}{object_name(since.astimezone(UTC))}"):
            if "/" not in key.removeprefix(prefix):
                yield Certificate.from_json(self._get(key))

    def first_compared(self, dataset: str) -> datetime | None:
        """When the oldest comparison began that is open or has a certificate; None if there is none."""
        opened = [one.verified_through for one in islice(self.list_open(dataset), 1)]
        issued = [one.verified_through for one in islice(self.issued(dataset, _ANY_TIME), 1)]
        return min(opened + issued, default=None)

    def _keys(self, prefix: str, after: str = "") -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=prefix, StartAfter=after
        )
        return [item["Key"] for page in pages for item in page.get("Contents", ())]

    def _put(self, key: str, text: str) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=text.encode())

    def _get(self, key: str) -> bytes:
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()


def _open_key(compared: Comparison) -> str:
    return f"parity/{compared.dataset}/open/{compared.name}.json"
