"""What the embedded IAM was asked: each kind of request of each role once, and how it was answered.

A test compares the permissions of the roles with it: what no request needs is too much.
"""

import json
import re
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from workflows.local.ministack.asgi import App, Message, Receive, Send, reply

REQUESTS_PATH: Final = "/_glueline/requests"
_DEEP: Final = ("athena", "aws", "code", "warehouse")  # folders whose subfolders policies tell apart
_IDS: Final = re.compile(r"(:table/[^/]+/(?:stream|export|index)/|:log-stream:).+")


@dataclass(frozen=True, slots=True)
class AuthorizedRequest:
    """An action on a resource that a role asked for, with the keys that conditions of the template name."""

    role: str
    action: str
    resource: str
    conditions: tuple[tuple[str, str], ...]
    allowed: bool


@dataclass(slots=True)
class RecordedRequests:
    """All different requests since the start."""

    seen: dict[AuthorizedRequest, None] = field(default_factory=dict)  # in the order of their first time

    def add(self, request: AuthorizedRequest) -> bool:
        """Record a request; returns whether it is the first of its kind."""
        if request in self.seen:
            return False
        self.seen[request] = None
        return True

    def to_json(self) -> str:
        """A list of objects."""
        found: list[dict[str, Any]] = []
        for request in list(self.seen):
            found.append({**asdict(request), "conditions": dict(request.conditions)})
        return json.dumps(found)


def with_requests(app: App, recorded: RecordedRequests) -> App:
    """The app, except that it answers REQUESTS_PATH with all recorded requests."""

    async def layer(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == REQUESTS_PATH:
            await reply(send, 200, "application/json", recorded.to_json().encode())
        else:
            await app(scope, receive, send)

    return layer


def place(resource: str) -> str:
    """The resource without what differs from request to request: the key of an object, the id of a stream.

    >>> place("arn:aws:s3:::raw/stream/products/2026/1.gz")
    'arn:aws:s3:::raw/stream/…'
    """
    service, is_s3, path = resource.partition(":s3:::")
    if not is_s3:
        return _IDS.sub(r"\1…", resource)
    bucket, *folders = path.split("/")
    depth = 2 if len(folders) > 2 and folders[0] in _DEEP else 1
    kept = [bucket, *folders[:depth], "…"] if len(folders) > depth else [bucket, *folders]
    return f"{service}:s3:::{'/'.join(kept)}"
