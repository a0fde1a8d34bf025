"""Environments for clients of the embedded AWS: without AWS settings of the user, and without a proxy.

A profile that does not exist, a session token, an endpoint or a broken ~/.aws/config would each make such a
client fail, or send its requests to an AWS account.
"""

import os
from collections.abc import Mapping
from typing import Final

_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_NO_PROXY: Final = ("no_proxy", "NO_PROXY")  # programs differ in which one they read
_PROXIES: Final = ("http_proxy", "https_proxy", "all_proxy")
_NO_FILES: Final = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}


def local_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for clients of the embedded AWS; other hosts are still reached through a proxy."""
    kept = {name: value for name, value in environment.items() if not name.startswith("AWS_")}
    named = [host.strip() for name in _NO_PROXY for host in kept.get(name, "").split(",") if host.strip()]
    direct = ",".join(dict.fromkeys([*named, *_LOOPBACK]))
    return {**kept, **_NO_FILES, **dict.fromkeys(_NO_PROXY, direct)}


def without_proxies(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for what has no other host to reach than the embedded AWS."""
    return {name: value for name, value in environment.items() if name.lower() not in _PROXIES}


def act_locally() -> None:
    """Make the environment of this process one for clients of the embedded AWS."""
    wanted = local_environment(os.environ)
    for name in os.environ.keys() - wanted.keys():
        del os.environ[name]
    os.environ.update(wanted)
