"""Questions to the served API, through API Gateway, the authorizer and the indexes that `up` made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lambdas.exact_json import dumps
from tests.builders import transaction
from tests.e2e.http import http
from workflows.stack.access_token import fetch_token

if TYPE_CHECKING:
    from workflows.stack.target import Target

HOUSEHOLD = 990_042
TIMES = [
    "2026-11-01T00:00:00.5Z",
    "2026-11-01T01:00:00+02:00",
    "2026-11-01T00:00:00Z",
    "2026-11-03T00:00:00Z",
]


@pytest.fixture(scope="module")
def headers(target: Target) -> dict[str, str]:
    token = fetch_token(target, "glueline/read glueline/write glueline/delete")
    return {"authorization": f"Bearer {token}", "content-type": "application/json"}


def ask(target: Target, headers: dict[str, str], **query: str) -> Any:
    answer = http.get(
        f"{target.output('DataApiUrl')}/transactions", params=query, headers=headers, timeout=60
    )
    return answer.json() | {"code": answer.status_code}


@pytest.fixture(scope="module")
def lines(target: Target, headers: dict[str, str]) -> None:
    """Four lines of a household in this order of baskets, and one that is deleted."""
    changes = [
        {
            "dataset": "transactions",
            "op": "upsert",
            "data": transaction(
                basket_id=HOUSEHOLD + basket,
                household_id=HOUSEHOLD,
                transaction_timestamp=when,
                updated_at="2026-11-04T00:00:00Z",
            ),
        }
        for basket, when in enumerate([*TIMES, TIMES[0]], 1)
    ]
    url = target.output("DataApiUrl")
    written = http.post(f"{url}/batch", content=dumps({"changes": changes}), headers=headers)
    assert [result["status"] for result in written.json()["results"]] == ["accepted"] * 5
    deleted = http.delete(f"{url}/transactions/{HOUSEHOLD + 5},1095275", headers=headers)
    assert deleted.status_code == 204


@pytest.mark.usefixtures("lines")
def test_a_question_is_answered_in_order_page_by_page(target: Target, headers: dict[str, str]) -> None:
    query = {
        "household_id": str(HOUSEHOLD),
        "transaction_timestamp": "ge:2026-11-01",
        "order": "desc",
        "limit": "2",
    }
    first = ask(target, headers, **query, fields="basket_id")
    second = ask(target, headers, **query, fields="basket_id", next=first["next"])
    foreign = ask(target, headers, household_id=str(HOUSEHOLD), next=first["next"])

    assert first["items"] == [{"basket_id": HOUSEHOLD + 4}, {"basket_id": HOUSEHOLD + 1}]
    assert second["items"] == [{"basket_id": HOUSEHOLD + 3}]
    assert foreign["code"] == 400


def test_what_no_index_answers_is_refused_with_the_patterns(target: Target, headers: dict[str, str]) -> None:
    answer = ask(target, headers, week="3")

    assert answer["code"] == 400
    assert "by_household (household_id, optionally transaction_timestamp)" in answer["detail"]
