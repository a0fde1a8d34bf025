"""Hostile files that no editor shows: of extreme sizes, compressed, misnamed, of binary formats."""

import gzip
import io
import zipfile
from datetime import datetime

import pyarrow as pa

from jobs.reading.formats.compression import uncompressed
from tests.hostile.drops import (
    ANOTHER_HEADER,
    GOOD,
    GOOD_JSON,
    HEADER,
    LINE,
    NO_GZIP,
    NO_HEADER,
    NO_OBJECT,
    NO_ORC,
    NO_PARQUET,
    NOT_JSON,
    TWICE,
    HostileFile,
    made,
    not_of_type,
    orc,
    parquet,
)
from tests.jobs.reading.formats.example_files import ALL_FORMATS, FIRST_ROW, example
from tests.jobs.reading.formats.workbooks import of_rows

SIZES = [
    made("empty.csv", "nothing", b""),
    made("empty.jsonl", "nothing", b""),
    made("empty.parquet", "nothing, where Parquet has a footer", b"", (), {None: NO_PARQUET}),
    made("empty.csv.gz", "nothing, compressed", gzip.compress(b"")),
    made("zero_bytes.csv.gz", "nothing, said to be compressed", b"", (), {}),
    made("line_ends.jsonl", "line ends alone", b"\n\r\n\n"),
    made("bom_alone.jsonl", "a byte order mark alone", b"\xef\xbb\xbf"),
    made(
        "columns.csv",
        "10,000 columns",
        ",".join(f"c{number}" for number in range(10_000)) + "\n",
        (),
        {None: f"{NO_HEADER}c0, c1, c2, c3, c4, c5, c6, c7, c8, c9 and 9990 more"},
    ),
    made(
        "columns.jsonl",
        "10,000 columns in a row",
        GOOD_JSON.rstrip()[:-1] + "".join(f',"c{number}":1' for number in range(10_000)) + "}\n" + GOOD_JSON,
        (2,),
        {
            1: "unknown: expected the contract's columns, got also c0, c1, c10, c100, c1000, c1001, c1002, "
            "c1003, c1004, c1005 and 9990 more"
        },
    ),
    made(
        "long_field.csv",
        "a field of more than 1 MB",
        GOOD + "3,2," + "X" * 1_100_000 + ",National,,,\n" + GOOD.split("\n")[1].replace("1,2", "4,2") + "\n",
        (1, 2, 4),
        {3: "csv: expected fields of at most 1048576 characters, got a longer one (line 4)"},
    ),
    made(
        "no_line_ends.csv",
        "18 MB without a line end",
        GOOD + "3,2," + "X," * 9_000_000,
        (1, 2),
        {3: "csv: expected rows of at most 16777216 bytes"},
    ),
    made(
        "long_header.csv",
        "a header of more than 1 MB",
        HEADER + ",more" * 300_000,
        (),
        {None: "csv: expected a header of at most 1048576 bytes"},
    ),
    made(
        "long_text.jsonl",
        "a text longer than its limit",
        GOOD_JSON + GOOD_JSON.replace("GRO", "GRO" * 100_000),
        (1,),
        {2: "department.length: "},
    ),
    made(
        "long_line.jsonl",
        "a line of more than 16 MB",
        GOOD_JSON + "[" + "1," * 9_000_000 + "1]\n" + GOOD_JSON,
        (1,),
        {2: "json: expected lines of at most "},
    ),
    made(
        "deep.jsonl",
        "nested 100,000 deep, with a long number",
        GOOD_JSON + "[" * 100_000 + "12345678901234567.5\n",
        (1,),
        {2: "json: expected a row of reasonable depth"},
    ),
    made(
        "deep_member.jsonl",
        "a member nested 5,000 deep",
        GOOD_JSON + GOOD_JSON.replace('"GROCERY"', "[" * 5000 + "]" * 5000),
        (1,),
        {2: NO_OBJECT},
    ),
    made(
        "digits.jsonl",
        "a number of 5,000 digits beside an exact one",
        GOOD_JSON + GOOD_JSON.replace(":1,", f":{'9' * 5000},").replace(":2,", ":12345678901234567.0,"),
        (1,),
        {2: not_of_type("product_id", "9999")},
    ),
    made(
        "bomb.csv.gz",
        "80 MB that look like 80 KB",
        gzip.compress(f"{HEADER}\n".encode() + bytes(80_000_000)),
        (),
        {None: "gzip: expected at most 67108864 bytes"},
    ),
]

