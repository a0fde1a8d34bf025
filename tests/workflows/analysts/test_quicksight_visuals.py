"""The visuals of QuickSight."""

import json
import re

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
