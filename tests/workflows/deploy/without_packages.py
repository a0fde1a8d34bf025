"""Deployments of Glueline's template without its packages: functions fail, and nothing has to be built."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from workflows.deploy import deployment, packaging
from workflows.deploy.packaging import JobsCode
from workflows.deploy.template import TEMPLATE_FILE, parse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pytest

FAILS = "def handler(event, context): raise RuntimeError('a function of a test')"


def without_packages(template: dict[str, Any]) -> str:
    """The template with code in its functions, so that nothing has to be built."""
    template["Globals"]["Function"].pop("CodeUri")
    for resource in template["Resources"].values():
        if isinstance(resource, dict) and resource.get("Type") == "AWS::Serverless::Function":
            resource["Properties"] |= {"InlineCode": FAILS, "Handler": "index.handler"}
            resource.pop("Metadata", None)
    return json.dumps(template)


def deploy_without_packages(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let `deploy` take the template without packages, and contracts as they are."""
    built, job = folder / "built.json", folder / "job.py"
    job.write_text("")

    def build(architecture: str, parameters: Mapping[str, str]) -> Path:
        built.write_text(without_packages(parse(TEMPLATE_FILE.read_text())))
        return built

    monkeypatch.setattr(deployment, "check_contracts", lambda contracts: None)
    monkeypatch.setattr(deployment, "report_notes", lambda report: None)
    monkeypatch.setattr(packaging, "build_jobs", lambda: JobsCode((job,)))
    monkeypatch.setattr(packaging, "build_functions", build)
    monkeypatch.setattr(packaging, "upload_functions", lambda built, *where: built.read_text())
