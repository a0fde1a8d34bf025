"""Glueline's own deployment: its template with a dataset for each contract, and the checks of contracts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from workflows.dataset_parameter import dataset_parameter
from workflows.local.lifecycle.clients import REGION, client
from workflows.local.lifecycle.deployment import Deployment
from workflows.local.lifecycle.running import WORKFLOW

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from expectations.contract import Contract
    from workflows.local.base.home import Home
    from workflows.stack.target import Target

_SOON_SECONDS: Final = 2
_SETTLE_SECONDS: Final = 1.0  # a call of the API takes less here
_POLL_SECONDS: Final = 0.1
_TIMES: Final = ("IngestWindowSeconds", "RoundSeconds")
_MODE: Final = "IngestMode"


@dataclass(frozen=True, slots=True)
class UpOptions:
    """What is asked of a stack."""

    as_aws: bool = False  # the times that the template has on AWS
    mode: str | None = None  # the ingest mode; that of a kept stack if None, else `workflow`
    enables_streams: bool = False  # the stream of each existing table that has none is enabled
    awaits_spark: bool = True  # else the first jobs wait for it, if the stack starts without data


def our_deployment(home: Home, options: UpOptions | None = None) -> Deployment:
    """The deployment of the checkout.

    Nothing but the names of contracts and the times of AWS is read yet, so that this takes no time.
    """
    options = options or UpOptions()
    root = home.checkout
    contracts, template = root / "expectations", root / "workflows" / "template.yaml"
    return Deployment(
        template=template,
        stack_name="glueline",
        parameters={
            "LakeDatabase": "lake",
            "OpsDatabase": "lake_ops",
            "Datasets": dataset_parameter(file.stem for file in contracts.glob("*.yaml")),
            _MODE: options.mode or WORKFLOW,
            # Explicit also if they are the defaults: a kept stack would keep its own.
            **{name: _default(template, name) if options.as_aws else str(_SOON_SECONDS) for name in _TIMES},
        },
        sources=(root / "lambdas", contracts, root / "uv.lock", root / "pyproject.toml"),
        jobs=root / "jobs",
        packages=(contracts,),
        runtime=(root / "workflows" / "local", root / "uv.lock"),
        growing=("Datasets", "OwnTables"),
        kept=() if options.mode else (_MODE,),
        check=partial(check_contracts, contracts),
        compare=partial(compare_contracts, contracts, home.known_contracts),
        attach=partial(attach_tables, contracts, options.enables_streams),
        as_aws=options.as_aws,
        index=partial(build_indexes, contracts),
    )


def _default(template: Path, parameter: str) -> str:
    """The default of a parameter of a template."""
    from samcli.yamlhelper import yaml_parse

    return str(yaml_parse(template.read_text())["Parameters"][parameter]["Default"])


def check_contracts(folder: Path) -> None:
    """Read all contracts, and build what the Lambdas derive from them. Raises ContractError."""
    from expectations.odcs import load_contracts
    from workflows.contracts.check import check_at_doors

    check_at_doors(load_contracts(folder))


def attach_tables(
    folder: Path, enables_streams: bool, endpoint: str, report: Callable[[str], None]
) -> dict[str, str]:
    """The parameters about existing tables. One that does not exist yet is reported. Raises WrongTable."""
    from expectations.odcs import load_contracts
    from workflows.contracts.existing_tables import Place, find, parameters_of

    contracts = load_contracts(folder).values()
    dynamodb = client("dynamodb", endpoint)
    attached = find(dynamodb, contracts, Place(REGION), enables_streams=enables_streams, on_missing=report)
    return parameters_of(contracts, attached)


def build_indexes(folder: Path, target: Target, report: Callable[[str], None]) -> list[str]:
    """Give the tables the indexes of the contracts' access patterns; what was done, in sentences."""
    from expectations.odcs import load_contracts
    from workflows.indexes.building import Tables
    from workflows.indexes.building import build_indexes as build

    tables = Tables(
        target.client("dynamodb"), target.output("TablePrefix"), report, _SETTLE_SECONDS, _POLL_SECONDS
    )
    return build(tables, list(load_contracts(folder).values()))


def compare_contracts(folder: Path, known: Path, target: Target) -> dict[str, list[str]]:
    """What changes in the columns of datasets that the stack has, by dataset, in words.

    Raises ContractsRefused if the data of the stack can't follow the contracts.
    """
    from expectations.odcs import load_contracts
    from workflows.contracts.successors import compare_with_deployed

    deployed = _known_contracts(known)
    changed = {name: one for name, one in load_contracts(folder).items() if deployed.get(name) != one}
    return compare_with_deployed(target, deployed, changed) if changed else {}


def _known_contracts(folder: Path) -> dict[str, Contract]:
    """The contracts that can be read: the reader may have changed, and the live tables are compared too."""
    from expectations.odcs import ContractError, load_contract

    found = {}
    for file in folder.glob("*.yaml"):
        try:
            found[file.stem] = load_contract(file)
        except ContractError:
            continue
    return found
