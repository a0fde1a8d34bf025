"""Commands for analysts: sources of dbt, files that open the lake in BI tools."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workflows.cli.app import bi_app, export_app
from workflows.cli.printing import StackName, err, out

if TYPE_CHECKING:
    from workflows.analysts.datasets import Dataset

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
    from workflows.analysts.dbt_sources import sources_yml

    name, datasets = _lake(stack, database)
    _write(sources_yml(datasets, name, catalog), output, "dbt parse, then dbt source freshness and dbt test")


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
    from workflows.stack.target import connect

    target = connect(stack)
    if dataset is not None:
        typer.echo(power_query(contract_of(target, dataset), target.output("LakeDatabase"), dsn), nl=False)
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
    from workflows.stack.target import connect

    if database is not None:
        template = quicksight_template(
            load_datasets(), {"LakeDatabase": database} if database else {}, dataset or ()
        )
    else:
        target = connect(stack)
        names = ("LakeDatabase", "LakeBucket", "ReaderWorkGroup")
        datasets = load_datasets(target.deployed_contracts)
        template = quicksight_template(datasets, {name: target.output(name) for name in names}, dataset or ())
    _write(
        template_text(template),
        output,
        "aws cloudformation deploy --s3-bucket BUCKET --capabilities CAPABILITY_IAM (docs/analysts.md)",
    )


def _lake(stack: str | None, database: str | None) -> tuple[str, list[Dataset]]:
    """The lake's database and its datasets: those of the stack or, for a named database, of the checkout."""
    from workflows.analysts.datasets import load_datasets

    if database is not None:
        return database, load_datasets()
    from workflows.stack.target import connect

    target = connect(stack)
    return target.output("LakeDatabase"), load_datasets(target.deployed_contracts)


def _write(text: str, output: Path | None, next_step: str) -> None:
    if output is None:
        typer.echo(text, nl=False)
        return
    output.write_text(text, encoding="utf-8")
    err.print(f"Wrote {output}. Next: {next_step}.")
