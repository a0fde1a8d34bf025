"""Great Expectations' Data Docs, a static site in the lake bucket under `quality/docs/`.

GX renders the pages. GX would also rewrite its whole site with each run; here a run writes two pages for each
dataset (its result and its rules), and the list of the last runs.
"""

import html
import json
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from jobs.quality.validation import ValidationResult

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ROOT = "quality/docs"
LISTED_RUNS = 200
_RUNS = "runs.json"
_UPLOADS = 8  # at the same time: fewer than a client has connections


@dataclass(frozen=True, slots=True)
class Run:
    """A line of the index: the rules of one dataset evaluated on one batch."""

    dataset: str
    batch_id: str
    ran_at: str
    broken: tuple[str, ...]

    @property
    def page(self) -> str:
        """The path of the result's page, as in GX's layout: its link to the index goes up four folders."""
        return f"validations/{self.dataset}/{self.batch_id}/run/result.html"


def runs_to_json(runs: Iterable[Run]) -> str:
    """`runs.json`, from which the index is written anew."""
    return json.dumps([asdict(run) for run in runs])


def runs_from_json(text: str | bytes) -> list[Run]:
    """The runs of `runs.json`."""
    return [Run(**{**run, "broken": tuple(run["broken"])}) for run in json.loads(text)]


def publish(
    s3: "S3Client", bucket: str, batch_id: str, ran_at: datetime, results: Mapping[str, ValidationResult]
) -> None:
    """Write the pages of a batch, by dataset, and list it in the index.

    Safe to repeat: writing a batch again replaces its pages and its lines.
    """
    runs = []
    pages: dict[str, str] = {}
    for dataset, result in results.items():
        run = Run(dataset, batch_id, ran_at.isoformat(timespec="seconds"), result.broken)
        runs.append(run)
        pages |= render_pages(result, run)
    with ThreadPoolExecutor(_UPLOADS) as pool:
        list(pool.map(partial(_put, s3, bucket), pages, pages.values()))  # raises the first error
    others = [run for run in _listed_runs(s3, bucket) if run.batch_id != batch_id]
    listed = [*runs, *others][:LISTED_RUNS]
    _put(s3, bucket, _RUNS, runs_to_json(listed), "application/json")
    _put(s3, bucket, "index.html", index_page(listed))


def index_page(runs: Sequence[Run]) -> str:
    """The list of runs, the newest first, as HTML."""
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


def render_pages(result: ValidationResult, run: Run) -> dict[str, str]:
    """The pages of a run, path -> HTML: the result of its rules, and the rules."""
    from great_expectations.core.run_identifier import RunIdentifier
    from great_expectations.render.renderer.page_renderer import (
        ExpectationSuitePageRenderer,
        ValidationResultsPageRenderer,
    )

    result.result.meta["run_id"] = RunIdentifier(run.batch_id, datetime.fromisoformat(run.ran_at))
    view = _view()
    of_result: Any = ValidationResultsPageRenderer(run_info_at_end=True)
    of_rules: Any = ExpectationSuitePageRenderer()
    results, rules = of_result.render(result.result), of_rules.render(result.suite)
    return {run.page: view.render(results), f"expectations/{run.dataset}.html": view.render(rules)}


@cache
def _view() -> Any:
    """GX's view of a page. It keeps its templates compiled, which takes longer than to render a page."""
    from great_expectations.render.view.view import DefaultJinjaPageView

    return DefaultJinjaPageView()


def _listed_runs(s3: "S3Client", bucket: str) -> list[Run]:
    try:
        body = s3.get_object(Bucket=bucket, Key=f"{ROOT}/{_RUNS}")["Body"].read()
    except s3.exceptions.NoSuchKey:
        return []
    return runs_from_json(body)


def _put(s3: "S3Client", bucket: str, name: str, text: str, content_type: str = "text/html") -> None:
    s3.put_object(
        Bucket=bucket, Key=f"{ROOT}/{name}", Body=text.encode(), ContentType=f"{content_type}; charset=utf-8"
    )
