"""A deployment, step by step: read, check, plan, ask, build, upload, change, protect.

Until the user has agreed to the plan, the account is only read. Everything after that is safe to repeat, and
to stop at any point: CloudFormation rolls a stack back to its previous state, and the next run says what it
found.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from expectations.odcs import load_contracts
from workflows.contracts.check import check as check_contracts
from workflows.contracts.check import report_notes
from workflows.contracts.existing_tables import PARAMETERS, find, parameters_of
from workflows.contracts.existing_tables import Place as TablesPlace
from workflows.dataset_parameter import dataset_parameter
from workflows.deploy import changesets, packaging, stacks, states
from workflows.deploy.account import make_managed_bucket, managed_bucket, sign_in
from workflows.deploy.adopting import adopt, find_leftovers, is_free, named_leftovers
from workflows.deploy.errors import DeployError
from workflows.deploy.findings import Verdict
from workflows.deploy.options import Options, check_options
from workflows.deploy.plan import compare
from workflows.deploy.preflight import Intent, mail, preflight
from workflows.deploy.renamed_parameters import forgotten_values, renamed_values
from workflows.deploy.states import Next, state_of
from workflows.deploy.template import TEMPLATE_FILE, expand, parse, resources, without_absent
from workflows.indexes.building import SETTLE_SECONDS, Tables, announce, build_indexes
from workflows.stack.database_names import database_parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from expectations.contract import Contract
    from workflows.deploy.account import Account
    from workflows.deploy.adopting import Leftover
    from workflows.deploy.packaging import JobsCode
    from workflows.deploy.plan import Plan
    from workflows.deploy.stacks import Stack

NO_BUCKET: Final = "to-be-made"  # stands for the bucket that SAM makes, in a plan
PROTECTION: Final = "DeletionProtection"
PREFIX: Final = "TablePrefix"  # the output
# Logical ids, and the parameters and outputs that name them.
DATABASES: Final = {"Lake": "LakeDatabase", "LakeOps": "OpsDatabase"}


class Declined(Exception):
    """Raised when the user answers no; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Dialog:
    """How a deployment tells what it does, and asks."""

    report: Callable[[str], None]
    agrees: Callable[[str], bool]  # asks a question
    shows: Callable[[str, int | None], None] = lambda step, left: None  # a step, and its parts that are left

    def begin(self, step: str, left: int | None = None) -> None:
        """Show what is done now."""
        self.shows(step, left)

    def ask(self, question: str) -> None:
        """Return if the user agrees. Raises Declined."""
        if not self.agrees(question):
            raise Declined


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that is known before anything is written."""

    options: Options
    account: Account
    stack: Stack | None
    parameters: Mapping[str, str]  # given or computed; the others keep their last values
    jobs: JobsCode
    bucket: str | None
    plan: Plan
    intent: Intent
    leftovers: tuple[Leftover, ...]
    named: tuple[Leftover, ...]
    forgotten: Mapping[str, str]  # values of parameters that the template has no more

    @property
    def is_first(self) -> bool:
        """Whether the deployment makes everything that it has: a failure then removes it again."""
        return (self.stack is None or state_of(self.stack).next is Next.CREATE) and not self.leftovers


def plan(options: Options, dialog: Dialog) -> Prepared:
    """Print what a deployment would do, what it costs, and what is in its way. Writes nothing to the account.

    Raises DeployError, or ContractError for a contract that can't be read or that an engine refuses.
    """
    contracts = _contracts(options, dialog)
    dialog.begin("asking the account")
    account = sign_in(options.region)
    stack = stacks.find(account.client("cloudformation"), options.stack)
    if stack is not None and state_of(stack).next in (Next.WAIT, Next.GIVE_UP):
        raise states.refuse(stack)
    if stack is not None:
        _say_state(stack, dialog)
    dialog.begin("building the code of the jobs")
    prepared = _prepare(options, account, stack, contracts, only_reads=True)
    _print(prepared, dialog)
    _print_indexes(account, stack, contracts, dialog)
    return prepared


def deploy(options: Options, dialog: Dialog) -> dict[str, str]:
    """Deploy; the outputs of the stack.

    Raises Declined if the user answers no, DeployError, or ContractError for a contract that can't be read or
    that an engine refuses; in all these cases before anything is changed, except for what the error names.
    """
    contracts = _contracts(options, dialog)
    dialog.begin("asking the account")
    account = sign_in(options.region)
    if options.enables_streams:
        dialog.ask(f"Enable the stream of each existing table that has none, in account {account.id}")
    cloudformation = account.client("cloudformation")
    stack = _usable(cloudformation, options.stack, dialog)
    dialog.begin("building the code of the jobs")
    prepared = _prepare(options, account, stack, contracts)
    if errors := _print(prepared, dialog):
        raise DeployError(f"{errors} of these findings are wrong (see above). Nothing was changed.")
    _print_indexes(account, stack, contracts, dialog)
    dialog.ask(f"Deploy this to stack {options.stack}, account {account.id}, region {account.region}")
    bucket = prepared.bucket or make_managed_bucket(account)
    dialog.report(f"Artifacts go to s3://{bucket}")
    url = _upload(prepared, bucket, dialog)
    if prepared.leftovers:
        dialog.report(f"Adopting {len(prepared.leftovers)} resources …")
        stack = adopt(account, options.stack, prepared.leftovers, dialog.report)
    parameters = {**prepared.parameters, "JobsCode": prepared.jobs.address(bucket)}
    asked = parameters.get(PROTECTION, "true")
    if prepared.is_first and asked == "true":
        parameters[PROTECTION] = "later"
    ended = _change(prepared, stack, url, parameters, dialog)
    if ended.parameters.get(PROTECTION) == "later":
        dialog.report("Protecting the tables and the user pool against deletion …")
        ended = _change(prepared, ended, url, {**parameters, PROTECTION: "true"}, dialog)
    if (tables := _tables(account, ended, dialog)) is not None:
        settle_seconds = 0 if prepared.is_first else SETTLE_SECONDS
        for line in build_indexes(replace(tables, settle_seconds=settle_seconds), list(contracts.values())):
            dialog.report(line)
    return ended.outputs


def _tables(account: Account, stack: Stack | None, dialog: Dialog) -> Tables | None:
    """The tables of a stack, None if it has none yet."""
    if stack is None or PREFIX not in stack.outputs:
        return None
    return Tables(account.client("dynamodb"), stack.outputs[PREFIX], dialog.report)


def _contracts(options: Options, dialog: Dialog) -> dict[str, Contract]:
    """The contracts by dataset, once options and contracts are known to be right."""
    dialog.begin("checking the contracts")
    check_options(options)
    contracts = load_contracts()
    check_contracts(contracts)
    report_notes(dialog.report)
    return contracts


def _usable(cloudformation: Any, name: str, dialog: Dialog) -> Stack | None:
    """The stack in a state from which it can be created or updated. Raises DeployError, Declined."""
    stack = stacks.find(cloudformation, name)
    if stack is None:
        return None
    match state_of(stack).next:
        case Next.WAIT | Next.GIVE_UP:
            raise states.refuse(stack)
        case Next.DELETE_FIRST | Next.CONTINUE_ROLLBACK_FIRST:
            dialog.ask(states.question(stack))
            states.repair(cloudformation, stack, dialog.report)
            return stacks.find(cloudformation, name)
    _say_state(stack, dialog)
    return stack


def _say_state(stack: Stack, dialog: Dialog) -> None:
    if meaning := state_of(stack).meaning:
        dialog.report(f"The stack {stack.name} is in the state {stack.status}: {meaning}.")


def _prepare(
    options: Options,
    account: Account,
    stack: Stack | None,
    contracts: Mapping[str, Contract],
    *,
    only_reads: bool = False,
) -> Prepared:
    jobs = packaging.build_jobs()
    bucket = options.bucket or managed_bucket(account)
    before = {} if stack is None else stack.parameters
    attached = find(
        account.client("dynamodb"),
        contracts.values(),
        TablesPlace(account.region, account.id),
        enables_streams=options.enables_streams and not only_reads,
    )
    parameters = {
        **renamed_values(before),
        **options.parameters,
        "Datasets": dataset_parameter(contracts),
        **parameters_of(contracts.values(), attached),
        "JobsCode": jobs.address(bucket or NO_BUCKET),
        "Architecture": options.architecture,
    }
    databases = _databases(account, options, stack)
    parameters |= database_parameters(options.stack, databases, options.parameters)
    if before.get(PROTECTION) == "later":  # a first deployment stopped before its second step
        parameters.setdefault(PROTECTION, "true")
    template = parse(TEMPLATE_FILE.read_text())
    place = account.place(options.stack)
    kept = {name: value for name, value in before.items() if name in template["Parameters"]}
    expanded = expand(template, place, {**kept, **parameters})
    wanted = resources(expanded)
    deployed, forgotten = {}, dict[str, str]()
    if stack is not None and state_of(stack).next is Next.UPDATE:
        last = parse(stacks.template_of(account.client("cloudformation"), stack))
        deployed = resources(expand(last, place, before))
        forgotten = forgotten_values(before, last.get("Parameters", {}), template["Parameters"])
    planned = compare(deployed, wanted)
    leftovers, named = _adoptable(options, account, planned, is_new=not deployed)
    grants = {**kept, **parameters}.get("LakeFormationGrants") == "true"
    adopted = {one.resource.logical_id for one in (*leftovers, *named)}
    intent = Intent(expanded, planned, sorted(contracts), bucket, adopted, grants)
    return Prepared(
        options,
        account,
        stack,
        parameters,
        jobs,
        bucket,
        planned,
        intent,
        tuple(leftovers),
        tuple(named),
        forgotten,
    )


def _databases(account: Account, options: Options, stack: Stack | None) -> dict[str, str]:
    """The databases of the stack, or those that a deleted stack of its name has left, by output."""
    if stack is not None and state_of(stack).next is Next.UPDATE:
        if stack.outputs.keys() >= set(DATABASES.values()):
            return stack.outputs
        ids = stacks.physical_ids(account.client("cloudformation"), stack)  # no outputs: adoption had stopped
        return {output: ids[logical_id] for logical_id, output in DATABASES.items() if logical_id in ids}
    if options.adopt is False:
        return {}
    found: dict[str, str] = {}
    for event in stacks.retained_by(account, options.stack):
        output = DATABASES.get(event.logical_id)
        if output is not None and output not in found and is_free(account, event.type, event.physical_id):
            found[output] = event.physical_id
    return found


def _adoptable(
    options: Options, account: Account, planned: Plan, *, is_new: bool
) -> tuple[list[Leftover], list[Leftover]]:
    """What is adopted by an import of its own, and what the change set takes in because of its name."""
    if options.adopt is False:
        return [], []
    leftovers = find_leftovers(account, options.stack, planned.added) if is_new else []
    known = {leftover.resource.logical_id for leftover in leftovers}
    named = list(named_leftovers(account, planned.added)) if options.adopt else []
    more = [leftover for leftover in named if leftover.resource.logical_id not in known]
    return ([*leftovers, *more], []) if is_new else ([], more)


def _print(prepared: Prepared, dialog: Dialog) -> int:
    """Print plan and findings; the number of findings that are wrong."""
    account, options = prepared.account, prepared.options
    dialog.report(f"Stack {options.stack} in account {account.id}, region {account.region}")
    for line in prepared.plan.lines():
        dialog.report(line)
    if prepared.forgotten:
        values = ", ".join(f"{name}={value}" for name, value in prepared.forgotten.items())
        dialog.report(f"It forgets values of parameters that the template has no more: {values}")
    if adopted := (*prepared.leftovers, *prepared.named):
        dialog.report(f"It ADOPTS {len(adopted)} of them, with all they hold (--no-adopt makes new ones):")
        for leftover in adopted:
            dialog.report(f"  {leftover}")
    dialog.begin("checking the account")
    dialog.report("Checked:")
    kept = {} if prepared.stack is None else prepared.stack.parameters
    wrong = 0
    for finding in (*preflight(account, prepared.intent), *mail({**kept, **options.parameters})):
        dialog.report(f"  {finding}")
        wrong += finding.verdict is Verdict.WRONG
    return wrong


def _print_indexes(
    account: Account, stack: Stack | None, contracts: Mapping[str, Contract], dialog: Dialog
) -> None:
    if (tables := _tables(account, stack, dialog)) is not None:
        for line in announce(tables, list(contracts.values())):
            dialog.report(f"  {line}")


def _upload(prepared: Prepared, bucket: str, dialog: Dialog) -> str:
    """Build and upload everything that the stack runs; the address of its template."""
    account, options = prepared.account, prepared.options
    s3 = account.client("s3")
    dialog.begin("uploading the code of the jobs")
    code = packaging.upload_jobs(s3, bucket, prepared.jobs)
    dialog.report(f"Jobs: {code}")
    dialog.begin("building the packages of the functions")
    computed = {name: prepared.parameters[name] for name in ("Datasets", *PARAMETERS, "Architecture")}
    built = packaging.build_functions(options.architecture, {**computed, "JobsCode": code})
    dialog.begin("uploading the packages of the functions")
    packaged = parse(packaging.upload_functions(built, account.region, bucket, options.stack))
    text = json.dumps(without_absent(packaged, prepared.intent.expanded.get("Conditions", {})))
    key = f"{options.stack}/{hashlib.sha256(text.encode()).hexdigest()[:32]}.template"
    s3.put_object(Bucket=bucket, Key=key, Body=text.encode())
    return f"https://s3.{account.region}.amazonaws.com/{bucket}/{key}"


def _change(
    prepared: Prepared, stack: Stack | None, url: str, parameters: Mapping[str, str], dialog: Dialog
) -> Stack:
    """Make a change set, ask again if it replaces or removes more than the plan said, and execute it."""
    cloudformation = prepared.account.client("cloudformation")
    name = prepared.options.stack
    kind = "CREATE" if state_of(stack).next is Next.CREATE else "UPDATE"
    of_template = parse(TEMPLATE_FILE.read_text())["Parameters"]
    given = changesets.parameters_of(parameters, of_template, stack if kind == "UPDATE" else None)
    dialog.begin("waiting until CloudFormation has made a change set")
    change_set = changesets.make(
        cloudformation, name, kind, {"TemplateURL": url}, given, adopts_named=bool(prepared.named)
    )
    if change_set is None:
        dialog.report("The stack is as it should be: there is nothing to change.")
        unchanged = stacks.find(cloudformation, name)
        if unchanged is None:
            raise DeployError(f"The stack {name} is gone: something else deleted it. Run this again.")
        return unchanged
    more = [one for one in change_set.changes if one.is_loss and one.logical_id not in prepared.plan.losses]
    if more:
        dialog.report("CloudFormation says that it may also replace or remove:")
        for change in more:
            dialog.report(f"  {change}")
        if not dialog.agrees("Continue"):
            changesets.discard(cloudformation, change_set)
            raise Declined
    dialog.report(f"{len(change_set.changes)} changes …")
    return changesets.execute(
        cloudformation, change_set, dialog.report, partial(dialog.begin, "CloudFormation changes the stack")
    )
