"""Hostile files of text: headers, rows, values, encodings, and timestamps in every form."""

from datetime import UTC, datetime

from tests.hostile.drops import (
    ANOTHER_HEADER,
    GOOD,
    GOOD_JSON,
    HEADER,
    NO_HEADER,
    NO_OBJECT,
    NOT_JSON,
    TWICE,
    HostileFile,
    made,
    not_of_type,
    stored,
)

STORED = [
    stored("formulas.csv", "cells that a spreadsheet would run: kept as the texts they are", (1, 2, 3, 4)),
    stored("quoted_newlines.csv", "commas, quotes and line ends within quotes", (1, 2)),
    stored("reordered_header.csv", "columns in another order, optional ones left out", (1, 2)),
    stored("camel_case_header.csv", "column names in camelCase", (1,)),
    stored("header_twice.csv", "a column twice", (), {None: f"{ANOTHER_HEADER}twice: product_id"}),
    stored(
        "header_twice_by_alias.csv",
        "a column twice, once in camelCase",
        (),
        {None: f"{ANOTHER_HEADER}twice: product_id"},
    ),
    stored(
        "header_missing.csv",
        "a column missing that every row needs",
        (),
        {None: f"{ANOTHER_HEADER}missing: manufacturer_id"},
    ),
    stored(
        "header_unknown.csv",
        "a column that the contract lacks",
        (),
        {None: f"{ANOTHER_HEADER}unknown: colour"},
    ),
    stored("header_in_capitals.csv", "column names in capitals", (), {None: f"{NO_HEADER}PRODUCT_ID, "}),
    stored("no_header.csv", "rows without a header", (), {None: f"{NO_HEADER}1, 2, GROCERY, "}),
    stored("header_only.csv", "a header without rows"),
    stored("semicolons.csv", "semicolons for commas", (), {None: f"{NO_HEADER}product_id;manufacturer_id"}),
    stored("web_page.csv", "a web page that says 404", (), {None: f"{NO_HEADER}<html>"}),
    stored(
        "ragged.csv",
        "rows with too few and too many fields",
        (3,),
        {1: "csv: expected 7 fields, got 6", 2: "csv: expected 7 fields, got 9"},
    ),
    stored(
        "quote_never_closed.csv",
        "a quote that is opened and never closed",
        (1, 3),
        {2: 'csv: expected a second " that closes the field, got none (line 3)'},
    ),
    stored(
        "stray.csv",
        "an inch mark in a quoted field",
        (1, 3, 4),
        {2: "csv: expected ',' or a line end behind the \" that closes a field, got more text"},
    ),
    stored(
        "stray_first.csv",
        "an inch mark in a quoted field of the first row",
        (2, 3),
        {1: "csv: expected ',' or a line end behind the \" that closes a field, got more text"},
    ),
    stored("empty_columns.csv", "empty columns that a spreadsheet keeps", (1,)),
    stored("empty_rows.csv", "empty rows that a spreadsheet keeps", (1,)),
    stored("sep.csv", "the line that tells Excel the delimiter", (1,)),
    stored(
        "unnamed_column.csv",
        "a column without a name that has a value",
        (),
        {None: "header: expected a name for each column, got none for column 8, which has 'fresh' in line 3"},
    ),
    stored(
        "mixed_types.csv",
        "texts, fractions and other notations for numbers",
        (6,),
        {
            1: not_of_type("product_id", "one"),
            2: not_of_type("manufacturer_id", "2.5"),
            3: not_of_type("manufacturer_id", "true"),
            4: not_of_type("manufacturer_id", "0x10"),
            5: not_of_type("manufacturer_id", "1,000"),
        },
    ),
    stored(
        "overflow.csv",
        "numbers at and beyond the limits of a long",
        (2, 6),
        {
            1: not_of_type("product_id", "9223372036854775808"),
            3: not_of_type("product_id", "-9223372036854775809"),
            4: not_of_type("product_id", "1e400"),
            5: not_of_type("product_id", "NaN"),
            7: "product_id.range: ",
        },
    ),
    stored(
        "ops.csv",
        "an op that is a typo, a delete without key",
        (1, 2),
        {
            3: "op: expected upsert or delete, got 'remove'",
            4: "key: column product_id: expected a value, got none",
        },
    ),
    stored("names_twice.jsonl", "a name twice in an object", (3,), {1: TWICE, 2: TWICE}),
    stored(
        "two_on_a_line.jsonl",
        "two objects on a line, of which many readers take the first",
        (4,),
        {1: NOT_JSON, 2: NOT_JSON, 3: NOT_JSON},
    ),
    stored(
        "an_array_over_lines.jsonl",
        "a JSON array, one element on each line",
        (),
        {None: "json: expected one JSON object on each line, got an array"},
    ),
    stored(
        "no_json_that_readers_take.jsonl",
        "single quotes, NaN, Infinity, leading zeros",
        (6,),
        {1: NOT_JSON, 2: NOT_JSON, 3: NOT_JSON, 4: NOT_JSON, 5: NOT_JSON},
    ),
    stored(
        "no_objects.jsonl",
        "lists, texts, numbers, null, an empty object, a cut off one",
        (8,),
        {
            1: NO_OBJECT,
            2: NO_OBJECT,
            3: NO_OBJECT,
            4: NO_OBJECT,
            7: NOT_JSON,
            6: "key: column product_id: expected a value, got none",
        },
    ),
    stored(
        "other_types.jsonl",
        "lists and objects for numbers and texts",
        (5, 7),
        {
            1: not_of_type("product_id", "[1]"),
            2: not_of_type("product_id", '{"a":1}'),
            3: not_of_type("package_size", '{"lb":22}', "string"),
            4: not_of_type("package_size", '["22"]', "string"),
            6: not_of_type("product_id", "true"),
        },
    ),
    stored(
        "escapes.jsonl",
        "escaped null byte, half of a surrogate pair, a whole one, direction marks",
        (1, 3, 4),
        {2: "encoding: expected text, got half of a surrogate pair"},
    ),
    stored(
        "huge_numbers.jsonl",
        "numbers beyond a long and beyond a double",
        (3, 5),
        {
            1: not_of_type("product_id", "1e400"),
            2: not_of_type("product_id", "9" * 38),
            4: not_of_type("product_id", "1.5"),
        },
    ),
]

