"""Requests about encrypted resources need the key. Most is in `test_embedded_iam`."""

from pathlib import Path

import pytest
from botocore.loaders import Loader

from workflows.local.ministack.encryption_keys import KEY_USE


@pytest.mark.parametrize("action", KEY_USE)
def test_actions_are_those_of_an_api(action: str) -> None:
    service, _, name = action.partition(":")
    operation = {"GetObjectVersion": "GetObject"}.get(name, name)

    assert operation in Loader().load_service_model(service, "service-2")["operations"]
    assert set(KEY_USE[action]) <= {"kms:Decrypt", "kms:GenerateDataKey"}


def test_every_service_with_a_key_in_the_template_is_there() -> None:
    template = (Path(__file__).parents[4] / "workflows" / "template.yaml").read_text()

    assert {action.partition(":")[0] for action in KEY_USE} == {"sqs", "sns", "s3", "dynamodb"}
    assert template.count("KmsMasterKeyId: !Ref Key") == 5  # queues and the topic
