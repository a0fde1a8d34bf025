"""Which functions have an answer here."""

from __future__ import annotations

from typing import Any

ANSWERS: list[tuple[str, list[list[Any]]]] = [
    (
        "select product_id, quantity from transactions where (product_id, quantity) in ((25671, 7))",
        [[25671, 7]],
    ),
    ("select PRODUCT_ID from Products order by Product_Id limit 1", [[25671]]),
    (
        "select if(1>2,'a') a, if(1<2,'a','b') b, case 1 when 1 then 'x' end c, coalesce(null,null,3) d, nullif('a','b') e",
        [[None, "a", "x", 3, "a"]],
    ),
    ("select 1 where 1 in (select quantity from transactions)", [[1]]),
    ("select 1 union select 2 order by 1", [[1], [2]]),
    ("select is_finite(1e0) a, is_finite(infinity()) b", [[True, False]]),
]
REFUSED = [
    ("select 1 from transactions where quantity in ('1')", "does not compare a number with a text"),
    ("select isfinite(1e0)", "Function isfinite is not supported here"),
    ("select 1; select 2", "Expected one SELECT, got 2 statements"),
    ("selec 1", "line 1, column 7, at '1'"),
]
