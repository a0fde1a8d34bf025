"""The command erase: what it asks before, and what it says when it is interrupted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from tests.workflows.cli.calling import call
from tests.workflows.empty_stack import empty_stack
from workflows.operations import erase as erasing

if TYPE_CHECKING:
    from workflows.operations.erase import Course
    from workflows.stack.target import Target


@pytest.fixture
def target(aws: str, monkeypatch: pytest.MonkeyPatch) -> Target:
    empty = empty_stack(aws)
    key = empty.client("kms").create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    stack = replace(empty, outputs=empty.outputs | {"ErasureKeyId": key["KeyMetadata"]["KeyId"]})
    monkeypatch.setattr("workflows.stack.target.connect", lambda _: stack)
    return stack


@pytest.fixture
def erased(monkeypatch: pytest.MonkeyPatch) -> list[set[str]]:
    """The keys that were erased, without doing it."""
    done: list[set[str]] = []

    def erase(_: Target, erasure: Any, course: Course, **options: Any) -> dict[str, Any]:
        done.append(set(erasure.keys.texts))
        return {"places": [], "unsearched": [], "kept": [], "is_complete": True}

    monkeypatch.setattr(erasing, "erase", erase)
    return done


def on_aws(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same, as if it were deployed on AWS."""
    deployed = replace(target, stack="orders-live", account="123456789012")
    monkeypatch.setattr("workflows.stack.target.connect", lambda _: deployed)
    monkeypatch.setattr(type(target), "is_on_aws", True)
    monkeypatch.setattr("workflows.cli.confirming.is_interactive", lambda: True)


def test_on_aws_the_stack_is_named_and_its_name_has_to_be_typed(
    target: Target, erased: list[set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    on_aws(target, monkeypatch)

    wrong = call("erase", "products", "7", "8", given="orders\n")
    right = call("erase", "products", "7", "8", given="orders-live\n")

    assert (wrong.exit_code, right.exit_code) == (1, 0)
    for part in ("orders-live", "123456789012", target.region, "2 keys of products"):
        assert part in wrong.stderr
    assert erased == [{"7", "8"}]


def test_lifting_asks_for_the_name_too(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    on_aws(target, monkeypatch)
    monkeypatch.setattr(erasing, "lift", lambda *_: pytest.fail("lifted"))

    result = call("erase", "products", "7", "--lift", given="\ny\n")

    assert result.exit_code == 1
    assert "1 erased keys of products" in result.stderr


def test_nobody_is_asked_with_yes_and_nothing_is_done_without_a_terminal(
    target: Target, erased: list[set[str]]
) -> None:
    assert call("erase", "products", "7").exit_code == 2
    assert erased == []
    assert call("erase", "products", "7", "--yes").exit_code == 0
    assert erased == [{"7"}]


def test_an_interrupted_erasure_says_how_far_it_came_and_ends_with_130(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_job(*_: Any) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(erasing, "run_job", run_job)

    result = call("erase", "products", "7", "--yes")

    assert result.exit_code == 130
    assert "Done: nothing. Not done: block the keys, " in result.stderr
    assert "No job run of it is under way. The same command goes on from there." in result.stderr
