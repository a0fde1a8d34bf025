"""How certificates are printed, and the advice on those that are not good."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from jobs.parity.certificates import Certificate, DriftedKeys
from tests.workflows.operations.parity_stack import COMPARED, DRIFTED, GOOD
from workflows.operations.parity import Report
from workflows.operations.parity_report import advice, certificate_table, lines


@pytest.mark.parametrize(
    ("certificate", "expected"),
    [
        (GOOD, None),
        (DRIFTED, "glueline parity things --repair"),
        (replace(DRIFTED, repaired=2), "repairs are written"),
        (
            Certificate.of(COMPARED, COMPARED.scanned_until, DriftedKeys(quarantined=("1",))),
            "glueline replay --quarantine --dataset things",
        ),
        (
            Certificate.of(COMPARED, COMPARED.scanned_until, DriftedKeys(erased=("1",))),
            "glueline erase things KEY",
        ),
    ],
)
def test_a_certificate_that_is_not_good_has_advice(certificate: Certificate, expected: str | None) -> None:
    found = advice(certificate, "dev_ops")

    assert found is None if expected is None else expected in (found or "")


def test_the_keys_are_named_and_a_long_list_is_cut() -> None:
    many = Certificate.of(
        COMPARED, COMPARED.scanned_until, DriftedKeys(missing=tuple(map(str, range(12))), extra=("x",))
    )

    (line,) = lines(Report(many))

    assert line == "things: missing 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more; extra x"


def test_items_of_no_dataset_are_counted() -> None:
    found = replace(GOOD, counts=replace(GOOD.counts, unclaimed=1200))

    assert list(lines(Report(found))) == ["things: 1,200 items of its DynamoDB table are of no dataset"]


def test_the_table_has_a_row_for_a_certificate() -> None:
    console = Console(width=130, file=io.StringIO())
    console.print(certificate_table([Report(DRIFTED)]))
    text = console.file.getvalue()  # type: ignore[attr-defined]

    assert "│ things  │ 11-24 12:00:00   │ 10    │ 12   │ 2     │ 1       │ 1     │" in text
    assert "NO" in text


def test_keys_that_were_repaired_are_named_before_those_that_still_differ() -> None:
    before, after = replace(DRIFTED, repaired=2), Certificate.of(COMPARED, COMPARED.scanned_until)

    assert list(lines(Report(after, before))) == ["things: 2 keys were restored: missing 1; extra 2"]
