"""How messages are described survives being compiled for the Lambdas."""

import json
from dataclasses import replace

import pytest

from expectations.contract import Contract, dump_compiled, load_compiled
from expectations.message_format import ENVELOPES, MessageFormat
from tests.builders import contracts


@pytest.mark.parametrize("envelope", ENVELOPES)
def test_a_compiled_contract_has_the_format_of_its_messages(envelope: str, tmp_path) -> None:  # type: ignore[no-untyped-def]
    given = MessageFormat(envelope, paths=(("brand", "a.b"),), attributes=(("t", "x"),), when="a == `1`")
    contract = replace(contracts()["products"], messages=given)
    path = tmp_path / "contracts.json"
    path.write_text(dump_compiled({"products": contract}))

    assert load_compiled(path) == {"products": contract}


def test_a_contract_that_was_compiled_before_has_no_format() -> None:
    plain = json.loads(json.dumps(contracts()["products"].to_dict()))
    del plain["messages"]

    assert Contract.from_dict(plain) == contracts()["products"]
