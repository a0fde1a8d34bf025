"""What stands around expressions: UNNEST, LATERAL, FETCH, joins."""

from __future__ import annotations

from typing import Any

ANSWERS: list[tuple[str, list[list[Any]]]] = [
    (
        "select count(*) from transactions t, lateral (select p.brand from products p where p.product_id=t.product_id) q",
        [[5]],
    ),
]
REFUSED = [
    ("select * from transactions qualify row_number() over () = 1", "not valid SQL in Athena's dialect"),
    ("select x from (values 1) t(x) fetch first 1 rows with ties", "takes an ORDER BY"),
]
