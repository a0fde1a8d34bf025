"""Requests of HTTP that wait as long as a busy machine needs."""

from __future__ import annotations

from typing import Final

import httpx

# Seconds. No connection is kept: a stack may have been started again between two requests.
http: Final = httpx.Client(timeout=60, limits=httpx.Limits(max_keepalive_connections=0))
