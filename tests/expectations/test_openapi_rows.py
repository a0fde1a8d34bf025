"""The operations on rows in the OpenAPI document."""

from expectations.openapi_rows import collection_operations, row_operations
from tests.builders import contracts
from tests.lambdas.contracts import COUNTERS, THINGS


def test_the_key_in_a_path_is_described() -> None:
    (key,) = row_operations(contracts()["transactions"])["parameters"]

    assert key["description"] == "{basket_id},{product_id}, each value percent-encoded."


def test_a_key_that_ends_in_text_is_confirmed_by_writes() -> None:
    operations = {f"/{contract.dataset}/{{key}}": row_operations(contract) for contract in (THINGS, COUNTERS)}

    confirmed = {
        (path, verb): parameter.get("required", False)
        for path, item in operations.items()
        for verb in ("get", "put", "patch", "delete")
        for parameter in item[verb]["parameters"]
        if parameter["name"] == "confirm"
    }

    counters = "/counters/{key}"
    assert confirmed == {(counters, "put"): False, (counters, "patch"): False, (counters, "delete"): True}


def test_what_is_carried_out_once_takes_an_idempotency_key() -> None:
    operations = collection_operations(THINGS) | row_operations(THINGS)
    verbs = ("get", "post", "put", "patch", "delete")
    names = {verb: {one["name"] for one in operations[verb]["parameters"]} for verb in verbs}

    assert {verb for verb in verbs if "Idempotency-Key" in names[verb]} == {"post", "put", "delete"}