ENCODINGS = [
    made("bom.csv", "a byte order mark", "\ufeff" + GOOD, (1, 2)),
    made("bom.jsonl", "a byte order mark", "\ufeff" + GOOD_JSON, (1,)),
    made("crlf.csv", "line ends of Windows", GOOD.replace("\n", "\r\n"), (1, 2)),
    made("crlf.jsonl", "line ends of Windows", GOOD_JSON.replace("\n", "\r\n"), (1,)),
    made("cr.csv", "line ends of an old Macintosh", GOOD.replace("\n", "\r"), (1, 2)),
    made("no_last_line_end.csv", "no line end behind the last row", GOOD.rstrip(), (1, 2)),
    made(
        "utf16.csv",
        "UTF-16 with its mark",
        GOOD.encode("utf-16"),
        (1, 2),
    ),
    made(
        "utf16.jsonl",
        "UTF-16 with its mark",
        GOOD_JSON.encode("utf-16"),
        (),
        {None: "encoding: expected UTF-8, got UTF-16"},
    ),
    made(
        "utf32.csv",
        "UTF-32 with its mark",
        GOOD.encode("utf-32"),
        (1, 2),
    ),
    made("utf16_without_mark.csv", "UTF-16 without a mark", GOOD.encode("utf-16-be"), (), {None: NO_HEADER}),
    made(
        "latin1.csv",
        "Latin-1 in one row",
        f"{GOOD}3,2,CAFÉ,National,A,B,C\n".encode("latin-1"),
        (1, 2),
        {3: "encoding: expected UTF-8, got byte 0xc9 in column department, which looks like cp1252; declare"},
    ),
    made(
        "latin1_header.csv",
        "Latin-1 in the header",
        f"größe,{HEADER}\n".encode("latin-1"),
        (),
        {None: f"{ANOTHER_HEADER}unknown: gr\\xf6\\xdfe"},
    ),
    made(
        "latin1.jsonl",
        "Latin-1 in one row",
        GOOD_JSON.encode() + '{"brand":"Né"}\n'.encode("latin-1"),
        (1,),
        {2: "encoding: expected UTF-8"},
    ),
    made(
        "cut_character.jsonl",
        "a character cut off in the middle",
        GOOD_JSON.encode() + b'{"brand":"\xf0\x9f\x8d"}\n',
        (1,),
        {2: "encoding: expected UTF-8"},
    ),
    made(
        "overlong.jsonl",
        "a slash as overlong UTF-8",
        GOOD_JSON.encode() + b'{"brand":"\xc0\xaf"}\n',
        (1,),
        {2: "encoding: expected UTF-8"},
    ),
    made("null_bytes.csv", "null bytes in a text", GOOD.replace("1 LB", "1\0LB"), (1, 2)),
    made(
        "null_bytes.jsonl",
        "a raw null byte in a text",
        GOOD_JSON + GOOD_JSON.replace("GRO", "GRO\0"),
        (1,),
        {2: NOT_JSON},
    ),
]

