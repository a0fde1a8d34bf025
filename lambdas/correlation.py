"""The id that joins the log lines of all functions that worked on one request.

`source` sends the id of its own invocation as a header, and the authorizer and the Data API log it. So the
line of the source for a `message_id` leads to the lines of the API by `correlation_id`, and to the
forwarder's line for the object in the RAW bucket by `event_id`, which the item contains as `_event_id`. Lines
of the jobs name that object and its batch.
"""

import re
from collections.abc import Mapping
from typing import Any

HEADER = "x-correlation-id"
_USABLE = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")


def correlation_id(event: Mapping[str, Any]) -> str:
    """The correlation id of an HTTP API's event: the caller's, else the gateway's id of the request.

    As the id is logged, a caller's id is ignored if it is long or has characters that ids do not have.
    """
    given = (event.get("headers") or {}).get(HEADER, "")
    own: str = event.get("requestContext", {}).get("requestId", "")
    return given if _USABLE.fullmatch(given) else own
