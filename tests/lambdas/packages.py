"""The packages of the functions, built as by `sam build`, and the environment of the functions."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from workflows.deploy.packaging import uv
from workflows.local.base.home import CHECKOUT

FUNCTIONS: Final = {
    "Source": "source",
    "DataApi": "data_api",
    "Authorizer": "authorizer",
    "Forwarder": "forwarder",
}
ENVIRONMENT: Final = {
    "ALERT_TOPIC_ARN": "arn:aws:sns:us-east-1:123456789012:alerts",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
    "AWS_SECRET_ACCESS_KEY": "test",
    "CLIENT_ID": "client",
    "DATA_API_URL": "https://api.example",
    "DEAD_LETTER_QUEUE_URL": "https://queue.example",
    "ISSUERS": json.dumps([{"issuer": "i", "jwks_uri": "https://i.example/keys", "audience": ["client"]}]),
    "PERMISSIONS": json.dumps({"readers": ["*:read"]}),
    "RAW_BUCKET": "raw",
    "RAW_RETENTION_DAYS": "30",
    "TABLE_PREFIX": "glueline-",
    "TOKEN_URL": "https://token.example",
    "USER_POOL_ID": "pool",
}


def build(folder: Path) -> None:
    """Build the four packages, each in a folder with the name of its resource."""
    for target in FUNCTIONS:
        (folder / target).mkdir()
        subprocess.run(
            ["make", "-f", "Makefile", f"build-{target}", f"ARTIFACTS_DIR={folder / target}"],
            cwd=CHECKOUT / "lambdas",
            env={**os.environ, "UV": uv(), "PYTHON": sys.executable},
            check=True,
        )
