"""Clients of the embedded AWS are made without loading boto3 before."""

import subprocess
import sys

from workflows.local.lifecycle.clients import client


def test_a_client_goes_to_the_embedded_aws() -> None:
    assert client("s3", "http://127.0.0.1:1").meta.endpoint_url == "http://127.0.0.1:1"


def test_an_up_without_changes_loads_neither_boto3_nor_the_reader_of_contracts() -> None:
    code = (
        "import sys, workflows.cli.stack, workflows.local.lifecycle.stack as stack; "
        "stack.our_deployment(stack.DEFAULT).parts(); "
        "print(sorted({'boto3', 'pydantic', 'samcli', 'pyspark', 'pyiceberg'} & sys.modules.keys()))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == "[]"
