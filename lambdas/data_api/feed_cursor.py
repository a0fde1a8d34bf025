"""Where a page of the change feed starts: the parameters `since` and `next`. No AWS here.

As the cursors of lists, `next` has no secret: it names a place in the feed of its dataset, which its sender
may read from anywhere.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from expectations import timestamps
from lambdas.arrivals import micros_of, raw_key_of, stamp
from lambdas.data_api.problems import Problem

_POSITION = re.compile(r"\d{40}", re.ASCII)


@dataclass(frozen=True, slots=True)
class FeedCursor:
    """After this arrival or time, as names of arrivals sort.

    With a position: within the object of this arrival, after the record at the position.
    """

    name: str
    position: str = ""

    @property
    def micros(self) -> int:
        """The time of the cursor, since the epoch."""
        return micros_of(self.name)

    def encoded(self, dataset: str) -> str:
        """The cursor as `next` of an answer."""
        text = json.dumps([dataset, self.name, self.position], separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_feed_cursor(dataset: str, query: Mapping[str, str]) -> FeedCursor:
    """The start of the page, by `since` or `next`. Problem 400 unless the query has one of them."""
    if ("since" in query) == ("next" in query):
        raise Problem("bad-request", "expected either since, a time, or next of the page before")
    if "since" in query:
        instant = timestamps.canonical(query["since"])
        if instant is None:
            given = query["since"][:50]
            raise Problem("bad-request", f"expected since as an ISO 8601 timestamp, got {given!r}")
        return FeedCursor(stamp(timestamps.to_micros(instant)))
    try:
        return _decoded(dataset, query["next"])
    except (binascii.Error, ValueError, RecursionError, OverflowError) as error:
        raise Problem("bad-request", "expected next with the value from a page of the same feed") from error


def _decoded(dataset: str, text: str) -> FeedCursor:
    padded = text + "=" * (-len(text) % 4)
    match json.loads(base64.b64decode(padded, altchars=b"-_", validate=True)):
        case [str(of), str(name), str(position)] if of == dataset:
            cursor = FeedCursor(name, position)
        case _:
            raise ValueError("it is of another feed")
    if stamp(cursor.micros) != name:
        raw_key_of(dataset, name)
    elif position:
        raise ValueError("a time has no position")
    if position and _POSITION.fullmatch(position) is None:
        raise ValueError("it is no position")
    return cursor
