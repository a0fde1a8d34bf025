"""What deploying takes from the schemas of resource types."""

from __future__ import annotations

import pytest

from tests.workflows.expanded_template import TEMPLATE
from workflows.deploy.schemas import property_path, schema
from workflows.deploy.template import Place, expand, resources

WANTED = resources(expand(TEMPLATE, Place("shop"), {"AlertEmail": "a@b.c", "LakeFormationGrants": "true"}))


@pytest.mark.parametrize("kind", sorted({one.type for one in WANTED.values()}))
def test_each_type_of_the_template_has_a_schema(kind: str) -> None:
    assert schema(kind)["properties"]


@pytest.mark.parametrize("kind", sorted({one.type for one in WANTED.values() if one.is_retained}))
def test_what_is_retained_can_be_imported_by_one_name(kind: str) -> None:
    """CloudFormation imports what it can read, and `deploy` knows one identifier."""
    assert len(schema(kind)["primaryIdentifier"]) == 1
    assert "read" in schema(kind)["handlers"]


def test_a_pointer_is_a_path_of_names() -> None:
    assert property_path("/properties/DatabaseInput/Name") == ("DatabaseInput", "Name")
