"""Columns of JSON text: an Arrow array whose texts are the JSON of values, null where there is no value."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

_CONTROLS = bytes(range(0x20))
_SPECIAL = _CONTROLS + b'"\\'
_SHORT_ESCAPES = (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"))


def quoted(texts: "pa.Array[Any]") -> "pa.Array[Any]":
    """Texts as JSON strings."""
    import pyarrow.compute as pc

    if _has_any(texts, _SPECIAL):
        for special, escape in _SHORT_ESCAPES:
            texts = pc.replace_substring(texts, special, escape)
        if _has_any(texts, _CONTROLS):
            texts = _with_controls_escaped(texts)
    return pc.binary_join_element_wise('"', texts, '"', "")


def _has_any(texts: "pa.Array[Any]", characters: bytes) -> bool:
    """Whether the buffer of the texts has one of the characters, which are ASCII."""
    content = texts.buffers()[2]
    if content is None:
        return False
    plain = content.to_pybytes()
    return len(plain.translate(None, characters)) < len(plain)


def _with_controls_escaped(texts: "pa.Array[Any]") -> "pa.Array[Any]":
    import pyarrow as pa

    table = {control: f"\\u{control:04x}" for control in _CONTROLS}
    return pa.array(
        [text if text is None else text.translate(table) for text in texts.to_pylist()], pa.string()
    )


def tagged(name: str, texts: "pa.Array[Any]") -> "pa.Array[Any]":
    """Texts as JSON objects with one member of that name."""
    import pyarrow.compute as pc

    return pc.binary_join_element_wise(f"{{{json.dumps(name)}: ", quoted(texts), "}", "")


def objects(
    names: Sequence[str], members: Sequence["pa.Array[Any]"], like: "pa.Array[Any] | None" = None
) -> "pa.Array[Any]":
    """The JSON objects of members; null where `like` is null. There is at least one member."""
    import pyarrow.compute as pc

    parts: list[Any] = []
    for number, (name, values) in enumerate(zip(names, members, strict=True)):
        parts += [("{" if not number else ", ") + json.dumps(name, ensure_ascii=False) + ": ", values]
    found = pc.binary_join_element_wise(*parts, "}", "", null_handling="replace", null_replacement="null")
    return found if like is None else where_valid(like, found)


def arrays(lengths: "pa.Array[Any]", items: "pa.Array[Any]") -> "pa.Array[Any]":
    """The JSON arrays of that many items each; null where a length is null."""
    import pyarrow as pa
    import pyarrow.compute as pc

    ends = pc.cumulative_sum(pc.fill_null(lengths, 0).cast(pa.int32()))
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), ends])
    lists = pa.ListArray.from_arrays(offsets, pc.fill_null(items, "null"))
    found = pc.binary_join_element_wise("[", pc.binary_join(lists, ", "), "]", "")
    return where_valid(lengths, found)


def where_valid(like: "pa.Array[Any]", texts: "pa.Array[Any]") -> "pa.Array[Any]":
    """The texts, null where `like` is null."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.if_else(pc.is_valid(like), texts, pa.scalar(None, pa.string())) if like.null_count else texts
