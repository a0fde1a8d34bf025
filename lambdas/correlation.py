"""The id that joins the log lines of all functions that worked on one request.

`source` sends the id of its own invocation along; authorizer and Data API log under it. So the source's line
of a `message_id` leads by `correlation_id` through the API, and by `event_id`, which the item keeps as
`_event_id`, to the forwarder's line of the object in the RAW bucket. The jobs' lines name that object and its
batch.
"""

import re
from collections.abc import Mapping
from typing import Any

HEADER = "x-correlation-id"
_USABLE = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")


def correlation_id(event: Mapping[str, Any]) -> str:
    """Of an HTTP API's event: what the caller calls the request, else what the gateway does.

    A caller's id that is long or has other characters than ids have is passed over: it goes into logs.
    """
    given = (event.get("headers") or {}).get(HEADER, "")
    own: str = event.get("requestContext", {}).get("requestId", "")
    return given if _USABLE.fullmatch(given) else own
