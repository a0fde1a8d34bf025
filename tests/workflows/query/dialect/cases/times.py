"""Dates, times, intervals and time zones."""

from __future__ import annotations

from typing import Any

ANSWERS: list[tuple[str, list[list[Any]]]] = [
    (
        "select date_add('day',1,date '2017-01-31') a, date_add('month',1,date '2017-01-31') b, date_add('hour',1,timestamp '2017-01-01 10:00:00') c",
        [["2017-02-01", "2017-02-28", "2017-01-01 11:00:00"]],
    ),
    (
        "select last_day_of_month(date '2017-02-03') a, from_unixtime(0) b, to_unixtime(timestamp '1970-01-01 00:00:01') c, from_iso8601_date('2017-01-02') d",
        [["2017-02-28", "1970-01-01 00:00:00+00:00", 1.0, "2017-01-02"]],
    ),
    (
        "select date_format(timestamp '2017-01-02 15:04:05','%Y-%m-%d %H:%i:%s %W %M %e %p') a",
        [["2017-01-02 15:04:05 Monday January 2 PM"]],
    ),
    (
        "select sequence(1,5) a, sequence(5,1,-2) b, sequence(date '2017-01-01',date '2017-01-03') c, sequence(date '2017-01-01', date '2017-03-01', interval '1' month) d",
        [
            [
                [1, 2, 3, 4, 5],
                [5, 3, 1],
                ["2017-01-01", "2017-01-02", "2017-01-03"],
                ["2017-01-01", "2017-02-01", "2017-03-01"],
            ]
        ],
    ),
    (
        "with t as (select transaction_timestamp at time zone 'Europe/Berlin' as l from transactions) select cast(l as date) d, count(*) n from t group by 1 order by 1",
        [["2017-01-01", 2], ["2017-01-02", 1], ["2017-03-05", 2]],
    ),
    (
        "select date_trunc('day', transaction_timestamp at time zone 'Europe/Berlin') d, count(*) n from transactions group by 1 order by 1",
        [
            ["2017-01-01 00:00:00+01:00", 2],
            ["2017-01-02 00:00:00+01:00", 1],
            ["2017-03-05 00:00:00+01:00", 2],
        ],
    ),
    (
        "select hour(transaction_timestamp at time zone 'America/New_York') h from transactions order by 1",
        [[6], [6], [18], [23], [23]],
    ),
    (
        "select date '2017-03-01' - date '2017-01-01' a, timestamp '2017-01-01 00:00:00' + interval '1' month b, date '2017-01-31' - interval '1' day c",
        [["59 days, 0:00:00", "2017-02-01 00:00:00", "2017-01-30"]],
    ),
    (
        "select date_diff('day', timestamp '2017-03-01 23:00:00', timestamp '2017-03-02 01:00:00') a, date_diff('minute', timestamp '2017-01-01 00:00:00', timestamp '2017-01-01 00:59:59') b, date_diff('quarter', date '2017-01-01', date '2017-12-31') c, date_diff('month', date '2017-03-31', date '2017-02-28') d",
        [[0, 59, 3, -1]],
    ),
    ("select date_parse('2017-01-02','%Y-%m-%d') = timestamp '2017-01-02 00:00:00' a", [[True]]),
    (
        "select year(date '2017-05-17') * 100 + month(date '2017-05-17') a, week(date '2017-01-01') b",
        [[201705, 52]],
    ),
]
REFUSED = [
    ("select date '2017-01-01' < '2017-01-02'", "does not compare a date or timestamp with a text"),
    ("select date '2017-01-01' + 1", "takes an INTERVAL"),
    ("select strftime(now(), '%Y')", "Function strftime is not supported here"),
    ("select date_trunc('decade', date '2017-01-01')", "Unit 'decade' of date_trunc is not supported"),
    ("select date_format(now(), '%V')", "'%V' of date_format and date_parse is not supported here"),
    (
        "with t as (select if(week = 1, updated_at at time zone 'Asia/Tokyo') l from transactions) select cast(l as date) from t",
        "time zone of l is not known here",
    ),
]
