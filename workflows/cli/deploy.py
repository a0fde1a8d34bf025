"""The commands that deploy a stack to AWS and delete it."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from workflows.cli.app import app
from workflows.cli.confirming import is_interactive
from workflows.cli.printing import err
from workflows.cli.showing import Showing, Step, showing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflows.deploy.deployment import Dialog
    from workflows.deploy.options import Options

Architecture = Literal["arm64", "x86_64"]
Stack = Annotated[
    str | None, typer.Option(help="Name of the stack (default: GLUELINE_STACK, else glueline).")
]
Region = Annotated[str | None, typer.Option(help="Region (default: that of your AWS configuration).")]


@app.command()
def deploy(  # noqa: PLR0913, PLR0917 -- the options of a command
    stack: Stack = None,
    region: Region = None,
    bucket: Annotated[
        str | None, typer.Option(help="Bucket for artifacts (default: the one that SAM manages).")
    ] = None,
    architecture: Annotated[Architecture, typer.Option(help="Architecture of the functions.")] = "arm64",
    parameters: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A template parameter; repeatable."),
    ] = None,
    only_plan: Annotated[
        bool,
        typer.Option(
            "--plan", help="Print what would be made and changed, and its price; write nothing to AWS."
        ),
    ] = False,
    adopt: Annotated[
        bool | None,
        typer.Option(
            "--adopt/--no-adopt",
            help="Take in what a deleted stack of this name has left (default), also what only has the right "
            "name (--adopt), or nothing (--no-adopt).",
        ),
    ] = None,
    enable_stream: Annotated[
        bool, typer.Option("--enable-stream", help="Enable the streams of existing tables that have none.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Deploy without confirmation.")] = False,
) -> None:
    """Build and deploy the stack to the AWS account and region of your credentials.

    Prints a plan and what was checked, and asks before it writes anything. Safe to repeat and to stop at any
    point: CloudFormation rolls a stack back to its previous state. A parameter that is not set keeps its last
    value, or has its default.
    """
    from workflows.deploy import deployment
    from workflows.deploy.options import Options

    options = Options(
        stack=stack or _default_stack(),
        region=region,
        bucket=bucket,
        architecture=architecture,
        parameters=read_parameters(parameters or []),
        adopt=adopt,
        enables_streams=enable_stream,
    )
    if only_plan:
        with showing(f"deploy --plan --stack {options.stack}") as show:
            deployment.plan(options, dialog_of(show, yes=yes))
        typer.echo("Nothing was changed. Next: run the command without --plan.")
        return
    try:
        with showing(f"deploy --stack {options.stack}") as show:
            outputs = deployment.deploy(options, dialog_of(show, yes=yes))
    except deployment.Declined:
        typer.echo("Nothing was changed.")
        raise typer.Exit(1) from None
    typer.echo(next_steps(options, outputs))


@app.command()
def destroy(
    stack: Annotated[str, typer.Option(help="Name of the stack.")],
    region: Region = None,
    leave: Annotated[
        bool, typer.Option("--leave", help="Leave resources that refuse to be deleted, without a stack.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Delete without confirmation.")] = False,
) -> None:
    """Delete a stack on AWS, except its data: buckets, tables, databases, keys and the user pool stay.

    Prints what goes and what stays, and asks for the stack's name. `glueline deploy` adopts what has stayed.
    """
    from workflows.deploy.account import sign_in
    from workflows.deploy.destroying import destroy as delete
    from workflows.deploy.destroying import plan_destruction

    with showing(f"destroy: plan --stack {stack}") as show:
        show("asking the account")
        account = sign_in(region)
        destruction = plan_destruction(account, stack)
    typer.echo(f"Stack {stack} in account {account.id}, region {account.region}")
    for line in destruction.lines():
        typer.echo(line)
    if not yes:
        _ask_for_name(stack)
    with showing(f"destroy --stack {stack}") as show:
        delete(
            account,
            destruction,
            partial(_echo, show),
            lambda left: show(Step("CloudFormation deletes the stack", left=left)),
            leave=leave,
        )
    for line in destruction.afterwards():
        typer.echo(line)


def dialog_of(show: Showing, *, yes: bool) -> Dialog:
    """A dialog at the terminal; with `yes`, every question is agreed to.

    Without a terminal, a question is wrong usage.
    """
    from workflows.deploy.deployment import Dialog

    def agrees(question: str) -> bool:
        if yes:
            return True
        if not is_interactive():
            raise typer.BadParameter(
                f"expected --yes, as there is no terminal to confirm at: {question}?", param_hint="--yes"
            )
        with show.paused():
            return typer.confirm(f"{question}?", err=True)

    return Dialog(partial(_echo, show), agrees, lambda step, left: show(Step(step, left=left)))


def _echo(show: Showing, line: str) -> None:
    with show.paused():
        typer.echo(line)


def _ask_for_name(stack: str) -> None:
    """Return if the user types the name of the stack, else end the command."""
    if not is_interactive():
        raise typer.BadParameter(
            f"expected --yes, as there is no terminal to confirm at: delete {stack}?", param_hint="--yes"
        )
    typed = typer.prompt(f"Type the stack's name ({stack}) to delete it", err=True)
    if typed.strip() != stack:
        err.print(f"Expected {stack}, got {typed.strip()!r}: nothing was changed.", style="red")
        raise typer.Exit(1)


def _default_stack() -> str:
    return os.environ.get("GLUELINE_STACK") or "glueline"


def read_parameters(pairs: list[str]) -> dict[str, str]:
    """Template parameters from NAME=VALUE. Raises DeployError."""
    from workflows.deploy.errors import DeployError

    if wrong := [pair for pair in pairs if "=" not in pair]:
        raise DeployError(f"expected --set NAME=VALUE, got --set {wrong[0]}")
    return dict(pair.split("=", 1) for pair in pairs)


def next_steps(options: Options, outputs: Mapping[str, str]) -> str:
    """What to do with a stack that has just been deployed."""
    name, url = options.stack, outputs["DataApiUrl"]
    mail = (
        f"confirm the mail to {options.parameters['AlertEmail']}"
        if options.parameters.get("AlertEmail")
        else f"subscribe to {outputs['AlertTopicArn']}, or deploy with --set AlertEmail=YOU@EXAMPLE.COM"
    )
    lines = (
        f"The stack {name} is deployed. Its Data API: {url}",
        "Next:",
        f"  alerts   {mail}",
        f"  check    glueline doctor --stack {name}",
        f"  send     glueline send FILE --stack {name}, or to the queue {outputs['InboundQueueUrl']}",
        f"  drop     aws s3 cp products.csv s3://{outputs['RawBucket']}/drops/products/",
        f"  ask      glueline query 'select count(*) from products' --stack {name}",  # noqa: S608 -- a text for people
        f'  call     curl -H "authorization: Bearer $(glueline token --stack {name})" {url}/products',
        "Tables appear a few minutes after the first data. To change a parameter: --set NAME=VALUE.",
    )
    return "\n".join(lines)
