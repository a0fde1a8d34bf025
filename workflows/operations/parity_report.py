"""How `glueline parity` prints certificates: a table, the keys that differ, and what to do about them."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.table import Table

from jobs.parity.certificates import Certificate
from workflows.operations.parity import Report

KEYS_SHOWN: Final = 10
KINDS: Final = ("missing", "extra", "differing", "quarantined", "erased")


def certificate_table(reports: Sequence[Report]) -> Table:
    """A row for each certificate; `drops` are the rows that DynamoDB never held.

    The column `erased` is shown only if a dataset has erased keys that were written again, which is rare.
    """
    any_erased = any(report.certificate.keys.erased for report in reports)
    kinds = [kind for kind in KINDS if kind != "erased" or any_erased]
    counted = ("items", "rows", "drops", *kinds, "buckets", "mismatches")
    table = Table("dataset", "verified through", *counted, "parity")
    for column in table.columns:
        column.no_wrap = True
    for one in (report.certificate for report in reports):
        counts = one.counts
        table.add_row(
            one.dataset,
            f"{one.verified_through:%m-%d %H:%M:%S}",
            *(f"{count:,}" for count in (counts.items, counts.rows, counts.drop_only)),
            *(f"{len(getattr(one.keys, kind)):,}" for kind in kinds),
            f"{counts.differing_buckets}/{counts.buckets}",
            f"{counts.mismatches:,}",
            "yes" if one.ok else "NO",
        )
    return table


def lines(report: Report) -> Iterator[str]:
    """The keys that were repaired, the keys that differ, and how many items are of no dataset."""
    before = report.repaired_after
    if before is not None:
        yield f"{before.dataset}: {before.repaired} keys were restored: {_keys(before)}"
    if not report.certificate.ok:
        yield f"{report.certificate.dataset}: {_keys(report.certificate)}"
    if unclaimed := report.certificate.counts.unclaimed:
        yield f"{report.certificate.dataset}: {unclaimed:,} items of its DynamoDB table are of no dataset"


def advice(certificate: Certificate, ops_database: str) -> str | None:
    """What to do about a certificate that is not good; None if it is good."""
    dataset, keys = certificate.dataset, certificate.keys
    if keys.drift and certificate.repaired:
        return f"{dataset}: repairs are written; run glueline parity {dataset} to see whether they helped."
    if keys.drift:
        return (
            f"{dataset}: run glueline parity {dataset} --repair to restore the true items by the RAW bucket."
        )
    if keys.quarantined:
        return (
            f"{dataset}: check rejected changes that the API accepted; {ops_database}.quarantine has the "
            "reasons. Correct the items or the contract, then run "
            f"glueline replay --quarantine --dataset {dataset}."
        )
    if keys.erased:
        return (
            f"{dataset}: the source wrote items of erased keys again; the table does not show them. Erase "
            f"them again (glueline erase {dataset} KEY…), or accept their rows again with --lift."
        )
    return None


def _keys(certificate: Certificate) -> str:
    found = {kind: getattr(certificate.keys, kind) for kind in KINDS}
    return "; ".join(
        f"{kind} {', '.join(keys[:KEYS_SHOWN])}"
        + (f" and {len(keys) - KEYS_SHOWN:,} more" if len(keys) > KEYS_SHOWN else "")
        for kind, keys in found.items()
        if keys
    )