KINDS = [
    made("gzip.csv", "gzip that is named csv", gzip.compress(GOOD.encode(), mtime=0), (), {None: NO_HEADER}),
    made("plain.csv.gz", "no gzip, though it is named so", GOOD, (), {None: NO_GZIP}),
    made("cut_off.csv.gz", "a gzip that breaks off", gzip.compress(GOOD.encode())[:-12], (), {None: NO_GZIP}),
    made(
        "wrong_checksum.csv.gz",
        "a gzip whose checksum is wrong",
        gzip.compress(GOOD.encode())[:-8] + bytes(8),
        (),
        {None: NO_GZIP},
    ),
    made(
        "rubbish_behind.csv.gz",
        "a gzip with something behind it",
        gzip.compress(GOOD.encode()) + b"rubbish",
        (),
        {None: NO_GZIP},
    ),
    made(
        "twice.csv.gz",
        "gzip within gzip",
        gzip.compress(gzip.compress(GOOD.encode(), mtime=0)),
        (),
        {None: NO_HEADER},
    ),
    made(
        "two_members.csv.gz",
        "two gzips one behind the other, which is one",
        gzip.compress(GOOD.encode()) + gzip.compress(LINE.format(3).encode()),
        (1, 2, 3),
    ),
    made("rows.parquet", "CSV that is named parquet", GOOD, (), {None: NO_PARQUET}),
    made("parquet.csv", "Parquet that is named csv", parquet(), (), {None: NO_HEADER}),
    made("json.csv", "JSON Lines that are named csv", GOOD_JSON, (), {None: "csv: "}),
    made("csv.jsonl", "CSV that is named jsonl", GOOD, (), {1: NOT_JSON, 2: NOT_JSON, 3: NOT_JSON}),
    made("UPPER.CSV", "a name in capitals", GOOD, (1, 2)),
    made("%2e%2e/%2e%2e/etc/päth +&=;'\"\\.csv", "a name that is a path, once decoded", GOOD, (1, 2)),
]

PARQUET = [
    made("half.parquet", "half of a Parquet file", parquet()[:300], (), {None: NO_PARQUET}),
    made("magic.parquet", "the first and last bytes of Parquet alone", b"PAR1PAR1", (), {None: NO_PARQUET}),
    made(
        "no_rows.parquet",
        "a schema without rows",
        parquet(
            product_id=pa.array([], pa.int64()),
            manufacturer_id=pa.array([], pa.int64()),
            department=pa.array([], pa.string()),
            brand=pa.array([], pa.string()),
        ),
    ),
    made(
        "missing.parquet",
        "a column missing",
        parquet(brand=None),
        (),
        {None: f"{ANOTHER_HEADER}missing: brand"},
    ),
    made(
        "texts.parquet",
        "numbers as texts",
        parquet(product_id=["1", "two"]),
        (1,),
        {2: not_of_type("product_id", "two")},
    ),
    made(
        "doubles.parquet",
        "doubles for whole numbers",
        parquet(manufacturer_id=[2.0, 2.5]),
        (1,),
        {2: not_of_type("manufacturer_id", "2.5")},
    ),
    made(
        "nan.parquet",
        "NaN and infinity for numbers",
        parquet(product_id=[float("nan"), float("inf")]),
        (),
        {1: not_of_type("product_id", "nan"), 2: not_of_type("product_id", "inf")},
    ),
    made(
        "unsigned.parquet",
        "an unsigned number beyond a long",
        parquet(product_id=pa.array([1, 2**64 - 1], pa.uint64())),
        (1,),
        {2: not_of_type("product_id", "18446744073709551615")},
    ),
    made(
        "lists.parquet",
        "lists for texts",
        parquet(department=[["GROCERY"], ["DELI"]]),
        (),
        {
            1: not_of_type("department", '["GROCERY"]', "string"),
            2: not_of_type("department", '["DELI"]', "string"),
        },
    ),
    made(
        "nulls.parquet",
        "a key that is null",
        parquet(product_id=[1, None]),
        (1,),
        {2: "key: column product_id: "},
    ),
    made(
        "year_10000.parquet",
        "a date in a year that no calendar of ours has",
        parquet(package_size=pa.array([0, 300_000_000_000_000_000], pa.timestamp("us"))),
        (1,),
        {2: not_of_type("package_size", '{"timestamp":"11476-08-15', "string")},
    ),
    made(
        "no_utf8.parquet",
        "bytes for a text that are no UTF-8",
        parquet(department=pa.array([b"GROCERY", b"\xff"]).view(pa.string())),
        (1,),
        {2: not_of_type("department", '{"bytes":"/w=="}', "string")},
    ),
    made(
        "encrypted.parquet",
        "an encrypted footer",
        b"PARE" + parquet()[4:-4] + b"PARE",
        (),
        {None: NO_PARQUET},
    ),
]

