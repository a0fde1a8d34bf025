"""The command that deploys a stack to AWS."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from workflows.cli.app import app

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflows.deploy import Options

Architecture = Literal["arm64", "x86_64"]


@app.command()
def deploy(  # noqa: PLR0913, PLR0917 -- the options of a command
    stack: Annotated[
        str | None, typer.Option(help="Name of the stack (default: GLUELINE_STACK, else glueline).")
    ] = None,
    region: Annotated[
        str | None, typer.Option(help="Region (default: that of your AWS configuration).")
    ] = None,
    bucket: Annotated[
        str | None, typer.Option(help="Bucket for artifacts (default: the one that SAM manages).")
    ] = None,
    architecture: Annotated[Architecture, typer.Option(help="Architecture of the functions.")] = "arm64",
    parameters: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A template parameter; repeatable."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Deploy without confirmation.")] = False,
) -> None:
    """Build and deploy the stack to the AWS account and region of your credentials.

    Safe to repeat and to stop at any point: CloudFormation rolls a stack back to its previous state. A
    parameter that is not set keeps its last value, or has its default.
    """
    from workflows import deploy as deployment

    options = deployment.Options(
        stack=stack or os.environ.get("GLUELINE_STACK") or "glueline",
        region=region,
        bucket=bucket,
        architecture=architecture,
        confirm=not yes,
        parameters=read_parameters(parameters or []),
    )
    outputs = deployment.deploy(options, report=typer.echo)
    typer.echo(next_steps(options, outputs))


def read_parameters(pairs: list[str]) -> dict[str, str]:
    """Template parameters from NAME=VALUE. Raises DeployError."""
    from workflows.deploy import DeployError

    if wrong := [pair for pair in pairs if "=" not in pair]:
        raise DeployError(f"expected --set NAME=VALUE, got --set {wrong[0]}")
    return dict(pair.split("=", 1) for pair in pairs)


def next_steps(options: Options, outputs: Mapping[str, str]) -> str:
    """What to do with a stack that has just been deployed."""
    name, url = options.stack, outputs["DataApiUrl"]
    lines = (
        f"The stack {name} is deployed. Its Data API: {url}",
        "Next:",
        f"  alerts   confirm the mail that you received, or subscribe to {outputs['AlertTopicArn']}",
        f"  send     glueline send FILE --stack {name}, or to the queue {outputs['InboundQueueUrl']}",
        f"  drop     aws s3 cp products.csv s3://{outputs['RawBucket']}/drops/products/",
        f"  ask      glueline query 'select count(*) from products' --stack {name}",  # noqa: S608 -- a text for people
        f'  call     curl -H "authorization: Bearer $(glueline token --stack {name})" {url}/products',
        "Tables appear a few minutes after the first data. To change a parameter: --set NAME=VALUE.",
    )
    return "\n".join(lines)
