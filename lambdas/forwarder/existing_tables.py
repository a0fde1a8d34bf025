"""The datasets of tables that exist without the stack, from the compiled contracts.

The JSON is read without `expectations`, whose import would take longer than all else of a cold start.
"""

import json
from pathlib import Path


def datasets_of_tables(contracts: Path) -> dict[str, str]:
    """Name of an existing table -> its dataset."""
    compiled = json.loads(contracts.read_text(encoding="utf-8"))
    tables = {dataset: contract.get("table") for dataset, contract in compiled.items()}
    return {table["name"]: dataset for dataset, table in tables.items() if table is not None}
