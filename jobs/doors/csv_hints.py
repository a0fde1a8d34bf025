"""What a contract may declare so that a refused field of CSV is read: the end of a reason."""

from pyspark.sql import Column as Expression
from pyspark.sql import functions as F

from expectations.contract import Column, Contract
from expectations.file_values import NUMBER_KINDS, TIME_KINDS

_COMMA_IN_NUMBER = r"^\s*[+-]?[0-9. ]*,[0-9]"
_OTHER_DATE = r"^\s*([0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{2,4}|[0-9]{4}[./][0-9]{1,2}[./][0-9]{1,2})"
_NO_VALUE = r"(?i)^\s*(-+|[?]+|#?n/?a|n[.]a[.]|null|none|nan|nil|\\N)\s*$"


def csv_hint(column: Column, contract: Contract, field: Expression) -> Expression:
    """What to declare for a field that is not of its column's type; empty if nothing is known to help."""
    hint = F.when(field.rlike(_NO_VALUE), F.concat(F.lit("; declare missingValues: "), F.trim(field)))
    if column.kind in NUMBER_KINDS and (contract.csv.decimal, contract.csv.group) == (".", None):
        hint = hint.when(field.rlike(_COMMA_IN_NUMBER), "; declare decimalChar or groupChar: ','")
    if column.kind in TIME_KINDS and column.format is None:
        hint = hint.when(field.rlike(_OTHER_DATE), "; declare its format, such as dd.MM.yyyy")
    return hint.otherwise("")
