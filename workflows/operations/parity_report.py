"""What a person reads of certificates: a table, the keys that are wrong, and what to do about them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jobs.parity.certificates import Certificate
    from workflows.operations.parity import Report

KEYS_SHOWN: Final = 10
KINDS: Final = ("missing", "extra", "differing", "quarantined", "erased")


def certificate_table(reports: Sequence[Report]) -> Table:
    """A line for each certificate; `drops` are those of the rows that DynamoDB never held.

    Few datasets ever have erased keys that came again: their column is there when one has.
    """
    any_erased = any(report.certificate.erased for report in reports)
    kinds = [kind for kind in KINDS if kind != "erased" or any_erased]
    counted = ("items", "rows", "drops", *kinds, "buckets", "suspects")
    table = Table("dataset", "verified through", *counted, "parity")
    for column in table.columns:
        column.no_wrap = True
    for one in (report.certificate for report in reports):
        table.add_row(
            one.dataset,
            f"{datetime.fromisoformat(one.verified_through):%m-%d %H:%M:%S}",
            *(f"{count:,}" for count in (one.items, one.rows, one.drop_only)),
            *(f"{len(getattr(one, kind)):,}" for kind in kinds),
            f"{one.differing_buckets}/{one.buckets}",
            f"{one.suspects:,}",
            "yes" if one.ok else "NO",
        )
    return table


def lines(report: Report) -> Iterator[str]:
    """What was repaired, and the keys that are wrong."""
    before = report.repaired_after
    if before is not None:
        yield f"{before.dataset}: {before.repaired} keys were put back: {_keys(before)}"
    if not report.certificate.ok:
        yield f"{report.certificate.dataset}: {_keys(report.certificate)}"


def advice(certificate: Certificate) -> str | None:
    """What to do about a certificate that is not good."""
    dataset = certificate.dataset
    if certificate.drift and certificate.repaired:
        return f"{dataset}: the repair is on its way; glueline parity {dataset} shows whether it healed."
    if certificate.drift:
        return f"{dataset}: glueline parity {dataset} --repair puts the true items back through the RAW door."
    if certificate.quarantined:
        return (
            f"{dataset}: check refused changes that the API took; lake_ops.quarantine has the reasons. Mend "
            f"the items or the contract, then glueline replay --quarantine --dataset {dataset}."
        )
    if certificate.erased:
        return (
            f"{dataset}: the source wrote items of erased keys again; the table does not show them. Erase "
            f"them once more (glueline erase {dataset} KEY…), or let their rows come again with --lift."
        )
    return None


def _keys(certificate: Certificate) -> str:
    found = {kind: getattr(certificate, kind) for kind in KINDS}
    return "; ".join(
        f"{kind} {', '.join(keys[:KEYS_SHOWN])}"
        + (f" and {len(keys) - KEYS_SHOWN:,} more" if len(keys) > KEYS_SHOWN else "")
        for kind, keys in found.items()
        if keys
    )
