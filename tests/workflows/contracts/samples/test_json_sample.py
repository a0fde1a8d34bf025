"""JSON in any layout gives the same rows."""

import io
from decimal import Decimal

import pytest

from workflows.contracts.samples import json_sample
from workflows.contracts.samples.facts import DraftError
from workflows.contracts.samples.json_sample import JsonSample

ROWS = [(1, {"id": 1, "x": Decimal("1.50")}), (2, {"id": 2, "x": None})]


@pytest.mark.parametrize("chunk", [3, 1_000])
@pytest.mark.parametrize(
    "content",
    [
        '{"id": 1, "x": 1.50}\n\n{"id": 2, "x": null}\n',
        '\ufeff{"id": 1, "x": 1.50}\r\n{"id": 2, "x": null}',
        '[{"id": 1, "x": 1.50}, {"id": 2, "x": null}]\n',
        '[\n  {\n    "id": 1,\n    "x": 1.50\n  },\n  {"id": 2, "x": null}\n]',
        '{\n "id": 1,\n "x": 1.50\n}\n{\n "id": 2,\n "x": null\n}\n',
    ],
)
def test_lines_arrays_and_printed_objects(content: str, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_sample, "_CHUNK", chunk)

    assert list(JsonSample(io.BytesIO(content.encode()), "sample.json").rows()) == ROWS


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"id": 1}\n{"id": 2', "row 2: expected JSON"),
        (b'{"id": 1}\n[2]\n', r"row 2: expected an object, got \[2\]"),
        (b'{"id": 1, "id": 2}', "occurs twice"),
        (b'{"id": NaN}', "NaN is not a number"),
        (b'{"id": "\xff"}', "not UTF-8"),
    ],
)
def test_what_is_not_json_objects_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(DraftError, match=message):
        list(JsonSample(io.BytesIO(content), "sample.json").rows())


def test_an_empty_array_has_no_rows() -> None:
    assert list(JsonSample(io.BytesIO(b"[]"), "sample.json").rows()) == []
