"""Findings of checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError, NoRegionError

from workflows.deploy.findings import Verdict, checked, fine, unknown, warning, wrong

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflows.deploy.findings import Finding


def test_a_finding_begins_with_its_verdict() -> None:
    assert str(wrong("names", "taken")) == "wrong        names: taken"
    assert warning("a", "b").to_dict() == {"verdict": "warning", "subject": "a", "message": "b"}


def test_a_check_that_aws_refuses_is_not_made_and_ends_no_other() -> None:
    def refused() -> Iterator[Finding]:
        yield fine("quota", "one")
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not you"}}, "GetQuota")

    def without_region() -> Iterator[Finding]:
        raise NoRegionError
        yield

    assert list(checked("quota", refused)) == [
        fine("quota", "one"),
        unknown("quota", "AccessDenied: not you"),
    ]
    assert [one.verdict for one in checked("quota", without_region)] == [Verdict.UNKNOWN]
