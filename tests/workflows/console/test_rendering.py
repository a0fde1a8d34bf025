"""Templates escape what they show; numbers, times and charts are written alike."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from markupsafe import escape

from workflows.console import rendering
from workflows.console.rendering import PAGES, STATIC, environment

HOSTILE = "<script>alert(1)</script>\"' onload=x"
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


def test_a_value_is_escaped_also_inside_of_an_attribute_and_a_chart() -> None:
    template = environment().from_string(
        '{{ value }}<i title="{{ value }}" data-chart="{{ chart | chart }}">'
    )

    written = template.render(value=HOSTILE, chart={"labels": [HOSTILE]})

    assert "<script" not in written
    assert written.count(str(escape(HOSTILE))) == 2
    assert json.loads(rendering.chart_json({"labels": [HOSTILE]}))["labels"] == [HOSTILE]


def test_no_template_switches_escaping_off_or_has_a_script_or_style_of_its_own() -> None:
    for file in sorted((rendering.FOLDER / "templates").glob("*.html")):
        text = file.read_text()
        for forbidden in (
            "|safe",
            "| safe",
            "autoescape",
            " style=",
            "<style",
            "onclick",
            "javascript:",
            "//cdn",
        ):
            assert forbidden not in text, f"{forbidden} in {file.name}"
        assert text.count("<script") == text.count('<script src="/static/')


def test_every_library_that_a_page_names_is_in_the_package() -> None:
    import re

    names = {
        name
        for file in (rendering.FOLDER / "templates").glob("*.html")
        for name in re.findall(r'(?:src|href)="/static/([^"]+)"', file.read_text())
    }

    assert [name for name in names if not (STATIC / name).is_file()] == []
    assert len(names) > 3


def test_the_style_of_the_pages_stays_small() -> None:
    assert len((STATIC / "console.css").read_text().splitlines()) <= 300


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (Decimal("1E+3"), "1000"),
        (True, "true"),
        (b"\x01\xff", "01ff"),
        ({"a": [1, None]}, '{"a": [1, null]}'),
        ("", ""),
        (NOON, "2026-11-30 12:00:00+00:00"),
    ],
)
def test_a_value_is_shown_as_people_read_it(value: object, text: str) -> None:
    assert rendering.shown(value) == text


def test_times_are_utc_and_their_distance_has_one_unit() -> None:
    there = NOON.astimezone(timezone(timedelta(hours=9)))

    assert rendering.when(there) == "2026-11-30 12:00:00"
    assert rendering.when(None) == rendering.NOTHING
    assert rendering.ago(NOON, NOON + timedelta(hours=3)) == "3.0 h ago"
    assert rendering.ago(NOON, NOON + timedelta(seconds=2)) == "just now"
    assert rendering.ago(None) == "never"
    assert [rendering.lasting(seconds) for seconds in (None, 0.26, 42, 90, 7300, 200000)] == [
        rendering.NOTHING,
        "0.3 s",
        "42 s",
        "1.5 min",
        "2.0 h",
        "2.3 d",
    ]
    assert [rendering.count(number) for number in (None, 0, 1469307)] == [rendering.NOTHING, "0", "1,469,307"]


def test_the_menu_begins_with_the_overview() -> None:
    assert PAGES[0] == ("/", "Overview")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("-Infinity"), Decimal("NaN")])
def test_a_chart_has_no_number_that_a_browser_can_not_read(value: float | Decimal) -> None:
    """A browser reads the whole chart or, if it has NaN, nothing of it."""
    written = rendering.chart_json({"series": [{"name": "NaN", "values": [value, Decimal("1.5"), None]}]})

    def fail(constant: str) -> None:
        pytest.fail(f"{constant} is no JSON")

    read = json.loads(written, parse_constant=fail)
    assert read == {"series": [{"name": "NaN", "values": [None, 1.5, None]}]}
