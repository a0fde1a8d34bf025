"""Which databases a deployment gives a stack."""

import pytest

from workflows.stack.database_names import DatabaseChanged, database_parameters

FORMER = {"LakeDatabase": "lake", "OpsDatabase": "lake_ops", "LakeBucket": "b"}  # the only names, once


@pytest.mark.parametrize(
    ("stack", "running", "given", "names"),
    [
        ("dev", {}, {}, ("dev_lake", "dev_ops")),
        ("shop-dev-2", {}, {}, ("shop_dev_2_lake", "shop_dev_2_ops")),
        ("dev", {}, {"LakeDatabase": "sales"}, ("sales", "dev_ops")),
        ("glueline", FORMER, {}, ("lake", "lake_ops")),
        ("glueline", FORMER, {"OpsDatabase": "lake_ops"}, ("lake", "lake_ops")),
        ("glueline", FORMER, {"LakeDatabase": ""}, ("lake", "lake_ops")),
    ],
)
def test_a_new_stack_has_databases_of_its_name_and_a_running_one_keeps_its_own(
    stack: str, running: dict[str, str], given: dict[str, str], names: tuple[str, str]
) -> None:
    assert tuple(database_parameters(stack, running, given).values()) == names


def test_a_running_stack_gets_no_other_database() -> None:
    with pytest.raises(
        DatabaseChanged, match=r"expected LakeDatabase=lake, .* got sales: a database can't be"
    ):
        database_parameters("glueline", FORMER, {"LakeDatabase": "sales"})
