"""Integers and decimals stay exact; comparisons and arithmetic take no texts."""

from __future__ import annotations

from typing import Any

ANSWERS: list[tuple[str, list[list[Any]]]] = [
    ("select -7/2 a, -7%3 b, 7.5%2 c, mod(-7,3) d", [[-3, -1, "1.5", -1]]),
    (
        "select bitwise_and(5,3) a, bitwise_or(5,3) b, bitwise_xor(5,3) c, bitwise_not(5) d, from_base('ff',16) e, to_base(255,16) f",
        [[1, 7, 6, -6, 255, "ff"]],
    ),
    (
        "select t.a, u.b from (values (1),(2)) t(a) left join (values (1,'x')) u(k,b) on t.a=u.k order by 1",
        [[1, "x"], [2, None]],
    ),
    (
        "select round(2.567,1) a, round(-2.5e0) b, round(2.5) c, ceil(2.1) d, floor(-2.1) e, truncate(2.9e0) f, round(25,-1) g",
        [["2.600", -3.0, "3", "3", "-3", 2.0, 30]],
    ),
    ("select x from (values 1.5e0) t(x) where x/2 > 0.5", [[1.5]]),
    ("select quantity/2.0 a, quantity*1.0/3 b from transactions where quantity=7", [["3.5", "2.3"]]),
    ("select width_bucket(5, 0, 10, 5) a, greatest('a','b') b, least(1.5,2) c", [[3, "b", "1.5"]]),
    ("select * from (select quantity from transactions union all select 0) order by 1 limit 1", [[0]]),
]
REFUSED = [
    ("select 7/0", "^Division by zero$"),
    ("select 7.0/0", "^Division by zero$"),
    ("select 7 % 0", "^Division by zero$"),
    ("select 1 from transactions where status = 1", "a text with a number: CAST status or 1"),
    ("select '1' + 2", "got the text '1': CAST it"),
    ("insert into products select * from products", "only jobs write to the lake"),
]
