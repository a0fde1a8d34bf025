"""Commands for analysts: sources of dbt, files that open the lake in BI tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from workflows.cli.app import bi_app, export_app
from workflows.cli.printing import StackName, err, out
from workflows.cli.showing import connected, showing

READING: Final = "reading the contracts"

Database = Annotated[
    str | None,
    typer.Option(help="Name of the lake's database, to write for it without a stack."),
]
OutputFile = Annotated[Path | None, typer.Option(help="Write this file instead of printing.")]


@export_app.command("dbt")
def export_dbt(
    output: OutputFile = None,
    database: Database = None,
    catalog: Annotated[str, typer.Option(help="dbt's database of the source.")] = "awsdatacatalog",
    stack: StackName = None,
) -> None:
    """Print dbt's sources.yml: tables, columns, tests and freshness of all contracts."""
    from workflows.analysts.datasets import load_datasets
    from workflows.analysts.dbt_sources import sources_yml

    target = connected(stack) if database is None else None
    name = target.output("LakeDatabase") if target else database or ""
    with showing("export dbt", target) as show:
        show(READING)
        datasets = load_datasets(target.deployed_contracts if target else None)
        show("writing the sources")
        text = sources_yml(datasets, name, catalog)
    _write(text, output, "dbt parse, then dbt source freshness and dbt test")


@bi_app.command("powerbi")
def bi_powerbi(
    output: Annotated[Path, typer.Option(help="The file to write.")] = Path("glueline.pbids"),
    dsn: Annotated[str, typer.Option(help="Name of the ODBC data source.")] = "Glueline",
    profile: Annotated[str, typer.Option(help="AWS profile that assumes the reader role.")] = "reader",
    dataset: Annotated[
        str | None, typer.Option(help="Print a dataset's query in M instead, for incremental refresh.")
    ] = None,
    stack: StackName = None,
) -> None:
    """Write a .pbids file for Power BI, and print the settings of the ODBC data source that it opens."""
    from workflows.analysts.powerbi import dsn_settings, pbids, power_query
    from workflows.query.history import contract_of

    target = connected(stack)
    if dataset is not None:
        with showing("bi powerbi", target) as show:
            show(READING)
            contract = contract_of(target, dataset)
        typer.echo(power_query(contract, target.output("LakeDatabase"), dsn), nl=False)
        return
    settings = dsn_settings(
        target.region, target.output("LakeDatabase"), target.output("ReaderWorkGroup"), profile
    )
    output.write_text(pbids(dsn), encoding="utf-8")
    out.print(f"Wrote {output}, which opens the ODBC data source {dsn} (Amazon Athena ODBC driver 2):")
    for name, value in settings.items():
        out.print(f"  {name} = {value}", markup=False)
    role = target.output("ReaderRoleArn")
    out.print(f"The profile {profile} assumes {role}. Next: docs/analysts.md, Power BI.", soft_wrap=True)


@bi_app.command("quicksight")
def bi_quicksight(
    output: OutputFile = None,
    database: Database = None,
    dataset: Annotated[
        list[str] | None, typer.Option(help="Only the dashboard of this dataset; repeatable.")
    ] = None,
    stack: StackName = None,
) -> None:
    """Print a CloudFormation template of dashboards in QuickSight, the companion of the stack's template.

    Its parameters have the stack's outputs as defaults. With --database it is made without a stack, from the
    contracts of the checkout.
    """
    from workflows.analysts.datasets import load_datasets
    from workflows.analysts.quicksight import quicksight_template, template_text

    target = connected(stack) if database is None else None
    names = ("LakeDatabase", "LakeBucket", "ReaderWorkGroup")
    if target is not None:
        defaults = {name: target.output(name) for name in names}
    else:
        defaults = {"LakeDatabase": database} if database else {}
    with showing("bi quicksight", target) as show:
        show(READING)
        datasets = load_datasets(target.deployed_contracts if target else None)
        show("writing the template")
        text = template_text(quicksight_template(datasets, defaults, dataset or ()))
    _write(
        text,
        output,
        "aws cloudformation deploy --s3-bucket BUCKET --capabilities CAPABILITY_IAM (docs/analysts.md)",
    )


def _write(text: str, output: Path | None, next_step: str) -> None:
    if output is None:
        typer.echo(text, nl=False)
        return
    output.write_text(text, encoding="utf-8")
    err.print(f"Wrote {output}. Next: {next_step}.")
