"""The command erase: what it asks first, and what it prints when it is interrupted."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from jobs.erasure.notes import Proof, SearchedPlace
from tests.workflows.cli.calling import call
from tests.workflows.empty_stack import empty_stack
from workflows.operations import erase as erasing

if TYPE_CHECKING:
    from workflows.operations.erase import Erasure, Progress
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

    def erase(_: Target, erasure: Erasure, progress: Progress, **options: Any) -> Proof:
        done.append(set(erasure.keys.texts))
        now = "2026-11-24T12:00:00+00:00"
        return Proof(erasure.id, "products", tuple(erasure.hashes.values()), now, now, ())

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


def test_unblocking_asks_for_the_name_too(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    on_aws(target, monkeypatch)
    monkeypatch.setattr(erasing, "unblock", lambda *_: pytest.fail("unblocked"))

    result = call("erase", "products", "7", "--lift", given="\ny\n")

    assert result.exit_code == 1
    assert "1 erased keys of products" in result.stderr


def test_yes_answers_the_question_and_without_a_terminal_nothing_is_done(
    target: Target, erased: list[set[str]]
) -> None:
    assert call("erase", "products", "7").exit_code == 2
    assert erased == []
    assert call("erase", "products", "7", "--yes").exit_code == 0
    assert erased == [{"7"}]


def test_an_interrupted_erasure_prints_its_progress_and_exits_with_130(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_job(*_: Any) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(erasing, "run_job", run_job)

    result = call("erase", "products", "7", "--yes")

    assert result.exit_code == 130
    printed = " ".join(result.stderr.split())
    assert "Done: nothing. Not done: block the keys, " in printed
    assert "No job run of it is active. The same command goes on from there." in printed


def test_json_is_the_proof_or_how_many_keys_were_unblocked(
    target: Target, erased: list[set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "unblock", lambda *_: 1)

    proof = json.loads(call("erase", "products", "7", "--yes", "--json").stdout)
    unblocked = json.loads(call("erase", "products", "7", "--lift", "--yes", "--json").stdout)

    assert (proof["dataset"], proof["is_complete"], proof["places"]) == ("products", True, [])
    assert unblocked == {"lifted": 1}


def test_an_erasure_that_is_not_complete_exits_with_1(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = "2026-11-24T12:00:00+00:00"
    left = Proof("e", "products", (), now, now, (SearchedPlace("DynamoDB", 1, None, 0, 1),))
    monkeypatch.setattr(erasing, "erase", lambda *_, **__: left)

    result = call("erase", "products", "7", "--yes")

    assert result.exit_code == 1
    assert "Not complete" in result.stdout