ORC = [
    made("empty.orc", "nothing, where ORC has a footer", b"", (), {None: NO_ORC}),
    made("half.orc", "half of an ORC file", orc()[:100], (), {None: NO_ORC}),
    made("rows.orc", "CSV that is named orc", GOOD, (), {None: NO_ORC}),
    made("parquet.orc", "Parquet that is named orc", parquet(), (), {None: NO_ORC}),
    made("good.orc", "nothing", orc(), (1, 2)),
    made(
        "forever.orc",
        "a time beyond the nanoseconds of Arrow",
        orc(package_size=pa.array([datetime(9999, 12, 31), None], pa.timestamp("us"))),
        (1, 2),
    ),
    made(
        "bytes.orc",
        "bytes for a text that are no UTF-8",
        orc(department=[b"GROCERY", b"\xff"]),
        (1,),
        {2: not_of_type("department", '{"bytes":"/w=="}', "string")},
    ),
]

COLUMNS = ["product_id", "manufacturer_id", "department", "brand"]


def products(*keys: str) -> list[dict[str, str | None]]:
    """Rows of products, all but their keys the same."""
    return [dict(zip(COLUMNS, [key, "2", "GROCERY", "National"], strict=True)) for key in keys]


def of_each_format(file_format: str) -> HostileFile:
    """Two good rows with a bad one between them, whatever the format and the compression."""
    first = FIRST_ROW.get(uncompressed(file_format), 1)
    return made(
        f"each.{file_format}",
        "a text for a number",
        example(file_format, COLUMNS, products("1", "two", "3")),
        (first, first + 2),
        {first + 1: not_of_type("product_id", "two")},
    )


def zipped(**files: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("_", "."), content)
    return target.getvalue()


FORMATS = [
    *map(of_each_format, ALL_FORMATS),
    made("inside.zip", "an archive whose file alone has a format", zipped(rows_csv=GOOD), (1, 2)),
    made(
        "no_format.zip",
        "an archive whose file has no format either",
        zipped(rows_txt2=GOOD),
        (),
        {None: "zip: expected a file inside that is named ."},
    ),
    made(
        "two_files.csv.zip",
        "an archive with two files",
        zipped(a_csv=GOOD, b_csv=GOOD),
        (),
        {None: "zip: expected one data file in the archive, got 2 (a.csv, b.csv)"},
    ),
    made("empty.zip", "nothing, said to be an archive", b"", (), {None: "zip: expected a complete zip file"}),
    made(
        "bomb.csv.zip",
        "80 MB that look like 80 KB",
        zipped(a_csv=HEADER + "\n" + "\0" * 80_000_000),
        (),
        {None: "zip: expected at most 67108864 bytes"},
    ),
    made("csv.xlsx", "CSV that is named xlsx", GOOD, (), {None: "excel: expected an .xlsx workbook"}),
    made(
        "csv.avro", "CSV that is named avro", GOOD, (), {None: "avro: expected an Avro object container file"}
    ),
    made(
        "parquet.xlsx",
        "Parquet that is named xlsx",
        parquet(),
        (),
        {None: "parquet: expected a file of the format"},
    ),
    made(
        "cells.xlsx",
        "an error and a value without a name",
        of_rows(COLUMNS, [1, 2, "GROCERY", "National"], ["#N/A", 2], [3, 2, "GROCERY", "National", "x"]),
        (2,),
        {3: "excel: expected a value in A3, got the error #N/A", 4: "excel: expected values below names"},
    ),
    made(
        "cut_off.avro",
        "an Avro file that breaks off",
        example("avro", COLUMNS, products(*map(str, range(1, 40))))[:-200],
        tuple(range(1, 33)),
        {33: "avro: expected "},
    ),
    made(
        "cut_off.json",
        "an array that breaks off",
        example("json", COLUMNS, products("1", "2"))[:-40],
        (1,),
        {2: "json: expected a value whose quotes and brackets match"},
    ),
    made(
        "around.json",
        "an object around the rows",
        b'{"data": ' + example("json", COLUMNS, products("1", "2")) + b"}",
        (),
        {None: "json: expected rows, got one object around an array of objects; write the array 'data'"},
    ),
    made(
        "elements.json",
        "a bad element, a missing quote, and a name twice",
        "[\n"
        + ",\n".join(
            [
                GOOD_JSON.strip(),
                GOOD_JSON.strip().replace('"product_id":', "product_id:"),
                GOOD_JSON.strip().replace('National"', "National"),
                GOOD_JSON.strip().replace('"brand"', '"product_id":9,"brand"'),
                GOOD_JSON.strip().replace(":1,", ":5,"),
                "[1]",
            ]
        )
        + "\n]",
        (1, 5),
        {
            2: "json: expected a JSON object: Expecting property name",
            3: "json: expected a JSON object: ",
            4: TWICE,
            6: NO_OBJECT,
        },
    ),
]

BINARY_DROPS = [*SIZES, *KINDS, *PARQUET, *ORC, *FORMATS]
