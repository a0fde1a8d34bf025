"""The type that takes all numbers of a column exactly, with room for longer ones."""

from dataclasses import dataclass
from decimal import Decimal

_LONG = range(-(2**63), 2**63)
_MOST_DIGITS = 38  # of a decimal
_USUAL_DIGITS = 18  # of a decimal that Spark keeps in a long
_HEAD_ROOM = 2  # digits before the point beyond those of the sample
_LEAST_SCALE = 2  # 1.5 and 2.5 are often amounts of which 1.25 is one too


@dataclass(slots=True)
class Numbers:
    """What was seen of the numbers of a column."""

    whole: int = 1  # most digits before the point
    scale: int = 0  # most digits behind it
    least_scale: int | None = None  # fewest digits behind it
    is_whole: bool = True
    is_long: bool = True
    is_scientific: bool = False

    def add(self, number: int | Decimal, *, is_scientific: bool = False) -> None:
        """Take a finite number into account."""
        exact = Decimal(number)
        exponent = int(exact.as_tuple().exponent)
        self.whole = max(self.whole, exact.adjusted() + 1 if exact else 1)
        self.scale = max(self.scale, -exponent)
        self.least_scale = -exponent if self.least_scale is None else min(self.least_scale, -exponent)
        self.is_scientific |= is_scientific
        self.is_whole &= exponent == 0 and not is_scientific
        self.is_long &= self.is_whole and int(exact) in _LONG

    def type(self) -> str | None:
        """An Iceberg type; None if no exact one takes them and they are not written with exponents.

        Fractions are decimals: as doubles, sums of amounts are off and two keys may be one. Only numbers with
        exponents beyond all decimals are doubles.
        """
        if self.is_whole and self.is_long:
            return "long"
        if self.whole + self.scale > _MOST_DIGITS:
            return "double" if self.is_scientific else None
        if self.is_whole:
            return f"decimal({_MOST_DIGITS},0)"
        scale = min(max(self.scale, _LEAST_SCALE), _MOST_DIGITS - self.whole)
        fits_usual = self.whole + _HEAD_ROOM + scale <= _USUAL_DIGITS
        return f"decimal({_USUAL_DIGITS if fits_usual else _MOST_DIGITS},{scale})"
