"""Aggregates and window functions."""

from __future__ import annotations

from typing import Any

ANSWERS: list[tuple[str, list[list[Any]]]] = [
    ("select avg(x) a from (values 1.1, 1.2, 1.2) t(x)", [["1.2"]]),
    ("select sum(x) a, avg(x) b from (values 1,2) t(x)", [[3, 1.5]]),
    (
        "select count(*) n from transactions where quantity > all (select 1) and product_id = any (select product_id from products)",
        [[4]],
    ),
    (
        "select sum(quantity) filter (where week = 1) a, count(distinct status) b, sum(distinct week) c from transactions",
        [[10, 3, 10]],
    ),
    (
        "select n from (select row_number() over (order by product_id) n from products) where n <= 2 order by n",
        [[1], [2]],
    ),
    (
        "select max(quantity,2) a, min_by(status,quantity,2) b, approx_distinct(status) c, count_if(quantity>1) d, bool_and(quantity>0) e, arbitrary(week) is not null f from transactions",
        [[[7, 3], ["settled", "pending"], 3, 4, True, True]],
    ),
    (
        "select lag(quantity,1,0) over (order by sales_value) a from transactions order by sales_value limit 1",
        [[0]],
    ),
    (
        "select sum(sales_value) / 3 a, sales_value * 1.1 b from transactions group by sales_value order by 2 limit 1",
        [["0.17", "0.550"]],
    ),
    ("select array_agg(x order by x desc) filter (where x > 1) a from (values 1,2,3) t(x)", [[[3, 2]]]),
    (
        "select count(*) c from transactions where status in ('settled', 'pending') and quantity between 1 and 3",
        [[3]],
    ),
    (
        "select household_id, array_agg(distinct status order by status) s from transactions group by 1 order by 1",
        [[7, ["pending"]], [900, ["pending", "settled"]], [1228, ["corrected", "settled"]]],
    ),
    (
        "select rank() over (order by sum(quantity) desc) r, week from transactions group by week order by 1",
        [[1, 1], [2, 9]],
    ),
]
REFUSED = [
    ("select approx_percentile(quantity, 1, 0.5) from transactions", "with a value and a percentage"),
]
