"""CAST and TRY_CAST, and the texts that they refuse."""

from __future__ import annotations

from typing import Any

ANSWERS: list[tuple[str, list[list[Any]]]] = [
    ("select try_cast('2.5' as integer) a, try(array[1][3]) b", [[None, None]]),
    (
        "select cast(2.5 as integer) a, cast(-2.5e0 as integer) b, cast(1.005 as decimal(5,2)) c, cast(3.456e0 as decimal(5,2)) d",
        [[3, -3, "1.01", "3.46"]],
    ),
    (
        "select cast(timestamp '2017-01-01 10:00:00.5' as varchar) a, cast(date '2017-01-01' as varchar) b, cast(true as varchar) c, cast(1.50 as varchar) d",
        [["2017-01-01 10:00:00.5", "2017-01-01", "true", "1.50"]],
    ),
    (
        "select cast(current_timestamp as varchar) is not null a, current_date > date '2020-01-01' b",
        [[True, True]],
    ),
    ("select try(cast(status as integer)) a from transactions limit 1", [[None]]),
]
REFUSED = [
    ("select cast('2.5' as integer)", "^Cannot cast '2.5'$"),
    ("select cast(' 42' as bigint)", "^Cannot cast ' 42'$"),
    ("select cast('2017/01/02' as date)", "^Cannot cast '2017/01/02'$"),
    ("select cast('yes' as boolean)", "^Cannot cast 'yes'$"),
    ("select cast(1e0 as varchar)", "text of a double is not supported here"),
]
