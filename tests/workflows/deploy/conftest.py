"""An account of the embedded AWS, into which the small template is deployed by real CloudFormation calls."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.lambdas.contracts import THINGS
from tests.workflows.deploy.small_stack import TEMPLATE
from tests.workflows.local.ministack.embedded import embedded
from workflows.deploy import deployment, options, packaging, stacks
from workflows.deploy.account import Account, sign_in
from workflows.deploy.packaging import JobsCode
from workflows.deploy.template import parse
from workflows.local.base.home import Home

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

NUMBERS = itertools.count(1)


def use_account(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    """Let commands find this embedded AWS by the environment, and look at it often."""
    environment = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setattr(stacks, "POLL_SECONDS", 0.1)


@pytest.fixture
def account(embedded_aws: str, monkeypatch: pytest.MonkeyPatch) -> Account:
    """The account that commands find by the environment."""
    use_account(monkeypatch, embedded_aws)
    return sign_in()


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An account of its own: what other tests deploy is not in its way."""
    with embedded(Home(tmp_path_factory.mktemp("embedded-aws"))) as endpoint:
        use_account(monkeypatch, endpoint)
        yield endpoint


@pytest.fixture
def bucket(account: Account) -> str:
    """A bucket for artifacts."""
    account.client("s3").create_bucket(Bucket="artifacts-of-tests")
    return "artifacts-of-tests"


@pytest.fixture
def small(account: Account, bucket: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> options.Options:
    """Options of a deployment of the small template, under a name of its own."""
    template = tmp_path / "template.yaml"
    template.write_text(TEMPLATE)

    def build(architecture: str, parameters: Mapping[str, str]) -> Path:
        return template

    def upload(built: Path, *where: Any) -> str:
        return json.dumps(parse(built.read_text()))

    for module in (deployment, options):
        monkeypatch.setattr(module, "TEMPLATE_FILE", template)
    monkeypatch.setattr(deployment, "load_contracts", lambda: {"things": THINGS})
    monkeypatch.setattr(deployment, "check_contracts", lambda contracts: None)
    monkeypatch.setattr(deployment, "report_notes", lambda report: report("2 notes on contracts"))
    monkeypatch.setattr(packaging, "build_jobs", lambda: JobsCode((template,)))
    monkeypatch.setattr(packaging, "build_functions", build)
    monkeypatch.setattr(packaging, "upload_functions", upload)
    return options.Options(stack=f"small{next(NUMBERS)}", bucket=bucket)
