"""The index of Data Docs lists the last runs and shows names as text."""

from typing import TYPE_CHECKING, Any, cast

from jobs.quality import data_docs
from jobs.quality.data_docs import Run, index_page, publish, runs_from_json
from tests.jobs.builders import SENT

if TYPE_CHECKING:
    import pytest
    from mypy_boto3_s3 import S3Client


class BrokenRule:
    """A validation result as `publish` reads it; GX renders its pages."""

    broken = ("week.range",)


def test_a_batch_published_twice_is_listed_once_and_the_oldest_runs_are_dropped(
    s3: "S3Client", monkeypatch: "pytest.MonkeyPatch"
) -> None:
    monkeypatch.setattr(data_docs, "render_pages", lambda result, run: {run.page: "page"})
    monkeypatch.setattr(data_docs, "LISTED_RUNS", 2)
    results = cast(Any, {"things": BrokenRule()})

    for batch_id in ("b1", "b2", "b2", "b3"):
        publish(s3, "lake", batch_id, SENT, results)

    def stored(name: str) -> str:
        return s3.get_object(Bucket="lake", Key=f"quality/docs/{name}")["Body"].read().decode()

    listed = [(run.batch_id, run.broken) for run in runs_from_json(stored("runs.json"))]
    assert listed == [("b3", ("week.range",)), ("b2", ("week.range",))]
    assert 'href="validations/things/b3/run/result.html"' in stored("index.html")
    assert stored("validations/things/b3/run/result.html") == "page"


def test_names_are_shown_as_text() -> None:
    page = index_page([Run("things", "<b>", "2026-11-24T12:00:00", ())])

    assert "<b>" not in page
    assert "all rules hold" in page
