"""Records of streams as changes. Those of the stack's own tables are in `test_feed`."""

import base64
from typing import Any

from lambdas.data_api.captured import change_of
from tests.lambdas.data_api.conftest import CONTRACTS
from tests.lambdas.data_api.test_existing_items import ITEM, ROW, SHOP


def record(name: str, **images: Any) -> dict[str, Any]:
    captured = {"ApproximateCreationDateTime": 1_795_515_330, "SequenceNumber": "42", **images}
    return {"eventName": name, "dynamodb": captured}


KEYS = {"Keys": {"_key": {"S": "a"}}}


def in_json(item: dict[str, Any]) -> dict[str, Any]:
    """The item as a record in JSON has it: binaries in Base64."""
    return {
        name: {"B": base64.b64encode(value["B"]).decode()} if "B" in value else value
        for name, value in item.items()
    }


def test_an_item_of_an_existing_table_is_a_row_without_version() -> None:
    keys = {"Keys": in_json({name: ITEM[name] for name in ("Digest", "Line")})}

    upsert = change_of(SHOP, record("INSERT", NewImage=in_json(ITEM), **keys))
    delete = change_of(SHOP, record("REMOVE", **keys))

    assert upsert is not None and delete is not None
    assert upsert["data"] == {name: value for name, value in ROW.items() if name != "_version"}
    assert delete["data"] == {"digest": "+/8=", "line": 1}
    assert upsert["key"] == delete["key"]
    assert "version" not in upsert


def test_binaries_are_read_in_every_depth() -> None:
    digits = base64.b64encode(b"\x00\xff").decode()
    nested = {"M": {"raw": {"L": [{"B": digits}]}, "set": {"BS": [digits]}}}
    item = {"_key": {"S": "a"}, "_version": {"N": "5"}, "blob": {"B": digits}, "name": nested}

    change = change_of(CONTRACTS["things"], record("INSERT", NewImage=item, **KEYS))

    assert change is not None
    assert (change["op"], change["version"], change["position"]) == ("upsert", 5, "42".zfill(40))
    assert change["data"]["blob"] == digits
    assert change["data"]["name"] == {"raw": [digits], "set": [digits]}


def test_a_row_without_images_is_no_change() -> None:
    assert change_of(CONTRACTS["products"], record("MODIFY", **KEYS)) is None


def test_a_removal_is_a_delete_after_the_removed_version() -> None:
    old = {"_key": {"S": "7"}, "_version": {"N": "5"}}

    change = change_of(CONTRACTS["products"], record("REMOVE", OldImage=old, Keys={"_key": {"S": "7"}}))

    assert change is not None
    assert (change["op"], change["data"], change["version"]) == ("delete", {"product_id": 7}, 6)


def test_a_removed_item_whose_key_is_none_of_the_contract_has_no_columns() -> None:
    change = change_of(CONTRACTS["products"], record("REMOVE", Keys={"_key": {"S": "x"}}))

    assert change is not None
    assert (change["key"], change["data"]) == ("x", {})
