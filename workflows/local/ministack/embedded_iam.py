"""Changes the embedded IAM so that it decides about a request as AWS does, for requests and for its own services.

They use private names of the pinned MiniStack; a missing name is an error at the start (`internals`).
"""

import contextvars
from collections.abc import Mapping
from typing import Any, Final

from workflows.local.ministack.internals import require

_PLAIN: Final = "http"
_FORWARDED: Final = b"x-forwarded-proto"
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html has no batch actions.
_AUTHORIZED_AS: Final = {
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
}


def decide_as_aws() -> None:
    """Make the embedded IAM decide as AWS does where the template needs it."""
    _count_loopback_as_tls()
    _authorize_batches_as_single_calls()


def _count_loopback_as_tls() -> None:
    """Count requests on the loopback as encrypted, unless they say `x-forwarded-proto: http`.

    The embedded AWS has no certificates, and the template's policies refuse what comes without TLS. Its own
    services have no request; what they do counts as encrypted too.
    """
    from ministack import app
    from ministack.core import iam_evaluator

    require(iam_evaluator, "_request_origin")
    require(app, "pin_request_origin")
    origin = contextvars.ContextVar("ministack_request_origin", default=("127.0.0.1", True))

    def pin(source_ip: str, _: bool) -> None:
        origin.set((source_ip, True))

    iam_evaluator._request_origin = origin
    iam_evaluator.pin_request_origin = app.pin_request_origin = pin


def _authorize_batches_as_single_calls() -> None:
    from ministack.core import iam_actions
    from ministack.services import sqs

    extract, by_policy = require(iam_actions, "extract_iam_action"), require(sqs, "_enforce_queue_policy")

    def extract_as_authorized(*arguments: Any) -> str | None:
        action: str | None = extract(*arguments)
        return _AUTHORIZED_AS.get(action, action) if action else None

    def by_policy_as_authorized(queue: dict[str, Any], action: str) -> None:
        by_policy(queue, _AUTHORIZED_AS.get(action, action))

    iam_actions.extract_iam_action, sqs._enforce_queue_policy = extract_as_authorized, by_policy_as_authorized
