"""The results of parity: a comparison, and the certificate that is issued for it.

The JSON of these models is stored in the lake bucket (`jobs.parity.objects`), and that of a certificate also
is the row of `lake_ops.parity_results` and what `glueline parity --json` prints. On the wire, `mismatches` is
the field `suspects`: stored objects, the table's column, and scripts that read the command's output use that
name.

Standard library only: the command line reads these models too.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

_NAME = "%Y%m%dT%H%M%S.%fZ"


def object_name(verified_through: datetime) -> str:
    """The time of a comparison (UTC) as the names of objects contain it: in order of time, they sort."""
    return f"{verified_through:{_NAME}}"


@dataclass(frozen=True, slots=True)
class Counts:
    """The numbers of a comparison."""

    buckets: int
    differing_buckets: int
    mismatches: int
    items: int  # in DynamoDB, without those that are marked as deleted
    rows: int  # in the table
    drop_only: int  # rows of drops that DynamoDB does not hold
    outranked: int  # items that are older than a drop's row of their key
    unclaimed: int = 0  # items of no dataset, in a table with items of several ones

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> Self:
        """Read the counts among the fields of a comparison or certificate."""
        return cls(
            buckets=fields["buckets"],
            differing_buckets=fields["differing_buckets"],
            mismatches=fields["suspects"],
            items=fields["items"],
            rows=fields["rows"],
            drop_only=fields["drop_only"],
            outranked=fields["outranked"],
            unclaimed=fields.get("unclaimed") or 0,  # certificates of earlier versions have no such field
        )

    def to_dict(self) -> dict[str, int]:
        """The counts as fields of a comparison or certificate."""
        return {
            "buckets": self.buckets,
            "differing_buckets": self.differing_buckets,
            "suspects": self.mismatches,
            "items": self.items,
            "rows": self.rows,
            "drop_only": self.drop_only,
            "outranked": self.outranked,
            "unclaimed": self.unclaimed,
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison of a whole dataset. Its dataset and `verified_through` identify it."""

    dataset: str
    run_id: str
    verified_through: datetime  # UTC: when the scan began, which sees at least all earlier writes
    scanned_until: datetime  # UTC
    snapshot_id: int | None  # of the table; None if it has no snapshot
    counts: Counts
    in_flight: int = 0  # mismatches that were not explained when they were last checked

    @property
    def name(self) -> str:
        """The name of the comparison in names of objects."""
        return object_name(self.verified_through)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "dataset": self.dataset,
            "run_id": self.run_id,
            "verified_through": self.verified_through.isoformat(),
            "scanned_until": self.scanned_until.isoformat(),
            "snapshot_id": self.snapshot_id,
            **self.counts.to_dict(),
            "in_flight": self.in_flight,
        }

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), indent=1)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        fields: dict[str, Any] = json.loads(text)
        return cls(
            dataset=fields["dataset"],
            run_id=fields["run_id"],
            verified_through=datetime.fromisoformat(fields["verified_through"]),
            scanned_until=datetime.fromisoformat(fields["scanned_until"]),
            snapshot_id=fields["snapshot_id"],
            counts=Counts.from_dict(fields),
            in_flight=fields.get("in_flight", 0),
        )


@dataclass(frozen=True, slots=True)
class DriftedKeys:
    """The keys whose row is not what DynamoDB holds, as key texts in ascending order."""

    missing: tuple[str, ...] = ()  # in DynamoDB, not in the table
    extra: tuple[str, ...] = ()  # in the table, not in DynamoDB
    differing: tuple[str, ...] = ()  # in both, and different
    quarantined: tuple[str, ...] = ()  # different because `check` rejected the change of the item
    erased: tuple[str, ...] = ()  # erased, then written to DynamoDB again; the table does not show them

    @property
    def drift(self) -> int:
        """The number of keys that differ for no known reason."""
        return len(self.missing) + len(self.extra) + len(self.differing)

    @property
    def is_empty(self) -> bool:
        """Whether no key differs, for whatever reason."""
        return not (self.drift or self.quarantined or self.erased)


NO_DRIFT = DriftedKeys()


@dataclass(frozen=True, slots=True)
class Certificate:
    """States that a dataset's table is what DynamoDB held at `verified_through`, or which keys differ."""

    dataset: str
    verified_through: datetime  # UTC
    issued_at: datetime  # UTC
    run_id: str
    snapshot_id: int | None
    counts: Counts
    keys: DriftedKeys = NO_DRIFT
    repaired: int = 0  # keys that repairs were written for; the next certificate shows whether they helped

    @classmethod
    def of(
        cls, compared: Comparison, issued_at: datetime, keys: DriftedKeys = NO_DRIFT, repaired: int = 0
    ) -> Self:
        """The certificate of a comparison that has no change in flight any more."""
        return cls(
            dataset=compared.dataset,
            verified_through=compared.verified_through,
            issued_at=issued_at,
            run_id=compared.run_id,
            snapshot_id=compared.snapshot_id,
            counts=compared.counts,
            keys=keys,
            repaired=repaired,
        )

    @property
    def ok(self) -> bool:
        """Whether the table is what DynamoDB held."""
        return self.keys.is_empty

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "dataset": self.dataset,
            "verified_through": self.verified_through.isoformat(),
            "issued_at": self.issued_at.isoformat(),
            "run_id": self.run_id,
            "snapshot_id": self.snapshot_id,
            **self.counts.to_dict(),
            "missing": list(self.keys.missing),
            "extra": list(self.keys.extra),
            "differing": list(self.keys.differing),
            "quarantined": list(self.keys.quarantined),
            "repaired": self.repaired,
            "ok": self.ok,
            "erased": list(self.keys.erased),
        }

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), indent=1)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        fields: dict[str, Any] = json.loads(text)
        return cls(
            dataset=fields["dataset"],
            verified_through=datetime.fromisoformat(fields["verified_through"]),
            issued_at=datetime.fromisoformat(fields["issued_at"]),
            run_id=fields["run_id"],
            snapshot_id=fields["snapshot_id"],
            counts=Counts.from_dict(fields),
            keys=DriftedKeys(
                missing=tuple(fields["missing"]),
                extra=tuple(fields["extra"]),
                differing=tuple(fields["differing"]),
                quarantined=tuple(fields["quarantined"]),
                erased=tuple(fields.get("erased", ())),  # certificates of earlier versions have no such field
            ),
            repaired=fields["repaired"],
        )
