"""Where events of lineage go: an object of the lake bucket for each step of a batch, and an HTTP endpoint.

Lineage tells about work that is done, so nothing here fails it: an error is logged. A repeated step replaces
its object. An endpoint that fails once in a batch gets no more events of it.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from jobs.lineage.events import Event
from jobs.runtime.failures import ENDINGS, in_one_line
from jobs.runtime.log import log

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PREFIX = "lineage/"
TIMEOUT_SECONDS = 3.0  # of one request to the endpoint


@dataclass(frozen=True, slots=True)
class LineageLog:
    """Keeps the events of a stack's batches, and sends them if there is a `url`."""

    s3: "S3Client"
    bucket: str
    namespace: str  # of the stack's jobs, e.g. glueline/shop
    region: str
    database: str  # of the datasets' tables
    url: str = ""

    def write(self, batch_id: str, step: str, tell: Callable[[], Sequence[Event]]) -> None:
        """Write the events of a step that `tell` makes, one JSON object a line, and send them.

        Raises nothing.
        """
        events: Sequence[Event] = ()
        with _logged("lineage: not kept", batch_id, step):
            if not (events := tell()):
                return
            text = "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events)
            self.s3.put_object(Bucket=self.bucket, Key=f"{PREFIX}{batch_id}/{step}.jsonl", Body=text.encode())
        if self.url:
            with _logged("lineage: not sent", batch_id, step):
                self._send(events)

    def _send(self, events: Sequence[Event]) -> None:
        for event in events:
            body, kind = json.dumps(event).encode(), {"Content-Type": "application/json"}
            request = Request(self.url, body, kind)  # noqa: S310 -- the template allows http and https
            try:
                urlopen(request, timeout=TIMEOUT_SECONDS).close()  # noqa: S310 -- as above
            except HTTPError as refusal:
                refusal.close()
                raise


@contextmanager
def _logged(message: str, batch_id: str, step: str) -> Iterator[None]:
    """Log an error instead of raising it: the batch is done, whatever becomes of its lineage."""
    try:
        yield
    except ENDINGS:
        raise
    except BaseException as error:  # noqa: BLE001 -- as above
        log(message, batch_id=batch_id, step=step, error=in_one_line(error))
