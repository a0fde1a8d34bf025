"""The forms of texts: what can be a number, boolean, date or time without losing what it says."""

import pytest

from workflows.contracts.samples.text_forms import (
    NO_FORM,
    Form,
    accepted_instead,
    forms_of,
    has_zone,
    is_missing,
)

DATE = Form.DATE | Form.TIME


@pytest.mark.parametrize(
    ("text", "form"),
    [
        *((text, Form.NUMBER) for text in ("0", "-7", "12.50", ".5", "1.5e-7", "1e-05", "20241331")),
        ("20240131", Form.NUMBER | DATE),
        *((text, NO_FORM) for text in ("007", "+49", "1,5", "1,234.50", "12E4", "$5", "1.", "0x1F", "1_000")),
        *((text, Form.BOOLEAN) for text in ("true", "FALSE")),
        *((text, NO_FORM) for text in ("yes", "t", "inf", "nan")),
        ("2024-01-31", DATE),
        *((text, NO_FORM) for text in ("2024-02-30", "31/12/2017", "2024-01", "2024-W01-1")),
        ("2024-01-31T10:00:00Z", Form.TIME),
        ("2024-01-31 10:00:00.123456789+05:30", Form.TIME),
        ("20240131T100000Z", Form.TIME),
        ("2024-01-31 10:00 UTC", NO_FORM),
    ],
)
def test_the_forms_of_a_text(text: str, form: Form) -> None:
    assert forms_of(text) == form


def test_texts_that_stand_for_no_value() -> None:
    given = ["", "NA", "n/a", "null", "-", "***", "0", "Nadia"]

    assert [text for text in given if is_missing(text)] == ["", "NA", "n/a", "null", "-", "***"]


def test_a_time_names_its_zone_or_does_not() -> None:
    times = ["2024-01-31T10:00:00Z", "2024-01-31 10:00+02", "2024-01-31 10:00", "2024-01-31T10"]

    assert [has_zone(time) for time in times] == [True, True, False, False]


@pytest.mark.parametrize(
    ("text", "accepted"),
    [("31/12/2017", "2026-01-31"), ("12,50", "decimal point"), ("1,234.50", "separators"), ("€ 5", "unit")],
)
def test_a_look_alike_is_told_what_is_accepted_instead(text: str, accepted: str) -> None:
    assert accepted in (accepted_instead(text) or "")
    assert accepted_instead("ordinary") is None
