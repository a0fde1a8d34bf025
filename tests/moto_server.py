"""AWS in this process: moto, served by HTTP, so that any SDK and the workers of Spark can use it."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from unittest.mock import patch

REGION = "us-east-1"


@contextmanager
def aws_in_this_process() -> Iterator[str]:
    """The address of the server, which is also in the environment of SDKs, for as long as the block."""
    # The server of moto imports flask_cors, which only browsers need.
    sys.modules.setdefault("flask_cors", SimpleNamespace(CORS=lambda app: None))  # type: ignore[arg-type]
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    environment = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
    }
    try:
        with patch.dict(os.environ, environment):
            os.environ.pop("AWS_PROFILE", None)
            yield environment["AWS_ENDPOINT_URL"]
    finally:
        server.stop()
