"""Environments in which the loopback is spoken to: without AWS settings of the user, and never by a proxy.

A profile that does not exist, a session token, an endpoint or an oddity of ~/.aws/config would each break
what speaks to the embedded AWS, and could lead it to an account.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_NO_PROXY: Final = ("no_proxy", "NO_PROXY")  # some read one, some the other
_PROXIES: Final = ("http_proxy", "https_proxy", "all_proxy")
_NO_FILES: Final = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}


def local_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for what speaks to the embedded AWS, and by a proxy to the rest of the world."""
    kept = {name: value for name, value in environment.items() if not name.startswith("AWS_")}
    named = [host.strip() for name in _NO_PROXY for host in kept.get(name, "").split(",") if host.strip()]
    spared = ",".join(dict.fromkeys([*named, *_LOOPBACK]))
    return {**kept, **_NO_FILES, **dict.fromkeys(_NO_PROXY, spared)}


def without_proxies(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for what speaks to the embedded AWS alone."""
    return {name: value for name, value in environment.items() if name.lower() not in _PROXIES}


def act_locally() -> None:
    """Make this process's environment one for the embedded AWS: every client is then made right."""
    wanted = local_environment(os.environ)
    for name in os.environ.keys() - wanted.keys():
        del os.environ[name]
    os.environ.update(wanted)
