"""The history of a dataset's rows: SCD type 2 intervals over `<dataset>_changes`, as one SQL statement.

The statement is in Athena's dialect and the same for every dataset; the named queries of the template contain
it too.

* A version is an accepted change at a position `(_version, _tie)` of its key; copies of it count once. It is
  valid from the time of its `_version` until the next version of its key begins.
* A delete takes no time: `valid_to` equals `valid_from`, and no row is valid until the key is written again.
* Among changes of one `_version`, only the one with the greatest `_tie` counts; deletes and records of other
  doors (such as an export that repeats the stream) are left out. Records of the stream are all kept, some
  with an empty interval.
* A retract (which a repair writes) is not a version. It takes effect if its position is the greatest one
  that came before it: the version at that position then ends with the repair. Versions that come after the
  repair follow all that came before it; they begin with the repair, unless their own position is greater than
  the one that was taken back.

So the current versions are the rows of the table, with one exception: a key that is repaired twice without a
change in between, and removed by the second repair. `is_coarse` marks versions that an export brought: an
export shows one state, and hides the changes between two exports.
"""

from __future__ import annotations

from string import Template
from typing import TYPE_CHECKING, Any, Final

from expectations.keys import decode_key
from expectations.problems import GluelineError
from workflows.query.literals import instant, text
from workflows.query.sql import query

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import pyarrow as pa

    from expectations.contract import Contract
    from workflows.stack.target import Target

INTERVALS: Final = ("_key", "_op", "valid_from", "valid_to", "is_current", "is_coarse")

# Converts microseconds since 1970 to a time, exactly. Athena's from_unixtime computes in doubles, date_add in
# int seconds (to 2038) and intervals in milliseconds, so the microseconds are appended as text.
TIME_OF_VERSION: Final = """CAST(concat(
      CAST(CAST(from_unixtime((_version - _micros) / 1000000) AT TIME ZONE 'UTC' AS timestamp(0)) AS varchar),
      '.', lpad(CAST(_micros AS varchar), 6, '0'), ' UTC') AS timestamp(6) with time zone)"""
# A sequence that counts contains no time. Then a version begins at the time that its door gives.
TIME_AT_DOOR: Final = "_updated_at"
# For a statement without a contract: a version below 1e14 us, which is early 1973, is treated as a count.
TIME_BY_SIZE: Final = f"""CASE WHEN _version BETWEEN 0 AND 99999999999999 THEN {TIME_AT_DOOR} ELSE
      {TIME_OF_VERSION} END"""

HISTORY: Final = """WITH numbered AS (
  SELECT row_number() OVER (PARTITION BY _key, _version, _tie, _op = 'retract' ORDER BY _ingested_at, _op)
      AS _copy,
    max(CASE WHEN _op <> 'retract' THEN ROW(_version, _tie) END) OVER (PARTITION BY _key ORDER BY _ingested_at
      GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS _stood,
    (_version % 1000000 + 1000000) % 1000000 AS _micros,
    c.*
  FROM ${Name}_changes AS c${OfKey}
), accepted AS (
  SELECT max(CASE WHEN _op = 'retract' THEN _updated_at END) OVER (PARTITION BY _key ORDER BY _ingested_at)
      AS _repaired_at,
    max(CASE WHEN _op = 'retract' THEN _stood END) OVER (PARTITION BY _key ORDER BY _ingested_at) AS _taken,
    t.*
  FROM numbered AS t
  WHERE CASE WHEN _op = 'retract' THEN _stood = ROW(_version, _tie) ELSE _copy = 1 END
), events AS (
  SELECT dense_rank() OVER (PARTITION BY _key, _repaired_at, _op = 'retract', _version ORDER BY _tie DESC)
      AS _rank,
    CASE WHEN ROW(_version, _tie) <= _taken THEN _repaired_at ELSE
      ${Moment} END AS _moment,
    a.*
  FROM accepted AS a
), intervals AS (
  SELECT min(_moment) OVER (PARTITION BY _key ORDER BY _repaired_at NULLS FIRST, _op = 'retract' DESC,
      _version, _tie ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS _from,
    min(_moment) OVER (PARTITION BY _key ORDER BY _repaired_at NULLS FIRST, _op = 'retract' DESC,
      _version, _tie ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS _next_from,
    e.*
  FROM events AS e
  WHERE _rank = 1 OR (_op = 'upsert' AND _source = 'stream')
), history AS (
  SELECT _from AS valid_from,
    CASE WHEN _op = 'delete' THEN _from ELSE _next_from END AS valid_to,
    _op = 'upsert' AND _next_from IS NULL AS is_current,
    _source = 'export' AS is_coarse,
    i.*
  FROM intervals AS i
  WHERE _op <> 'retract'
)
SELECT * FROM history${AsOf} ORDER BY _key, _repaired_at NULLS FIRST, _version, _tie${Limit}"""
_AS_OF: Final = " WHERE valid_from <= ${At} AND (valid_to > ${At} OR valid_to IS NULL)"


