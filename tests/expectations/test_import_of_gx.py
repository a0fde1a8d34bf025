"""Great Expectations is imported without the libraries that only few of its expectations use."""

import subprocess
import sys

import pytest

HEAVY = ("scipy.stats", "altair")
USE = """
import sys
import expectations.suite
print([name for name in {heavy} if name in sys.modules])
from great_expectations.expectations.core import expect_column_kl_divergence_to_be_less_than as used
print(round(used.stats.entropy([1, 1], base=2)), used.alt.Chart.__name__)
import altair, scipy.stats
print(scipy.stats.entropy is used.stats.entropy, altair.Chart is used.alt.Chart)
"""


@pytest.mark.parametrize("before", ["", "import scipy.stats, altair\n"], ids=["first", "after them"])
def test_heavy_libraries_are_imported_when_an_expectation_uses_them(before: str) -> None:
    script = before + USE.format(heavy=HEAVY)

    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    there = list(HEAVY) if before else []
    assert run.stdout.splitlines() == [str(there), "1 Chart", "True True"]
