"""Parity: the certificates of each dataset over time, and what differed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from workflows.console.views.masking import HIDDEN, restricted_columns
from workflows.console.views.values import moment, number, texts, truth

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from expectations.contract import Contract

MOST_KEYS: Final = 50
_KINDS: Final = ("missing", "extra", "differing", "quarantined")


@dataclass(frozen=True, slots=True)
class CertificateLine:
    """A certificate; `differences` are kinds with their key texts, of which the first are kept."""

    dataset: str
    ok: bool
    verified_through: datetime | None
    issued_at: datetime | None
    items: int
    rows: int
    drop_only: int
    repaired: int
    drift: int
    differences: tuple[tuple[str, tuple[str, ...], int], ...]


def certificate_lines(
    rows: Iterable[Mapping[str, Any]], contracts: Mapping[str, Contract]
) -> list[CertificateLine]:
    """The rows of `statements.CERTIFICATES`; key texts are hidden if the key has a restricted column."""
    lines = []
    for row in rows:
        dataset = str(row["dataset"])
        contract = contracts.get(dataset)
        is_hidden = contract is None or not restricted_columns(contract).isdisjoint(contract.key)
        keys = {kind: texts(row[kind]) for kind in _KINDS}
        differences = tuple(
            (kind, (HIDDEN,) if is_hidden else found[:MOST_KEYS], len(found))
            for kind, found in keys.items()
            if found
        )
        lines.append(
            CertificateLine(
                dataset,
                truth(row["ok"]),
                moment(row["verified_through"]),
                moment(row["issued_at"]),
                number(row["items"]),
                number(row["rows"]),
                number(row["drop_only"]),
                number(row["repaired"]),
                sum(len(keys[kind]) for kind in ("missing", "extra", "differing")),
                differences,
            )
        )
    return lines


def newest_by_dataset(
    lines: Sequence[CertificateLine], datasets: Iterable[str]
) -> list[tuple[str, CertificateLine | None]]:
    """Each dataset with its newest certificate. `lines` have the newest first."""
    return [(name, next((one for one in lines if one.dataset == name), None)) for name in sorted(datasets)]


def drift_chart(lines: Sequence[CertificateLine]) -> dict[str, Any]:
    """A chart of the keys that differed, by certificate, in the order of time."""
    ordered = list(reversed(lines[:60]))
    return {
        "type": "bar",
        "labels": [
            f"{one.dataset} {one.verified_through:%m-%d %H:%M}" if one.verified_through else ""
            for one in ordered
        ],
        "series": [{"name": "keys that differ", "values": [one.drift for one in ordered], "tone": "bad"}],
    }