SOLD = (
    "basket_id,product_id,household_id,store_id,quantity,sales_value,retail_disc,coupon_disc,"
    "coupon_match_disc,week,transaction_timestamp,updated_at"
)
TIMES = {  # a time -> what is wrong with it, and the instant if it is taken all the same
    "2017-03-01T10:00:00": ("no zone", datetime(2017, 3, 1, 10, tzinfo=UTC)),
    "2017-03-01T10:00:00z": ("a small z", datetime(2017, 3, 1, 10, tzinfo=UTC)),
    "2017-03-01t10:00:00Z": ("a small t", datetime(2017, 3, 1, 10, tzinfo=UTC)),
    "2017-03-01 10:00": ("a blank, and no seconds", datetime(2017, 3, 1, 10, tzinfo=UTC)),
    "2017-03-01T10:00:00+14:00": ("the largest offset there is", datetime(2017, 2, 28, 20, tzinfo=UTC)),
    "2017-03-01T10:00:00.123456789Z": ("nanoseconds", datetime(2017, 3, 1, 10, 0, 0, 123456, tzinfo=UTC)),
    "20170301T100000Z": ("the basic form", datetime(2017, 3, 1, 10, tzinfo=UTC)),
    "2017-03-01": ("a date alone", datetime(2017, 3, 1, tzinfo=UTC)),
    "2016-12-31T23:59:60Z": ("a leap second", None),
    "2017-03-01T24:00:00Z": ("24:00", None),
    "2017-02-29T10:00:00Z": ("a day that the month has not", None),
    "2017-13-01T10:00:00Z": ("a month that the year has not", None),
    "0000-03-01T10:00:00Z": ("the year 0", None),
    "0001-01-01T00:00:00+14:00": ("the year 0 by its offset", None),
    "10000-01-01T00:00:00Z": ("the year 10000", None),
    "9999-12-31T23:59:59-01:00": ("the year 10000 by its offset", None),
    "1488362400": ("seconds since the epoch", None),
    "1488362400000": ("milliseconds since the epoch", None),
    "01/03/2017": ("day before month", None),
    "10:00:00": ("no day", None),
    "2017-03-01T10:00:00 Europe/Paris": ("the name of a zone", None),
    "2017-03-02T11:53:26,5Z": ("a comma", datetime(2017, 3, 2, 11, 53, 26, 500_000, tzinfo=UTC)),
    "2017-03-02T11Z": ("the hour alone", datetime(2017, 3, 2, 11, tzinfo=UTC)),
    "20170302": ("a date in the basic form", datetime(2017, 3, 2, tzinfo=UTC)),
    "20170302T1153Z": ("the basic form without seconds", datetime(2017, 3, 2, 11, 53, tzinfo=UTC)),
    "2017-03-02T1153Z": ("a mixed form", datetime(2017, 3, 2, 11, 53, tzinfo=UTC)),
    "now": ("a word that SQL understands", None),
    "epoch": ("another", None),
}
_LINES = [f'1,{row},3,4,1,0.50,0,0,0,9,2017-01-01T00:00:00Z,"{time}"' for row, time in enumerate(TIMES, 1)]
TIMES_FILE = HostileFile(
    "times.csv",
    "timestamps in every form",
    tuple(row for row, (_, instant) in enumerate(TIMES.values(), 1) if instant),
    {
        row: not_of_type("updated_at", time, "timestamp")
        for row, (time, (_, instant)) in enumerate(TIMES.items(), 1)
        if not instant
    },
    "\n".join([SOLD, *_LINES]).encode(),
    "transactions",
)

TEXT_DROPS = [*STORED, *ENCODINGS, TIMES_FILE]
