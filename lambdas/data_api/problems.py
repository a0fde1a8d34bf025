"""The problem documents (RFC 9457) with which the API answers requests that it does not carry out."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from expectations.contract import Contract
from expectations.problems import GluelineError
from lambdas.validation import Violation

KINDS = {
    "bad-request": (400, "The request is not valid"),
    "forbidden": (403, "The token does not permit the request"),
    "not-found": (404, "Not found"),
    "method-not-allowed": (405, "The path does not support this method"),
    "read-only": (405, "The dataset is read-only"),
    "exists": (409, "A row with this key exists"),
    "stale": (409, "A newer version is stored"),
    "exhausted": (409, "No later version is possible"),
    "in-flight": (409, "A request with this idempotency key is being carried out"),
    "erased": (410, "The key is erased"),
    "expired": (410, "Changes of that time are not kept"),
    "precondition-failed": (412, "The stored row does not match the precondition"),
    "too-large": (413, "The content is too large"),
    "unsupported-media-type": (415, "The content is not JSON"),
    "contract-violation": (422, "The data breaks its contract"),
    "key-reused": (422, "The idempotency key belongs to another request"),
    "unavailable": (503, "The service is unavailable; try again later"),
}
RETRY_AFTER_SECONDS = 2


class Problem(GluelineError):
    """Raised when a request, or one change of a batch, is not carried out. `kind` is one of KINDS.

    `allowed` lists the methods of the path if the method is not one of them.
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
        """The headers of the answer, besides its content type."""
        if self.kind in ("unavailable", "in-flight"):
            return {"Retry-After": str(RETRY_AFTER_SECONDS)}
        return {"Allow": ", ".join(self.allowed)} if self.allowed else {}

    def summary(self) -> dict[str, Any]:
        """The problem for logs, without key and values of the row, which may be personal data."""
        rules = [violation.summary() for violation in self.violations[:20]]
        return {"problem": self.kind, "status": self.status, "violations": rules}

    def document(self) -> dict[str, Any]:
        """The members of the problem document, without `instance`."""
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
    """The problem of a dataset without a contract."""
    return Problem("not-found", f"expected one of {', '.join(sorted(known))}, got {dataset[:100]!r}")


def read_only(contract: Contract) -> Problem:
    """The problem of a write to a dataset whose table others own."""
    place = f"items of the table {contract.table_name('')}, which others write"
    detail = f"the rows of {contract.dataset} are {place}: write them there"
    return Problem("read-only", detail, allowed=("GET",))


def broken_contract(dataset: str, violations: Sequence[Violation]) -> Problem:
    """The problem of data that breaks rules of its dataset's contract."""
    return Problem("contract-violation", f"expected data that keeps the contract of {dataset}", violations)
