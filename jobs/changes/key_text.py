"""A row's key as its canonical text, `_key`: `expectations.keys` as Spark expressions."""

from pyspark.sql import Column as Expression
from pyspark.sql import functions as F

from expectations.contract import Column, Contract
from jobs.changes.projections import once_per_jvm
from jobs.changes.types import Read, read_text

# Where Java's form encoding differs from RFC 3986, which Python's quote(safe="") follows.
_FORM_ENCODING = (("+", "%20"), ("*", "%2A"), ("%7E", "~"))


@once_per_jvm
def encode_key(contract: Contract) -> Expression:
    """The key text of the row's key columns; null if one of them is null."""
    parts = [_quote(_to_text(column, F.col(column.name))) for column in contract.key_columns]
    with_commas = [part for value in parts for part in (F.lit(","), value)][1:]
    return F.concat(*with_commas)


def decode_key(contract: Contract, text: Expression) -> dict[str, Read]:
    """The typed key columns of a key text. Texts are not trimmed, since older tables hold untrimmed keys."""
    parts = F.split(text, ",")
    decoded = [F.try_url_decode(F.get(parts, F.lit(number))) for number in range(len(contract.key))]
    return {
        column.name: Read(part, F.lit(False)) if column.kind == "string" else read_text(column, part)
        for column, part in zip(contract.key_columns, decoded, strict=True)
    }


def _quote(text: Expression) -> Expression:
    quoted = F.url_encode(text)
    for form, standard in _FORM_ENCODING:
        quoted = F.replace(quoted, F.lit(form), F.lit(standard))
    return quoted


def _to_text(column: Column, value: Expression) -> Expression:
    if column.kind == "timestamp":
        whole = F.date_format(value, "yyyy-MM-dd'T'HH:mm:ss")
        micros = F.date_format(value, "SSSSSS")
        return F.concat(
            whole, F.when(micros != "000000", F.concat(F.lit("."), micros)).otherwise(""), F.lit("Z")
        )
    if column.kind == "binary":
        return F.base64(value)
    return value.cast("string")
