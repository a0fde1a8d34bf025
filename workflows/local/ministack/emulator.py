"""The embedded AWS with the local Glue in it: `python -m workflows.local.ministack.emulator`.

It runs in an environment of its own. MiniStack answers for every AWS service. It stores Glue workflows and
triggers at best, never fires one, and marks a Spark job as succeeded without running it. So a layer around
it answers for jobs, triggers and workflows itself, receives the EventBridge events meant for workflows,
and adds the resource types that CloudFormation lacks.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from workflows.local.base.home import CHECKOUT
from workflows.local.glue.api import OPERATIONS
from workflows.local.glue.engine import Glue
from workflows.local.glue.errors import GlueError
from workflows.local.glue.service import GlueService
from workflows.local.ministack import keeping
from workflows.local.ministack.additions import (
    add_resource_types,
    deliver_to_workflows,
    hand_over_whole_batches,
    isolate_lambdas,
    keep_lambda_logs,
    limit_lambdas,
)
from workflows.local.ministack.asgi import reply
from workflows.local.ministack.embedded_dynamodb import teach_exports
from workflows.local.ministack.web_pages import ALLOW, read_allowed, refusing_web_pages
from workflows.local.spark.runner import Layout, SparkRunner

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflows.local.ministack.asgi import App, Message, Receive, Send

STATUS_PATH: Final = "/_glueline/status"
_AWS_ENVIRONMENT: Final = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


def with_local_glue(app: App, service: GlueService, status: Callable[[], Message]) -> App:
    """The app, but with jobs, triggers and workflows answered by the local Glue."""

    async def layered(scope: Message, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers", ()))
        target, _, operation = headers.get(b"x-amz-target", b"").decode("latin-1").partition(".")
        if target == "AWSGlue" and operation in OPERATIONS:
            request = json.loads(await _body(receive) or b"{}")
            await _reply(send, *answer(service, operation, request))
        elif scope["type"] == "http" and scope["path"] == STATUS_PATH:
            await _reply(send, 200, status())
        else:
            await app(scope, receive, send)

    return layered


def answer(service: GlueService, operation: str, request: Message) -> tuple[int, Message]:
    """Status and body of one Glue operation, errors in the form that AWS SDKs read."""
    try:
        return 200, service.call(operation, request)
    except GlueError as error:
        return 400, {"__type": error.code, "Message": str(error)}


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _reply(send: Send, status: int, body: Message) -> None:
    await reply(send, status, "application/x-amz-json-1.1", json.dumps(body).encode())


def _environment(port: int, scratch: Path, kept: Path) -> dict[str, str]:
    """What MiniStack reads at import: loopback only, no other listeners, its folders."""
    return {
        **_AWS_ENVIRONMENT,
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": "us-east-1",
        "S3_DATA_DIR": str(scratch / "s3"),
        "STATE_DIR": str(kept),
        "TMPDIR": str(scratch),
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "DOCKER_HOST": f"unix://{scratch}/no-docker",
        "PYTHONNOUSERSITE": "1",
    }


def spark_layout(options: argparse.Namespace, endpoint: str) -> Layout:
    """How to start Spark, with the jobs' code as it was deployed."""
    python = [options.python, "-m", "workflows.local.spark.worker"]
    return Layout(
        command=[
            *(*python, "--endpoint", endpoint),
            *("--scratch", str(options.scratch / "spark"), "--code", str(options.jobs.parent)),
        ],
        environment={
            **os.environ,
            **_AWS_ENVIRONMENT,
            "AWS_ENDPOINT_URL": endpoint,
            "PYSPARK_PYTHON": options.python,
            # What was deployed goes before the checkout, which has the runtime itself; Spark's workers too.
            "PYTHONPATH": os.pathsep.join((str(options.jobs.parent), str(CHECKOUT))),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "TMPDIR": str(options.scratch / "spark"),
        },
        code=options.jobs.parent,
        jobs=options.jobs,
        logs=options.logs,
    )


async def serve(app: App, descriptor: int) -> None:
    """Answer at the socket that `up` opened, until killed: nothing here is worth an orderly end."""
    from hypercorn.asyncio import serve as hypercorn_serve
    from hypercorn.config import Config

    config = Config()
    config.bind = [f"fd://{descriptor}"]
    config.keep_alive_timeout = 75
    await hypercorn_serve(app, config, shutdown_trigger=asyncio.Event().wait)


def main() -> None:
    """Put the parts together and serve."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--socket", type=int, required=True, help="descriptor of a socket that listens")
    parser.add_argument(
        "--scratch", type=Path, required=True, help="folder for what is worth nothing afterwards"
    )
    parser.add_argument("--kept", type=Path, required=True, help="folder of what `down --keep` keeps")
    parser.add_argument("--logs", type=Path, required=True)
    parser.add_argument(
        "--jobs", type=Path, required=True, help="folder of the job scripts, beside what they import"
    )
    parser.add_argument("--python", required=True, help="interpreter with PySpark, for the jobs")
    options = parser.parse_args()
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s %(message)s", level=logging.INFO)

    with socket.socket(fileno=os.dup(options.socket)) as listening:
        host, port = listening.getsockname()
    endpoint = f"http://{host}:{port}"
    os.umask(0o077)  # what is sent to a stack is for its user's eyes only
    runner = SparkRunner(spark_layout(options, endpoint))
    glue = Glue()
    service = GlueService(glue, runner)
    runner.running, runner.ended = service.running, service.ended

    os.environ.update(_environment(port, options.scratch, options.kept))
    from ministack import app as ministack

    deliver_to_workflows(service)
    add_resource_types(service)
    isolate_lambdas()
    limit_lambdas(at_once=max(2, os.cpu_count() or 2))
    hand_over_whole_batches()
    keep_lambda_logs(options.logs / "lambdas")
    exports = teach_exports(endpoint)
    if keeping.read(options.kept, glue, exports, time.time()):
        logging.info("went on with what was kept in %s", options.kept)
    threading.Thread(target=service.keep_time, daemon=True, name="glue-clock").start()
    threading.Thread(target=runner.serve, daemon=True, name="spark-runner").start()
    served = with_local_glue(ministack.app, service, lambda: {"spark": runner.state})
    app = keeping.keeping(served, lambda: keeping.write(options.kept, port, glue, exports))
    allowed = read_allowed(os.environ.get(ALLOW, ""))
    asyncio.run(serve(refusing_web_pages(app, allowed), options.socket))


if __name__ == "__main__":
    main()
