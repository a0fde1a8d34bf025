"""Answers the requests of `glueline up` and `glueline status` for the state of Spark."""

import json
from collections.abc import Callable
from typing import Final

from workflows.local.ministack.asgi import App, Message, Receive, Send, reply
from workflows.local.spark.state import SparkState

STATUS_PATH: Final = "/_glueline/status"


def with_status(app: App, spark: Callable[[], SparkState]) -> App:
    """The app, except that it answers STATUS_PATH with `{"spark": {…}}`."""

    async def layer(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == STATUS_PATH:
            body = json.dumps({"spark": spark().to_json()}).encode()
            await reply(send, 200, "application/x-amz-json-1.1", body)
        else:
            await app(scope, receive, send)

    return layer
