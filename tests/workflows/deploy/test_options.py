"""Options that no account would accept are refused before anything is built."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workflows.expanded_template import TEMPLATE
from workflows.deploy.errors import DeployError
from workflows.deploy.options import LONGEST_STACK_NAME, Options, check_options, check_stack_name
from workflows.deploy.schemas import schema
from workflows.deploy.template import Place, expand, resources


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (Options(stack="Glueline"), "expected a stack name in lower case, got 'Glueline'"),
        (Options(stack="my-aws-lake"), "expected a stack name without 'aws', got 'my-aws-lake'"),
        (Options(stack="cognitolake"), "expected a stack name without 'cognito'"),
        (Options(stack="1lake"), "expected a stack name of lower-case letters"),
        (Options(stack="lake-"), "does not end with a hyphen, got 'lake-'"),
        (Options(stack="my_lake"), "expected a stack name of lower-case letters"),
        (Options(stack="a" * 48), "expected a stack name of up to 47 characters, got 'a+' with 48"),
        (Options(architecture="riscv"), "expected one of the architectures arm64, x86_64, got 'riscv'"),
        (Options(parameters={"AlertMail": "a@b.c"}), "expected parameters among AlertEmail"),
        (Options(parameters={"Datasets": "a"}), r"Datasets, OwnTables, .*, Architecture are computed"),
    ],
)
def test_a_wrong_option_is_refused(options: Options, message: str) -> None:
    with pytest.raises(DeployError, match=message):
        check_options(options)


@given(st.from_regex(r"[a-z]([a-z0-9-]{0,45}[a-z0-9])?", fullmatch=True))
def test_a_name_that_is_accepted_makes_a_domain_of_cognito(stack: str) -> None:
    try:
        check_stack_name(stack)
    except DeployError:
        assert any(word in stack for word in ("aws", "amazon", "cognito"))
        return
    domain = f"{stack}-123456789012"
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", domain)


def test_with_the_longest_name_each_resource_has_a_name_that_its_service_takes() -> None:
    place = Place("a" * LONGEST_STACK_NAME, "ap-southeast-2", "123456789012")
    too_long = [
        f"{name}.{path}: {len(value)} > {most}"
        for name, resource in resources(expand(TEMPLATE, place, {})).items()
        for path, value, most in limited(resource.type, resource.properties)
        if len(value) > most
    ]

    assert too_long == []


def limited(kind: str, properties: dict[str, Any]) -> list[tuple[str, str, int]]:
    """Properties that are text, with the longest text that the schema of their type allows."""
    known = schema(kind)["properties"]
    limits = {"AWS::Events::Rule": {"Name": 64}, "AWS::Lambda::Function": {"FunctionName": 64}}
    return [
        (name, value, most)
        for name, value in properties.items()
        if isinstance(value, str)
        and (most := limits.get(kind, {}).get(name) or known.get(name, {}).get("maxLength"))
    ]
