"""`glueline parity`: compares tables with DynamoDB, and repairs them."""

from typing import Annotated

import typer

from workflows.cli.app import app
from workflows.cli.confirming import name_target
from workflows.cli.printing import AsJson, StackName, out, print_json
from workflows.cli.showing import connected, showing


@app.command()
def parity(
    dataset: Annotated[str | None, typer.Argument(help="One dataset; without it, all datasets.")] = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Restore the keys that differ, and certify again.")
    ] = False,
    as_json: AsJson = False,
    stack: StackName = None,
) -> None:
    """Compare tables with DynamoDB during writes: certify that they agree, or name each key that differs."""
    from workflows.cli.exit_codes import interruptible
    from workflows.operations import parity_report
    from workflows.operations.parity import ParityProgress
    from workflows.operations.parity import parity as certify_all

    target = connected(stack)
    with showing("parity: contracts", target) as show:
        show("reading the contracts")
        known = target.contracts()
    if dataset is not None and dataset not in known:
        raise typer.BadParameter(f"expected one of {', '.join(known)}, got {dataset}")
    names = list(known) if dataset is None else [dataset]
    name_target(target)
    progress = ParityProgress(lambda line: None)
    command = " ".join(filter(None, ("parity", dataset, "--repair" if repair else "")))
    with interruptible(lambda: str(progress)), showing(command, target) as show:
        progress.report = show
        reports = certify_all(target, names, progress, repair=repair)
    if as_json:
        print_json([report.to_dict() for report in reports])
    else:
        out.print(parity_report.certificate_table(reports))
        for report in reports:
            for line in parity_report.lines(report):
                out.print(line, style="green" if report.certificate.ok else "red")
            if advice := parity_report.advice(report.certificate, target.output("OpsDatabase")):
                out.print(f"Next: {advice}")
    is_good = all(report.certificate.ok for report in reports)
    if is_good and not as_json:
        out.print("Next: nothing; the workflow care compares again by its schedule.", style="dim")
    if not is_good:
        raise typer.Exit(1)
