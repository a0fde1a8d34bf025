"""What the API answers when it can't do what was asked: problem documents (RFC 9457)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lambdas.validation import Violation

KINDS = {
    "bad-request": (400, "The request can't be read"),
    "forbidden": (403, "The token does not permit this"),
    "not-found": (404, "There is no such thing"),
    "method-not-allowed": (405, "There is no such method here"),
    "exists": (409, "A row with this key exists"),
    "stale": (409, "A newer version is stored"),
    "exhausted": (409, "The row has no later version"),
    "erased": (410, "The key is erased"),
    "precondition-failed": (412, "The stored row is not the one expected"),
    "too-large": (413, "The content is too large"),
    "unsupported-media-type": (415, "The content is not JSON"),
    "contract-violation": (422, "The data breaks its contract"),
    "unavailable": (503, "Not written now; try again"),
}
RETRY_AFTER_SECONDS = 2


class Problem(Exception):
    """Raised when a request, or one change of a batch, can't be done. `kind` is one of KINDS.

    `allowed` has the methods that a path has.
    """

    def __init__(
        self, kind: str, detail: str, violations: Sequence[Violation] = (), allowed: Sequence[str] = ()
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.status, self.title = KINDS[kind]
        self.detail = detail
        self.violations = violations
        self.allowed = allowed

    @property
    def headers(self) -> Mapping[str, str]:
        """What goes with the document."""
        if self.kind == "unavailable":
            return {"Retry-After": str(RETRY_AFTER_SECONDS)}
        return {"Allow": ", ".join(self.allowed)} if self.allowed else {}

    def summary(self) -> dict[str, Any]:
        """For logs: what the document says, without key and values of the row, which may be of a person."""
        rules = [violation.summary() for violation in self.violations[:20]]
        return {"problem": self.kind, "status": self.status, "violations": rules}

    def document(self) -> dict[str, Any]:
        """The members of the problem document, `instance` aside."""
        document: dict[str, Any] = {
            "type": f"urn:glueline:problem:{self.kind}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.violations:
            document["violations"] = [violation._asdict() for violation in self.violations]
        return document


def unknown_dataset(dataset: str, known: Iterable[str]) -> Problem:
    """The problem of a dataset that has no contract here."""
    return Problem("not-found", f"expected one of {', '.join(sorted(known))}, got {dataset[:100]!r}")


def broken_contract(dataset: str, violations: Sequence[Violation]) -> Problem:
    """The problem of data that breaks rules of its dataset's contract."""
    return Problem("contract-violation", f"expected data as the contract of {dataset} says", violations)
