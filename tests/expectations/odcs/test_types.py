import pytest

from expectations.odcs.types import UnknownType, logical_type, physical_type


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
    ],
)
def test_common_names_of_a_type_mean_its_iceberg_type(text: str, iceberg: str) -> None:
    assert physical_type(text) == iceberg


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("money", "write the column's Iceberg type"),
        ("decimal", "write precision and scale, e.g. decimal"),
        ("decimal(39,2)", "correct p or s"),
        ("decimal(2,3)", "correct p or s"),
        ("decimal(0,0)", "correct p or s"),
        ("varchar(20)", "logicalTypeOptions.maxLength"),
        ("struct<a:int>", "struct with properties"),
        ("map<string,string>", "struct with properties"),
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
