"""Workbooks as tests make them."""

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import openpyxl


def workbook(sheets: Mapping[str, Sequence[Sequence[Any]]], hidden: Sequence[str] = ()) -> bytes:
    """A workbook with these sheets of rows."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
        if title in hidden:
            sheet.sheet_state = "hidden"
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def of_rows(*rows: Sequence[Any]) -> bytes:
    """A workbook with one sheet."""
    return workbook({"Sheet1": rows})


def part_of(content: bytes, name: str) -> bytes:
    """A part of the workbook."""
    with zipfile.ZipFile(io.BytesIO(content)) as source:
        return source.read(name)


def with_part(content: bytes, name: str, body: bytes) -> bytes:
    """The workbook with another content of a part."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(target, "w") as written:
        for part in source.namelist():
            written.writestr(part, body if part == name else source.read(part))
    return target.getvalue()


def with_text(content: bytes, name: str, old: str, new: str) -> bytes:
    """The workbook with a text of one of its parts replaced, as other programs or people may write it."""
    body = part_of(content, name)
    assert old.encode() in body, body
    return with_part(content, name, body.replace(old.encode(), new.encode()))


def with_shared_texts(content: bytes) -> bytes:
    """The workbook as Excel writes it: the cells of its first sheet refer to texts in a part of their own."""
    texts: list[str] = []

    def refer(found: re.Match[str]) -> str:
        texts.append(found[1])
        return f't="s"><v>{len(texts) - 1}</v>'

    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(target, "w") as written:
        for part in source.namelist():
            body = source.read(part).decode()
            if part == SHEET:
                body = re.sub(r't="inlineStr"><is><t>(.*?)</t></is>', refer, body)
            if part == "[Content_Types].xml":
                body = body.replace("</Types>", f"{_SHARED_TYPE}</Types>")
            written.writestr(part, body)
        items = "".join(f"<si><t>{text}</t></si>" for text in texts)
        written.writestr("xl/sharedStrings.xml", f'<sst xmlns="{_NAMESPACE}">{items}</sst>')
    return target.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
_NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_SHARED_TYPE = (
    '<Override PartName="/xl/sharedStrings.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/>'
)
