"""What `glueline erase` prints."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from rich.console import Console

from jobs.erasure.notes import Proof, SearchedPlace
from workflows.operations.dead_letters import DeadLetter
from workflows.operations.erase_report import dead_letters_report, proof_report

PROOF = Proof("e", "entities", ("hash of 7",), "2026-11-24T12:00:00+00:00", "2026-11-24T13:00:00+00:00", ())


def test_the_report_of_a_proof_names_everything_that_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    place = SearchedPlace("RAW", searched=1200, rows=5000, removed=3, found=1, note="[2 in drops/]")
    console = Console(width=100)

    console.print(
        proof_report(
            replace(PROOF, places=(place,), unsearched=("s3://raw/x: gzip",), kept=("logs",)), "dev_ops"
        )
    )

    shown = capsys.readouterr().out
    texts = (
        "1,200",
        "5,000",
        "[2 in drops/]",
        "not searched: s3://raw/x: gzip",
        "stays: logs",
        "Not complete",
    )
    assert [text for text in texts if text not in shown] == []


def test_the_report_of_a_complete_proof_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    Console(width=100).print(proof_report(PROOF, "dev_ops"))

    assert "Nothing is left. The proof is in dev_ops.erasures." in capsys.readouterr().out


def test_dead_letters_are_listed_with_time_and_reason(capsys: pytest.CaptureFixture[str]) -> None:
    sent = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)
    letter = DeadLetter("m1", "contract", "entities", sent, "{}", "receipt", "0")

    Console(width=100).print(dead_letters_report([letter]))

    assert capsys.readouterr().out.strip() == "dead letter m1 of 2026-11-24 12:30: contract"
