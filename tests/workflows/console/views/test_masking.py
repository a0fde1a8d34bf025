"""Values of restricted columns are hidden wherever a payload, a reason or a row has them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.contract import Column, Contract
from workflows.console.views.masking import (
    HIDDEN,
    HIDDEN_TEXT,
    mask_payload,
    mask_reason,
    restricted_columns,
    restricted_names,
)

ADDRESS = Column("address", "struct", fields=(Column("zip_code", "string", classification="Restricted"),))
CONTRACT = Contract(
    "people",
    "1.0.0",
    "",
    (
        Column("person_id", "long"),
        Column("tax_number", "string", classification="restricted", aliases=("TIN",)),
        Column("name", "string", classification="confidential"),
        ADDRESS,
    ),
    ("person_id",),
)
NAMES = restricted_names([CONTRACT])
SECRET = "s3cr3t"  # noqa: S105 -- a value of a column


def test_a_column_is_restricted_by_its_contract_or_by_a_field_of_it() -> None:
    assert restricted_columns(CONTRACT) == {"tax_number", "address"}
    assert {"tax_number", "taxNumber", "TIN", "zip_code", "zipCode"} <= NAMES
    assert "name" not in NAMES


@pytest.mark.parametrize(
    "payload",
    [
        {"tax_number": SECRET},
        {"TIN": SECRET},
        {"Tax Number": SECRET},
        {"data": {"taxNumber": [SECRET, {"x": SECRET}]}},
        {"dynamodb": {"NewImage": {"tax_number": {"S": SECRET}}}},
        [{"person": {"zip_code": SECRET}}],
        {"Message": json.dumps({"data": {"tax_number": SECRET}})},
    ],
)
def test_no_payload_shows_a_restricted_value(payload: object) -> None:
    masked = mask_payload(json.dumps(payload), NAMES)

    assert masked is not None
    assert SECRET not in masked
    json.loads(masked)


@pytest.mark.parametrize(
    "payload", [f"7;{SECRET}", f'{{"tax_number": "{SECRET}', f'"{SECRET}"', "[" * 100_000]
)
def test_a_text_in_which_values_can_t_be_found_is_hidden_as_a_whole(payload: str) -> None:
    assert mask_payload(payload, NAMES) == HIDDEN_TEXT


def test_without_restricted_columns_a_payload_stays_as_it_came() -> None:
    assert mask_payload("7;a", ()) == "7;a"
    assert mask_payload(None, NAMES) is None


def test_other_values_keep_their_digits() -> None:
    text = '{"person_id": 12345678901234567890123, "rate": 1.10, "TIN": null, "ok": [true, 1E400]}'

    assert mask_payload(text, NAMES) == text


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["tax_number", "TIN", "a", "b"]), inner),
)


def unmasked(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: HIDDEN if name in ("tax_number", "TIN") and inner is not None else unmasked(inner)
            for name, inner in value.items()
        }
    return [unmasked(inner) for inner in value] if isinstance(value, list) else value


@given(st.dictionaries(st.sampled_from(["tax_number", "x"]), json_values))
def test_only_restricted_values_change(payload: dict[str, Any]) -> None:
    masked = mask_payload(json.dumps(payload), {"tax_number", "TIN"})

    texts = [text for text in json.dumps(payload).split('"') if text.lstrip()[:1] in ("{", "[")]
    if len(texts) <= 1:  # texts that look like JSON may be hidden as a whole
        assert masked is not None
        assert json.loads(masked) == unmasked(payload) or HIDDEN_TEXT in masked


@pytest.mark.parametrize(
    ("reason", "masked"),
    [
        (
            f"type: column tax_number: expected string, got '{SECRET}'",
            "type: column tax_number: expected string, •••",
        ),
        (f"TIN.pattern: expected digits, got '{SECRET}'; correct it", "TIN.pattern: expected digits, •••"),
        ("type: column person_id: expected long, got 'x'", "type: column person_id: expected long, got 'x'"),
        ("key: column tax_number: a value is missing", "key: column tax_number: a value is missing"),
    ],
)
def test_a_reason_about_a_restricted_column_does_not_show_its_value(reason: str, masked: str) -> None:
    assert mask_reason(reason, NAMES).replace("got •••", "•••") == masked
    assert SECRET not in mask_reason(reason, NAMES)
