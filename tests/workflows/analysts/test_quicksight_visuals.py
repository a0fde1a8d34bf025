"""The visuals of QuickSight."""

import json
import re
from collections.abc import Iterator
from typing import Any

from workflows.analysts.dashboards import dashboards
from workflows.analysts.datasets import load_datasets
from workflows.analysts.quicksight_data import select
from workflows.analysts.quicksight_visuals import definition


def test_each_chart_is_a_visual_of_columns_of_the_data_set() -> None:
    datasets = load_datasets()
    for dataset, board in zip(datasets, dashboards(datasets, "lake"), strict=True):
        drawn = definition("Name", board)

        known = {column["Name"] for column in select(dataset, board)[1]}
        used = set(re.findall(r'"ColumnName": "([^"]+)"', json.dumps(drawn)))
        assert used
        assert used <= known
        kinds = [next(iter(visual)) for visual in drawn["Sheets"][0]["Visuals"]]
        drawn_as = {"number": "KPIVisual", "line": "LineChartVisual", "bar": "BarChartVisual"}
        assert kinds == [drawn_as[chart.kind] for chart in board.charts]


FITTING = {
    "NumericalMeasureField": {"INTEGER", "DECIMAL"},
    "NumericalDimensionField": {"INTEGER", "DECIMAL"},
    "CategoricalDimensionField": {"STRING", "BOOLEAN"},
    "DateDimensionField": {"DATETIME"},
}


def test_each_field_has_an_id_of_its_own_and_a_column_of_a_fitting_type() -> None:
    datasets = load_datasets()
    for dataset, board in zip(datasets, dashboards(datasets, "lake"), strict=True):
        types = {column["Name"]: column["Type"] for column in select(dataset, board)[1]}
        fields = list(_fields(definition("Name", board)))

        assert len(fields) >= len(board.charts)
        assert len({field["FieldId"] for _, field in fields}) == len(fields)
        for kind, field in fields:
            assert field["Column"]["DataSetIdentifier"] == dataset.name
            assert types[field["Column"]["ColumnName"]] in FITTING[kind]


def _fields(part: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The fields of a definition with their kinds, wherever they are."""
    if isinstance(part, list):
        for one in part:
            yield from _fields(one)
    elif isinstance(part, dict):
        for name, one in part.items():
            if isinstance(one, dict) and "FieldId" in one:
                yield name, one
            else:
                yield from _fields(one)