class UnknownDataset(GluelineError):
    """Raised when a dataset has no contract; the message names the datasets that have one."""


def contract_of(target: Target, dataset: str) -> Contract:
    """The dataset's contract on this stack. Raises UnknownDataset."""
    contracts = target.contracts()
    if dataset not in contracts:
        raise UnknownDataset(
            f"No contract for {dataset!r}. Datasets with a contract: {', '.join(sorted(contracts))}."
        )
    return contracts[dataset]


def history(
    target: Target, contract: Contract, key: str | None, as_of: datetime | None, limit: int
) -> pa.Table:
    """The dataset's versions, optionally of one key or valid at one time; at most `limit` of them.

    Columns: `INTERVALS` and those of the contract. Raises InvalidKey if `key` is not a key text.
    """
    if key is not None:
        decode_key(contract, key)
    answer = query(target, history_sql(contract, key, as_of, limit))
    return answer.select([*INTERVALS, *(column.name for column in contract.columns)])


def history_sql(
    contract: Contract, key: str | None = None, as_of: datetime | None = None, limit: int | None = None
) -> str:
    """The SELECT, in Athena's dialect. The contract's sequence column decides when a version begins."""
    return _filled(
        {
            "Name": contract.dataset,
            "OfKey": "" if key is None else f" WHERE c._key = {text(key)}",
            "Moment": TIME_OF_VERSION if is_ordered_by_time(contract) else TIME_AT_DOOR,
            "AsOf": "" if as_of is None else Template(_AS_OF).substitute(At=instant(as_of)),
            "Limit": "" if limit is None else f" LIMIT {limit:d}",
        }
    )


def named_query(at: str | None = None, limit: int = 1000) -> str:
    """The text of a named query, with `${Name}` for the dataset; as of the SQL expression `at`, if given."""
    as_of = "" if at is None else Template(_AS_OF).substitute(At=at)
    values = {"Name": "${Name}", "OfKey": "", "Moment": TIME_BY_SIZE, "AsOf": as_of}
    return _filled(values | {"Limit": f" LIMIT {limit:d}"})


def what_changed(versions: list[dict[str, Any]], contract: Contract) -> list[dict[str, Any] | None]:
    """For each version, the columns that differ from the previous version; None for a delete.

    For a first version, all columns that have a value, except those of the key.
    """
    columns = [column.name for column in contract.columns if column.name not in contract.key]
    found: list[dict[str, Any] | None] = []
    before: dict[str, Any] = {}
    for version in versions:
        is_next = before.get("_key") == version["_key"] and before["_op"] != "delete"
        old = before if is_next else dict.fromkeys(columns)
        new = {name: version[name] for name in columns if version[name] != old[name]}
        found.append(None if version["_op"] == "delete" else new)
        before = version
    return found


def is_ordered_by_time(contract: Contract) -> bool:
    """Whether `_version` is a time: of the sequence column or, without one, of a clock."""
    if contract.sequence_column is None:
        return True
    return contract.column(contract.sequence_column).kind in ("timestamp", "date")


def _filled(values: Mapping[str, str]) -> str:
    return Template(HISTORY).substitute(values)
