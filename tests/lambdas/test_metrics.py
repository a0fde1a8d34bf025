import json

import pytest

from lambdas.metrics import count


def test_counts_are_one_line_in_cloudwatchs_format(capsys: pytest.CaptureFixture[str]) -> None:
    count({"accepted": 3, "stale": 0}, dataset="products")

    line = json.loads(capsys.readouterr().out)
    [directive] = line["_aws"]["CloudWatchMetrics"]
    assert (directive["Namespace"], directive["Dimensions"]) == ("Glueline", [["dataset", "service"]])
    assert (line["accepted"], line["stale"], line["dataset"]) == ([3.0], [0.0], "products")


def test_without_counts_there_is_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    count({}, dataset="products")

    assert capsys.readouterr().out == ""
