"""The embedded AWS with the local Glue in it: `python -m workflows.local.ministack.emulator`.

It runs in an environment of its own. MiniStack answers for all AWS services, but it never fires a Glue
trigger and marks Spark jobs as succeeded without running them. So layers around it answer for jobs, triggers
and workflows (`embedded_glue`) and refuse web pages (`web_pages`), and its services are changed where the
template needs it (`embedded_glue`, `embedded_lambda`, `embedded_dynamodb`). Options: `options`.
"""

import asyncio
import logging
import os
import socket
import threading
import time
from pathlib import Path
from typing import Final

from workflows.local.base.home import CHECKOUT
from workflows.local.exports.service import ExportService
from workflows.local.glue.engine import Glue
from workflows.local.glue.service import GlueService
from workflows.local.ministack import keeping
from workflows.local.ministack.acting_roles import act_as_roles, job_credentials, refused
from workflows.local.ministack.asgi import App
from workflows.local.ministack.batching_windows import wait_for_batching_windows
from workflows.local.ministack.embedded_dynamodb import add_exports
from workflows.local.ministack.embedded_glue import (
    add_resource_types,
    announce_job_states,
    deliver_to_workflows,
    with_local_glue,
)
from workflows.local.ministack.embedded_iam import decide_as_aws, glue_refusal, with_transport
from workflows.local.ministack.embedded_lambda import (
    deliver_whole_batches,
    finish_invocations,
    isolate_lambdas,
    keep_lambda_logs,
    limit_lambdas,
)
from workflows.local.ministack.encryption_keys import keep_keys_of_templates
from workflows.local.ministack.holding import with_holding
from workflows.local.ministack.options import SPARKS, EmulatorOptions
from workflows.local.ministack.recorded_requests import RecordedRequests, with_requests
from workflows.local.ministack.schedules import start_jobs_of_schedules
from workflows.local.ministack.status_path import with_status
from workflows.local.ministack.web_pages import ALLOW, read_allowed, refusing_web_pages
from workflows.local.spark.layout import SparkLayout
from workflows.local.spark.runner import SparkRunner
from workflows.local.spark.runners import IDLE_SECONDS, SparkRunners

IAM: Final = "GLUELINE_IAM"  # "off": every caller may do everything
_AWS_ENVIRONMENT: Final = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


def ministack_environment(options: EmulatorOptions, port: int) -> dict[str, str]:
    """What MiniStack reads when it is imported: the loopback only, no other listeners, its folders."""
    return {
        **_AWS_ENVIRONMENT,
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": "us-east-1",
        "S3_DATA_DIR": str(options.scratch / "s3"),
        "STATE_DIR": str(options.kept),
        "TMPDIR": str(options.scratch),
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "DOCKER_HOST": f"unix://{options.scratch}/no-docker",
        "PYTHONNOUSERSITE": "1",
        "AUTH": str(os.environ.get(IAM) != "off").lower(),
    }


def spark_layout(options: EmulatorOptions, endpoint: str, name: str = SPARKS[0]) -> SparkLayout:
    """How to start a Spark process of this name, with the code of jobs as it was deployed."""
    code, scratch = options.jobs.parent, options.scratch / name
    return SparkLayout(
        command=[
            *(options.python, "-m", "workflows.local.spark.worker"),
            *("--endpoint", endpoint, "--scratch", str(scratch), "--code", str(code)),
        ],
        environment={
            **os.environ,
            **_AWS_ENVIRONMENT,
            "AWS_ENDPOINT_URL": endpoint,
            "PYSPARK_PYTHON": options.python,
            # For Spark's workers too: deployed packages first, then the checkout, which has the runtime.
            "PYTHONPATH": os.pathsep.join((str(code), str(CHECKOUT))),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "TMPDIR": str(scratch),
        },
        code=code,
        jobs=options.jobs,
        logs=options.logs,
        name=name,
    )


def spark_runners(options: EmulatorOptions, endpoint: str) -> SparkRunners:
    """A process that is warm from the start, and one for the streaming job that starts with it."""
    ending, streaming = (spark_layout(options, endpoint, name) for name in SPARKS)
    return SparkRunners(SparkRunner(ending), SparkRunner(streaming, IDLE_SECONDS))


def change_ministack(
    service: GlueService, endpoint: str, logs: Path, recorded: RecordedRequests
) -> ExportService:
    """Change the services of MiniStack as the template needs them; returns the exports of its DynamoDB."""
    deliver_to_workflows(service)
    announce_job_states(service)
    add_resource_types(service)
    isolate_lambdas()
    limit_lambdas(at_once=max(2, os.cpu_count() or 2))
    finish_invocations()
    deliver_whole_batches()
    keep_lambda_logs(logs / "lambdas")
    exports = add_exports(endpoint)
    if os.environ["AUTH"] == "true":
        decide_as_aws(recorded)
        act_as_roles()
        keep_keys_of_templates()
    return exports


async def serve(app: App, descriptor: int) -> None:
    """Serve at the inherited socket until the process is killed: its data needs no orderly end."""
    from hypercorn.asyncio import serve as hypercorn_serve
    from hypercorn.config import Config

    config = Config()
    config.bind = [f"fd://{descriptor}"]
    config.keep_alive_timeout = 75
    await hypercorn_serve(app, config, shutdown_trigger=asyncio.Event().wait)


def main() -> None:
    """Connect MiniStack, the local Glue and Spark, and serve."""
    options = EmulatorOptions.parse()
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s %(message)s", level=logging.INFO)
    os.umask(0o077)  # only the user of a stack may read what it stores
    with socket.socket(fileno=os.dup(options.socket)) as listening:
        host, port = listening.getsockname()
    endpoint = f"http://{host}:{port}"
    glue, runners = Glue(), spark_runners(options, endpoint)
    service = GlueService(glue, runners)
    for runner in runners.both:
        runner.running, runner.ended = service.running, service.ended
        runner.deployed_again = service.deployed_again

    os.environ.update(ministack_environment(options, port))
    from ministack import app as ministack

    recorded = RecordedRequests()
    exports = change_ministack(service, endpoint, options.logs, recorded)
    if options.as_aws:
        wait_for_batching_windows()
    is_enforced = os.environ["AUTH"] == "true"
    start_jobs_of_schedules(service, refused if is_enforced else None, as_aws=options.as_aws)
    for runner in runners.both if is_enforced else ():
        runner.credentials = job_credentials
    if keeping.read_state(options.kept, glue, exports, time.time()):
        logging.info("continues with the state in %s", options.kept)
    threading.Thread(target=service.keep_time, daemon=True, name="glue-clock").start()
    for runner in runners.both:
        threading.Thread(target=runner.serve, daemon=True, name="spark-runner").start()
    app = with_local_glue(ministack.app, service, *([glue_refusal] if is_enforced else []))
    app = with_requests(with_status(with_transport(app), runners.states), recorded)
    app = keeping.with_keeping(app, lambda: keeping.write_state(options.kept, port, glue, exports))
    app = with_holding(app, runners)
    app = refusing_web_pages(app, read_allowed(os.environ.get(ALLOW, "")))
    asyncio.run(serve(app, options.socket))


if __name__ == "__main__":
    main()
