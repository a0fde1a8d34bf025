"""Great Expectations' Data Docs, a static site in the lake bucket under `quality/docs/`.

GX renders the pages. It would also write its whole site anew with each run; here a run costs two pages for
each dataset (its result, its rules) and the list of the last runs.
"""

import html
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from jobs.quality.validation import ValidationResult

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ROOT = "quality/docs"
LISTED_RUNS = 200


@dataclass(frozen=True, slots=True)
class Run:
    """One line of the index: the rules of one dataset on one batch."""

    dataset: str
    batch_id: str
    ran_at: str
    broken: tuple[str, ...]

    @property
    def page(self) -> str:
        """Where the result is; pages link to the index as four folders up, as in GX's own layout."""
        return f"validations/{self.dataset}/{self.batch_id}/run/result.html"


def publish(
    s3: "S3Client", bucket: str, batch_id: str, ran_at: datetime, verdicts: dict[str, ValidationResult]
) -> None:
    """Write the pages of a batch and list it in the index. Writing a batch again replaces its pages."""
    runs = []
    for dataset, verdict in verdicts.items():
        run = Run(dataset, batch_id, ran_at.isoformat(timespec="seconds"), verdict.broken)
        runs.append(run)
        for name, page in _pages(verdict, run).items():
            _put(s3, bucket, name, page)
    kept = [run for run in _listed(s3, bucket) if run.batch_id != batch_id]
    listed = [*runs, *kept][:LISTED_RUNS]
    _put(s3, bucket, "runs.json", json.dumps([asdict(run) for run in listed]), "application/json")
    _put(s3, bucket, "index.html", index_page(listed))


def index_page(runs: Sequence[Run]) -> str:
    """The list of runs, the newest first."""
    rows = "\n".join(
        f"<tr><td>{html.escape(run.ran_at)}</td><td>{html.escape(run.dataset)}</td>"
        f'<td><a href="{html.escape(run.page)}">{html.escape(run.batch_id)}</a></td>'
        f"<td>{html.escape(', '.join(run.broken)) or 'all rules hold'}</td></tr>"
        for run in runs
    )
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'><title>Glueline data quality</title>"
        "<style>body{font:16px/1.5 system-ui;margin:2rem auto;max-width:70rem;padding:0 1rem}"
        "table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .8rem .3rem 0;"
        "border-bottom:1px solid #ddd}</style><h1>Data quality</h1>"
        f"<p>The last {len(runs)} runs, the newest first.</p>"
        "<table><tr><th>ran at</th><th>dataset</th><th>batch</th><th>rules broken</th></tr>\n"
        f"{rows}\n</table></html>\n"
    )


def _pages(verdict: ValidationResult, run: Run) -> dict[str, str]:
    from great_expectations.core.run_identifier import RunIdentifier
    from great_expectations.render.renderer.page_renderer import (
        ExpectationSuitePageRenderer,
        ValidationResultsPageRenderer,
    )
    from great_expectations.render.view.view import DefaultJinjaPageView

    verdict.result.meta["run_id"] = RunIdentifier(run.batch_id, datetime.fromisoformat(run.ran_at))
    view: Any = DefaultJinjaPageView()
    of_result: Any = ValidationResultsPageRenderer(run_info_at_end=True)
    of_rules: Any = ExpectationSuitePageRenderer()
    result, rules = of_result.render(verdict.result), of_rules.render(verdict.suite)
    return {run.page: view.render(result), f"expectations/{run.dataset}.html": view.render(rules)}


def _listed(s3: "S3Client", bucket: str) -> list[Run]:
    try:
        body = s3.get_object(Bucket=bucket, Key=f"{ROOT}/runs.json")["Body"].read()
    except s3.exceptions.NoSuchKey:
        return []
    return [Run(**{**run, "broken": tuple(run["broken"])}) for run in json.loads(body)]


def _put(s3: "S3Client", bucket: str, name: str, text: str, content_type: str = "text/html") -> None:
    s3.put_object(
        Bucket=bucket, Key=f"{ROOT}/{name}", Body=text.encode(), ContentType=f"{content_type}; charset=utf-8"
    )
