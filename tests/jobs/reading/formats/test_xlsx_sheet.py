"""The sheet with the contract's key is found, with its header; what is no workbook is a reason."""

import io
import re
from typing import Any

import pytest

from expectations.contract import Contract
from jobs.reading.formats import compression, xlsx_sheet
from jobs.reading.formats.rows import UnreadableFile
from jobs.reading.formats.xlsx_sheet import Sheet, open_workbook, sheet_of
from tests.jobs.builders import ENTITIES, EVENTS
from tests.jobs.reading.formats.workbooks import (
    SHEET,
    of_rows,
    part_of,
    with_part,
    with_shared_texts,
    with_text,
    workbook,
)

ROWS: list[list[Any]] = [["id", "name"], [1, "a"]]


def found(content: bytes, contract: Contract = ENTITIES) -> Sheet:
    return sheet_of(open_workbook(io.BytesIO(content)), contract)


def values(sheet: Sheet) -> list[tuple[int, list[Any]]]:
    return [(number, [cell.value for cell in cells]) for number, cells in sheet.rows()]


def test_the_header_is_the_first_row_that_names_the_key() -> None:
    sheet = found(
        of_rows([], ["Report of May"], [None, "id", "a note", None, "name"], [None, 1, 2, None, 3], [], [1])
    )

    assert (sheet.names, sheet.header) == ({1: "id", 2: "a note", 4: "name"}, 3)
    assert values(sheet) == [(4, [None, 1, 2, None, 3]), (5, []), (6, [1])]


def test_a_sheet_that_people_do_not_see_is_no_candidate() -> None:
    assert found(workbook({"old": ROWS, "new": ROWS}, hidden=["old"])).source.values.title == "new"


def test_of_several_sheets_the_one_with_the_key_is_read() -> None:
    assert found(workbook({"Notes": [["by", "me"]], "Rows": ROWS})).source.values.title == "Rows"


def test_of_several_sheets_with_the_key_the_one_named_like_the_dataset_is_read() -> None:
    assert found(workbook({"More": ROWS, "Entities": ROWS})).source.values.title == "Entities"
    with pytest.raises(
        UnreadableFile, match=r"^excel: expected one sheet with the key of entities, got 2: Jan, Feb; "
    ):
        found(workbook({"Jan": ROWS, "Feb": ROWS}))


def test_a_key_of_several_columns_has_all_of_them_in_the_header_by_any_name() -> None:
    content = workbook({"Shops": [["shop", "city"]], "Rows": [["number", " shop "]]})

    assert found(content, EVENTS).names == {0: "number", 1: "shop"}


def test_without_the_key_it_is_the_first_sheet_with_its_first_row() -> None:
    sheet = found(workbook({"A": [[], ["a", "b"]], "B": [["c"]]}))

    assert (sheet.names, sheet.header) == ({0: "a", 1: "b"}, 2)
    with pytest.raises(
        UnreadableFile, match=r"^excel: expected a sheet with a header, got none with a value$"
    ):
        found(of_rows([]))


def test_texts_that_cells_share_are_read() -> None:
    content = with_shared_texts(of_rows(*ROWS))

    assert values(found(content)) == [(2, [1, "a"])]


def test_a_wrong_size_in_the_sheet_hides_no_cell() -> None:
    content = with_text(of_rows(*ROWS), SHEET, 'ref="A1:B2"', 'ref="A1:A1"')

    assert values(found(content)) == [(2, [1, "a"])]


def test_a_formula_that_was_never_computed_is_told_from_an_empty_text() -> None:
    content = of_rows(["id", "name"], [1, "=1+1"], [2, '=""'], [3, "=2+2"])
    content = with_text(
        content, SHEET, '<c r="B3"><f>""</f><v /></c>', '<c r="B3" t="str"><f>""</f><v></v></c>'
    )
    content = with_text(content, SHEET, "<f>2+2</f><v />", "<f>2+2</f><v>4</v>")

    sheet = found(content)

    assert [(cells[1].value, cells[1].data_type == "f") for _, cells in sheet.rows()] == [
        ("=1+1", True),
        (None, False),
        (4, False),
    ]


def test_a_formula_is_found_whatever_the_prefix_of_its_tag(monkeypatch: pytest.MonkeyPatch) -> None:
    content = of_rows(["id", "name"], [1, "=1+1"])
    body = part_of(content, SHEET).decode()
    prefixed = re.sub(r"<(/?)(?=[a-z])", r"<\1x:", body, flags=re.IGNORECASE).replace("xmlns=", "xmlns:x=")
    monkeypatch.setattr(xlsx_sheet, "_CHUNK", 7)

    sheet = found(with_part(content, SHEET, prefixed.encode()))

    assert [cells[1].data_type for _, cells in sheet.rows()] == ["f"]


def test_entities_that_multiply_are_a_reason() -> None:
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    content = with_text(
        of_rows(["id", "name"], [1, "a"]),
        SHEET,
        "<worksheet",
        f'<!DOCTYPE x [<!ENTITY e0 "aaaaaaaaaa">{levels}]><worksheet',
    )
    content = with_text(content, SHEET, "<t>a</t>", "<t>&e11;</t>")

    sheet = found(content)

    with pytest.raises(Exception, match="limit on input amplification"):
        list(sheet.rows())


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"id,name\n1,a\n", "excel: expected an .xlsx workbook, got BadZipFile"),
        (b"", "excel: expected an .xlsx workbook, got BadZipFile"),
        (of_rows(*ROWS)[:-30], "excel: expected an .xlsx workbook, got BadZipFile"),
        (
            xlsx_sheet._OLD + bytes(100),
            "excel: expected an .xlsx workbook without a password, got one with a password",
        ),
    ],
    ids=range(4),
)
def test_what_is_no_workbook_is_a_reason(content: bytes, problem: str) -> None:
    with pytest.raises(UnreadableFile) as told:
        found(content)
    assert str(told.value).startswith(problem)


def test_a_workbook_that_unpacks_to_more_than_rows_do_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(xlsx_sheet, "_MOST_TEXTS", 10)
        with pytest.raises(UnreadableFile, match=r"^excel: expected at most 10 bytes"):
            found(with_shared_texts(of_rows(*ROWS)))
    content = of_rows(["id", "name"], *([1, "a"] for _ in range(1000)))
    monkeypatch.setattr(compression, "SMALL", 0)
    monkeypatch.setattr(compression, "MOST_TIMES", 1)
    with pytest.raises(UnreadableFile, match=rf"^excel: expected at most {len(content)} bytes in a workbook"):
        found(content)
