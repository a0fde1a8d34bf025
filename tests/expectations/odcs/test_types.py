import pytest

from expectations.odcs.types import PhysicalType, UnknownType, logical_type, physical_type, source_type


@pytest.mark.parametrize(
    ("text", "iceberg"),
    [
        ("string", "string"),
        ("VARCHAR", "string"),
        ("bigint", "long"),
        ("INT64", "long"),
        ("Integer", "int"),
        ("real", "float"),
        ("double  precision", "double"),
        ("bool", "boolean"),
        ("timestamp with time zone", "timestamp"),
        ("decimal(10,2)", "decimal(10,2)"),
        ("NUMERIC( 38 , 0 )", "decimal(38,0)"),
        ("decimal(5)", "decimal(5,0)"),
        ("bytes", "binary"),
        ("array", "list"),
        ("object", "struct"),
        ("SMALLINT", "int"),
        ("TinyInt", "int"),
        ("NUMBER(10)", "decimal(10,0)"),
        ("number(10,2)", "decimal(10,2)"),
        ("timestamp_tz", "timestamp"),
        ("TIMESTAMP(6) WITH TIME ZONE", "timestamp"),
        ("timestamptz(3)", "timestamp"),
        ("FLOAT(24)", "float"),
        ("float(53)", "double"),
        ("int(11)", "int"),
        ("bit(1)", "boolean"),
        ("uuid", "string"),
        ("nvarchar(max)", "string"),
        ("struct<a: int>", "struct"),
        ("ARRAY<STRING>", "list"),
    ],
)
def test_common_names_of_a_type_mean_its_iceberg_type(text: str, iceberg: str) -> None:
    assert physical_type(text) == PhysicalType(iceberg)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("money", "write the column's Iceberg type"),
        ("decimal", "write precision and scale, e.g. decimal"),
        ("decimal(39,2)", "correct p or s"),
        ("decimal(2,3)", "correct p or s"),
        ("decimal(0,0)", "correct p or s"),
        ("NUMBER", "write precision and scale, e.g. decimal"),
        ("map<string,string>", "an array whose items are objects with the properties key and value"),
        ("datetime", "every timestamp is an instant"),
        ("bit(8)", "write the column's Iceberg type"),
        ("date(3)", "write the column's Iceberg type"),
        ("timestamp_ntz", "every timestamp is an instant"),
        ("timestamp without time zone", "every timestamp is an instant"),
    ],
)
def test_an_unknown_type_comes_with_advice(text: str, advice: str) -> None:
    with pytest.raises(UnknownType, match=advice) as error:
        physical_type(text)

    assert repr(text) in str(error.value)


@pytest.mark.parametrize(
    ("logical", "size", "iceberg"),
    [
        ("string", None, "string"),
        ("integer", None, "long"),
        ("integer", "i32", "int"),
        ("integer", "u32", "long"),
        ("integer", "u64", "decimal(20,0)"),
        ("number", None, "double"),
        ("number", "f32", "float"),
        ("timestamp", None, "timestamp"),
        ("object", None, "struct"),
        ("array", None, "list"),
    ],
)
def test_a_logical_type_alone_has_an_exact_type(logical: str, size: str | None, iceberg: str) -> None:
    assert logical_type(logical, size) == iceberg


def test_a_time_of_day_is_not_a_column_type() -> None:
    with pytest.raises(UnknownType, match=r"expected one of string, .*, got 'time'"):
        logical_type("time", None)


@pytest.mark.parametrize(
    "text", ["varchar(18)", "varchar[18]", "VARCHAR2(18 BYTE)", "character varying (18)", "nchar(18)"]
)
def test_a_text_type_has_its_length(text: str) -> None:
    assert physical_type(text) == PhysicalType("string", max_length=18)


def test_what_iceberg_does_not_keep_of_a_type_is_noted() -> None:
    given = ("float(3,2)", "timestamp(9)", "varbinary(16)", "tinyint(1)")

    assert [physical_type(text).note for text in given] == [
        "its number of digits is not checked",
        "it is kept in microseconds",
        "its length is not checked",
        "it is read as int; write boolean if it has true and false",
    ]


@pytest.mark.parametrize(
    ("physical", "logical", "iceberg"),
    [
        ("geography", "string", "string"),
        ("bigint unsigned", "integer", "long"),
        ("NUMBER", "integer", "long"),
        ("variant", "object", "struct"),
        ("json", "string", "string"),
        ("date32", "date", "date"),
        ("timestamp_us", "timestamp", "timestamp"),
        ("repeated message", "array", "list"),
        ("decimal(10,2)", None, "decimal(10,2)"),
    ],
)
def test_an_unknown_physical_type_is_what_its_logical_type_says(
    physical: str, logical: str | None, iceberg: str
) -> None:
    assert source_type(physical, logical).iceberg == iceberg


@pytest.mark.parametrize(
    ("physical", "logical"),
    [
        ("money", "number"),
        ("money", None),
        ("datetime2", "timestamp"),
        ("map<string,int>", "object"),
        ("decimal(39,2)", "integer"),
        ("time", "date"),
        ("interval", "timestamp"),
    ],
)
def test_a_logical_type_does_not_replace_a_type_that_matters(physical: str, logical: str | None) -> None:
    with pytest.raises(UnknownType):
        source_type(physical, logical)
