"""Why a row is not a change: texts `<rule>: column <name>: expected …, got …`, as Spark expressions."""

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import add

from pyspark.sql import Column as Expression
from pyspark.sql import functions as F

from expectations.contract import Contract
from expectations.keys import MAX_BYTES
from jobs.changes.columns import UPSERT, not_null
from jobs.changes.key_text import encode_key
from jobs.changes.projections import once_per_jvm

# The reason against a row of an erased key. Such a row is quarantined without its payload.
ERASED_REASON = "erased: expected a key that is not erased; glueline erase --lift lets its rows come again"
_SHOWN = 80  # characters of a value in a reason
_NAMES_SHOWN = 10
_MOST_SPELLINGS = 1000


def reason(when: Expression, *text: str | Expression) -> Expression:
    """The text where the condition holds, else null; parts of the text that are null are left out."""
    parts = [F.lit(part) if isinstance(part, str) else F.coalesce(part, _constant("")) for part in text]
    return F.when(when, F.concat(*parts))


def shown(value: Expression) -> Expression:
    """A value as a reason shows it."""
    return F.concat(_constant("'"), F.substring(value, 1, _SHOWN), _constant("'"))


@once_per_jvm
def _constant(value: str | bool) -> Expression:
    """A constant that many expressions have."""
    return F.lit(value)


def or_false(condition: Expression) -> Expression:
    """The condition, false where it is null."""
    return F.coalesce(condition, _constant(False))


def no_reasons() -> Expression:
    """An empty array of reasons."""
    return F.array().cast("array<string>")


def collect_reasons(reasons: Iterable[Expression]) -> Expression:
    """Array of the reasons that are not null, in their order."""
    return F.coalesce(not_null(reasons), no_reasons())


def type_reasons(contract: Contract, got: Mapping[str, Expression]) -> list[Expression]:
    """A reason for each value that is not of its column's type, shown as `got`.

    A delete is checked for its key and its sequence column only.
    """
    decisive, is_upsert = {*contract.key, contract.sequence_column}, F.col("_op") == UPSERT
    wrong = {column.name: F.col(f"_wrong_{column.name}") for column in contract.columns}
    return [
        reason(
            wrong[column.name] if column.name in decisive else wrong[column.name] & is_upsert,
            f"type: column {column.name}: expected {column.type}, got ",
            got[column.name],
        )
        for column in contract.columns
    ]


def key_reasons(contract: Contract) -> list[Expression]:
    """A reason for each key column without a value, and for a key that no item of DynamoDB can have."""
    none = [
        reason(
            F.col(name).isNull() & ~F.col(f"_wrong_{name}"), f"key: column {name}: expected a value, got none"
        )
        for name in contract.key
    ]
    texts = [column.name for column in contract.key_columns if column.kind == "string"]
    empty = [
        reason(F.col(name) == "", f"key: column {name}: expected a text, got an empty one") for name in texts
    ]
    return [*none, *empty, _long_key_reason(contract, texts)]


def _long_key_reason(contract: Contract, texts: Sequence[str]) -> Expression:
    if not texts or not contract.table.is_own:  # the key texts of other types are short
        return F.lit(None).cast("string")
    # Percent-encoding is slow and makes at most three characters of a byte: only long keys are encoded here.
    bytes_ = reduce(add, (F.octet_length(F.coalesce(name, F.lit(""))) for name in texts))
    length = F.when(bytes_ > MAX_BYTES // 4, F.length(encode_key(contract)))
    return reason(
        length > MAX_BYTES,
        f"key: expected a key text of at most {MAX_BYTES} bytes, got ",
        length.cast("string"),
    )


def unknown_reason(names: Expression) -> Expression:
    """The reason against an upsert that has columns which the contract lacks."""
    return reason((F.size(names) > 0) & (F.col("_op") == UPSERT), *unknown_names(names))


def unknown_names(names: Expression) -> tuple[str | Expression, ...]:
    """The parts of the reason that lists names which the contract lacks."""
    return (
        "unknown: expected the contract's columns, got also ",
        F.array_join(F.transform(F.slice(names, 1, _NAMES_SHOWN), _short), ", "),
        F.when(
            F.size(names) > _NAMES_SHOWN,
            F.concat(F.lit(" and "), F.size(names) - _NAMES_SHOWN, F.lit(" more")),
        ),
    )


def names_given_twice(names: Expression, spellings: Iterable[Sequence[str]]) -> Expression:
    """The further spellings of each column that has several among the names: their values would be lost."""
    several = [F.array(*map(F.lit, spelled)) for spelled in spellings if len(spelled) > 1]
    further = [F.slice(F.array_intersect(spelled, names), 2, _MOST_SPELLINGS) for spelled in several]
    return F.concat(*further) if further else no_reasons()


def _short(name: Expression) -> Expression:
    return F.substring(name, 1, _SHOWN)
