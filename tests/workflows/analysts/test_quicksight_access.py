"""The role of QuickSight has the permissions of the stack's readers."""

from pathlib import Path
from typing import Any

import yaml

from workflows.analysts.quicksight_access import resource, role

WORKFLOWS = Path(__file__).parents[3] / "workflows"


def test_quicksight_may_do_what_a_reader_may_but_for_named_queries() -> None:
    """So a permission that the reader role gets or loses is thought about here too."""

    class Loader(yaml.SafeLoader):
        pass

    Loader.add_multi_constructor("!", lambda loader, suffix, node: None)
    main = yaml.load((WORKFLOWS / "template.yaml").read_text(), Loader)  # noqa: S506 -- a safe loader

    def actions(role: Any) -> set[str]:
        statements = role["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
        listed = ([one["Action"]] if isinstance(one["Action"], str) else one["Action"] for one in statements)
        return {action for some in listed for action in some}

    reader = actions(main["Resources"]["ReaderRole"])
    assert reader - actions(role()) == {
        "athena:GetNamedQuery",
        "athena:ListNamedQueries",
    }
    assert actions(role()) <= reader


def test_the_ids_of_two_stacks_differ() -> None:
    found = resource("DataSet", "orders", "Orders", {})["Properties"]

    assert found["DataSetId"] == {"Fn::Sub": "${AWS::StackName}-orders"}
    assert found["Permissions"][0]["Principal"] == {"Ref": "QuickSightPrincipal"}
