"""The index of Data Docs lists the last runs, and shows names as text."""

from typing import TYPE_CHECKING, Any, cast

from jobs.quality import data_docs
from jobs.quality.data_docs import Run, index_page, publish
from tests.jobs.builders import SENT

if TYPE_CHECKING:
    import pytest
    from mypy_boto3_s3 import S3Client


class Verdict:
    """What `publish` asks of a verdict; its pages are GX's business."""

    broken = ("week.range",)


def test_a_batch_published_twice_is_listed_once_and_old_ones_leave(
    s3: "S3Client", monkeypatch: "pytest.MonkeyPatch"
) -> None:
    monkeypatch.setattr(data_docs, "_pages", lambda verdict, run: {run.page: "page"})
    monkeypatch.setattr(data_docs, "LISTED_RUNS", 2)
    verdicts = cast(Any, {"things": Verdict()})

    for batch_id in ("b1", "b2", "b2", "b3"):
        publish(s3, "lake", batch_id, SENT, verdicts)

    listed = [(run.batch_id, run.broken) for run in data_docs._listed(s3, "lake")]
    index = s3.get_object(Bucket="lake", Key="quality/docs/index.html")["Body"].read().decode()
    assert listed == [("b3", ("week.range",)), ("b2", ("week.range",))]
    assert 'href="validations/things/b3/run/result.html"' in index
    assert s3.get_object(Bucket="lake", Key="quality/docs/validations/things/b3/run/result.html")


def test_names_are_shown_as_text() -> None:
    page = index_page([Run("things", "<b>", "2026-11-24T12:00:00", ())])

    assert "<b>" not in page
    assert "all rules hold" in page
