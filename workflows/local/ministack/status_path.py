"""Answers the requests of `glueline up` and `glueline status` for the state of Spark."""

import json
from collections.abc import Callable, Mapping
from typing import Final

from workflows.local.ministack.asgi import App, Message, Receive, Send, reply
from workflows.local.spark.state import SparkState

STATUS_PATH: Final = "/_glueline/status"


def with_status(app: App, states: Callable[[], Mapping[str, SparkState]]) -> App:
    """The app, except that it answers STATUS_PATH with the state of each Spark: `{"spark": {…}, …}`."""

    async def layer(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == STATUS_PATH:
            body = json.dumps({name: state.to_json() for name, state in states().items()}).encode()
            await reply(send, 200, "application/x-amz-json-1.1", body)
        else:
            await app(scope, receive, send)

    return layer
