"""Problem documents (RFC 9457)."""

from lambdas.data_api.problems import KINDS, Problem, broken_contract, unknown_dataset
from lambdas.validation import Violation

WEEK = Violation("/week", "maximum", "99 is greater than the maximum of 53")


def test_a_problem_becomes_its_document() -> None:
    assert broken_contract("transactions", [WEEK]).document() == {
        "type": "urn:glueline:problem:contract-violation",
        "title": "The data breaks its contract",
        "status": 422,
        "detail": "expected data that keeps the contract of transactions",
        "violations": [
            {"path": "/week", "rule": "maximum", "message": "99 is greater than the maximum of 53"}
        ],
    }
    assert "violations" not in Problem("stale", "detail").document()


def test_a_summary_has_no_values() -> None:
    assert broken_contract("transactions", [WEEK]).summary() == {
        "problem": "contract-violation",
        "status": 422,
        "violations": ["/week maximum"],
    }


def test_headers_say_when_to_retry_and_which_methods_are_allowed() -> None:
    assert Problem("unavailable", "detail").headers == {"Retry-After": "2"}
    assert Problem("method-not-allowed", "detail", allowed=("GET", "POST")).headers == {"Allow": "GET, POST"}
    assert Problem("stale", "detail").headers == {}


def test_an_unknown_dataset_names_the_known_ones() -> None:
    problem = unknown_dataset("x" * 1000, ["b", "a"])

    assert problem.status == 404
    assert problem.detail == f"expected one of a, b, got {'x' * 100!r}"


def test_every_kind_has_an_error_status() -> None:
    assert all(400 <= status < 600 and title for status, title in KINDS.values())
