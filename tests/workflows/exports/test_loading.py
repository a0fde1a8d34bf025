"""What becomes of an export that DynamoDB does not write, or the check job rejects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workflows.exports import loading
from workflows.exports.errors import ExportError
from workflows.exports.requests import find_source, request_export

if TYPE_CHECKING:
    from tests.workflows.exports.loading_stack import ReceiptsOfLoading
    from workflows.stack.target import Target


def test_an_export_that_dynamodb_fails_to_write_is_an_error(
    small_stack: Target, receipts: ReceiptsOfLoading
) -> None:
    arn = find_source(small_stack, "things").arn
    export = request_export(
        small_stack, {"TableArn": arn, "S3Bucket": "small-gone", "S3Prefix": "exports/things"}
    )

    with pytest.raises(ExportError, match=r"S3NoSuchBucket.*Nothing of it was loaded"):
        loading.load(small_stack, [export], lambda step: None)
