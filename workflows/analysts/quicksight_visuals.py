"""The charts of a dashboard as visuals of QuickSight."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from workflows.analysts.dashboards import PERIOD
from workflows.analysts.quicksight_data import COUNTED

if TYPE_CHECKING:
    from workflows.analysts.dashboards import Chart, Dashboard
    from workflows.analysts.quicksight_access import Json

_AGGREGATES: Final = {"sum": "SUM", "avg": "AVERAGE", "min": "MIN", "max": "MAX"}


def definition(name: str, board: Dashboard) -> Json:
    visuals = [_visual(number, chart, board) for number, chart in enumerate(board.charts)]
    arn = {"Fn::GetAtt": [f"{name}DataSet", "Arn"]}
    return {
        "DataSetIdentifierDeclarations": [{"Identifier": board.dataset, "DataSetArn": arn}],
        "Sheets": [{"SheetId": "overview", "Name": board.title, "Visuals": visuals}],
    }


def _visual(number: int, chart: Chart, board: Dashboard) -> Json:
    values = [_measure_field(number, chart, board)]
    if chart.dimension is not None:
        kind = "BarChartVisual"
        is_number = chart.dimension.is_number and chart.dimension.reference is None
        field = {"FieldId": f"{number}-dimension", "Column": _column(board, chart.dimension.name)}
        category: Json = {f"{'Numerical' if is_number else 'Categorical'}DimensionField": field}
        wells: Json = {"BarChartAggregatedFieldWells": {"Category": [category], "Values": values}}
    elif chart.kind == "line":
        kind = "LineChartVisual"
        period = {
            "FieldId": f"{number}-period",
            "Column": _column(board, board.time),
            "DateGranularity": PERIOD.upper(),
        }
        category = {"DateDimensionField": period}
        wells = {"LineChartAggregatedFieldWells": {"Category": [category], "Values": values}}
    else:
        kind, wells = "KPIVisual", {"Values": values}
    title = {"Visibility": "VISIBLE", "FormatText": {"PlainText": chart.title}}
    configuration = {"FieldWells": wells}
    return {kind: {"VisualId": f"chart-{number}", "Title": title, "ChartConfiguration": configuration}}


def _measure_field(number: int, chart: Chart, board: Dashboard) -> Json:
    if chart.measure.column is not None:
        aggregate = {"SimpleNumericalAggregation": _AGGREGATES[chart.measure.aggregate]}
        column = _column(board, chart.measure.column)
        field = {"FieldId": f"{number}-value", "Column": column, "AggregationFunction": aggregate}
        return {"NumericalMeasureField": field}
    ones, added = _column(board, COUNTED), {"SimpleNumericalAggregation": "SUM"}
    field = {"FieldId": f"{number}-value", "Column": ones, "AggregationFunction": added}
    return {"NumericalMeasureField": field}


def _column(board: Dashboard, name: str | None) -> Json:
    return {"DataSetIdentifier": board.dataset, "ColumnName": name}
