"""The status of Spark, as `glueline status` requests it."""

import asyncio
import json
from typing import Any

from workflows.local.ministack.status_path import STATUS_PATH, with_status
from workflows.local.spark.state import SparkState


def test_the_state_of_spark_is_answered_and_other_requests_go_on() -> None:
    sent: list[dict[str, Any]] = []
    reached: list[str] = []

    async def beneath(scope: dict[str, Any], receive: Any, send: Any) -> None:
        reached.append(scope.get("path", scope["type"]))

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    states = {"spark": SparkState("ready", pid=7, seconds=2.5), "streaming": SparkState("off")}
    layer = with_status(beneath, lambda: states)

    async def run() -> None:
        for scope in (
            {"type": "http", "path": STATUS_PATH},
            {"type": "http", "path": "/"},
            {"type": "lifespan"},
        ):
            await layer(scope, None, send)  # type: ignore[arg-type]

    asyncio.run(run())
    assert json.loads(sent[1]["body"]) == {
        "spark": {"state": "ready", "pid": 7, "seconds": 2.5},
        "streaming": {"state": "off"},
    }
    assert reached == ["/", "lifespan"]
