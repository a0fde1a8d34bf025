"""Batches that are not merged, as the lake bucket has them, and what retry and set_aside write there."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import boto3
import pytest

from jobs.intake.attempts import MOST, Attempts
from jobs.intake.batches import MERGED, Batches
from jobs.intake.manifest import Manifest, ManifestFile
from jobs.intake.results import CheckedBatch, MergedBatch
from tests.workflows.empty_stack import empty_stack
from workflows.operations import batches as commands

if TYPE_CHECKING:
    from workflows.stack.target import Target

BEGUN = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def target(aws: str) -> Target:
    return empty_stack(aws)


@pytest.fixture
def kept(target: Target) -> Batches:
    return Batches(target.client("s3"), target.output("LakeBucket"))


def opened(kept: Batches, batch_id: str, *datasets: str) -> Manifest:
    """An open batch with a file of each dataset."""
    files = tuple(
        ManifestFile("raw", f"drops/{name}/a.csv", "e", None, 7, BEGUN.isoformat(), name, "drop", "csv")
        for name in datasets
    )
    manifest = Manifest(batch_id, BEGUN.isoformat(), files)
    kept.open(manifest)
    return manifest


def set_aside(kept: Batches, batch_id: str, *datasets: str) -> Manifest:
    manifest = opened(kept, batch_id, *datasets)
    kept.set_aside(batch_id, "KeyError: 'a'", BEGUN)
    kept.close(batch_id)
    return manifest


def rule_state(target: Target) -> str:
    return str(boto3.client("events").describe_rule(Name=target.output("BacklogRule"))["State"])


def test_batches_are_listed_with_their_next_step_and_last_error(target: Target, kept: Batches) -> None:
    opened(kept, "b1", "products", "transactions")
    opened(kept, "b2", "products")
    kept.mark_checked(CheckedBatch("b2"))
    kept.note_attempts("b2", Attempts().after(KeyError("a"), BEGUN))
    set_aside(kept, "b3", "transactions")

    aside, first, second = commands.unmerged(target)

    assert (aside.batch_id, aside.state, aside.error) == ("b3", "set aside", "KeyError: 'a'")
    assert (first.batch_id, first.state, first.waits_for, first.files) == ("b1", "open", "check", 2)
    assert (second.batch_id, second.state, second.waits_for, second.failures) == ("b2", "failing", "merge", 1)
    assert second.error == "KeyError: '…'"
    assert [file["dataset"] for file in commands.show(target, "b1").files] == ["products", "transactions"]


def test_retry_reopens_a_batch_that_is_set_aside_under_a_new_id(target: Target, kept: Batches) -> None:
    manifest = set_aside(kept, "b1-products", "products")

    again = commands.retry(target, "b1-products")

    assert (kept.aside(), kept.begun(), list(kept.to_check())) == ([], [again], [again])
    assert kept.manifest(again).files == manifest.files
    assert kept.manifest(again).origins == ("b1-products",)
    assert MERGED in kept.steps("b1-products")  # done, so retention may remove it
    assert rule_state(target) == "ENABLED"


def test_each_retry_of_a_batch_has_another_id(target: Target, kept: Batches) -> None:
    set_aside(kept, "b1", "products")
    first = commands.retry(target, "b1")
    kept.set_aside(first, "again", BEGUN)
    kept.close(first)

    second = commands.retry(target, first)

    assert (first, second) == ("b1-retry", "b1-retry-2")
    assert kept.manifest(second).origins == ("b1-retry", "b1")


def test_a_failing_batch_that_is_retried_has_all_its_attempts(target: Target, kept: Batches) -> None:
    opened(kept, "b1", "products")
    kept.note_attempts("b1", Attempts(failures=MOST - 1, error="KeyError"))

    assert commands.retry(target, "b1") == "b1"
    assert (kept.begun(), kept.attempts("b1")) == (["b1"], Attempts())


def test_a_batch_that_is_set_aside_by_hand_has_no_attempt_left(target: Target, kept: Batches) -> None:
    opened(kept, "b1", "products")

    commands.set_aside(target, "b1", "the partner sends it again")

    attempts = kept.attempts("b1")
    assert attempts.are_used_up(datetime.now(UTC))
    assert attempts.error == "by hand: the partner sends it again"
    assert rule_state(target) == "ENABLED"


@pytest.mark.parametrize("do", [commands.show, commands.retry, partial(commands.set_aside, reason="why")])
def test_the_error_for_a_merged_or_unknown_batch_says_which_it_is(
    target: Target, kept: Batches, do: object
) -> None:
    opened(kept, "b1", "products")
    kept.mark_merged(MergedBatch("b1"))
    kept.close("b1")
    assert callable(do)

    with pytest.raises(commands.NoSuchBatch, match=r"b1 is merged.*glueline replay b1"):
        do(target, "b1")
    with pytest.raises(commands.NoSuchBatch, match=r"No batch nope .*glueline batches list"):
        do(target, "nope")
