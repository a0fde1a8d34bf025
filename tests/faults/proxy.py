"""A proxy on this host that forwards calls to AWS, and injects faults into the calls that a plan names.

Calls fail on the wire, so clients are tested with their sockets, retries and exceptions. The hardest case is
a lost response: AWS has done the work, and the caller does not know. A fault may also kill the process that
made the call, before AWS has done anything or right after.
"""

import http.client
import json
import os
import re
import signal
import socket
import struct
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

import psutil

LATE_SECONDS = 0.3
_SCOPE = re.compile(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/aws4_request")
_OF_OBJECTS = {"GET": "GetObject", "PUT": "PutObject", "HEAD": "HeadObject", "DELETE": "DeleteObject"}


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to a call: an error response, no response, a late one, or the death of the caller."""

    name: str
    kind: Literal["error", "reset", "late", "kill"]
    is_after: bool = False  # AWS has done the work
    status: int = 500
    code: str = "InternalError"
    is_lasting: bool = False  # all later calls of the operation fail too, until the plan ends

    def __str__(self) -> str:
        return self.name


FAILURES = (
    Fault("answered 500", "error"),
    Fault("answered 503", "error", status=503, code="SlowDown"),
    Fault("throttled", "error", status=400, code="ThrottlingException"),
    Fault("reset before the effect", "reset"),
    Fault("reset after the effect", "reset", is_after=True),
    Fault("answered 500 after the effect", "error", is_after=True),
    Fault("answered late", "late"),
    Fault("answered 503 from then on", "error", status=503, code="SlowDown", is_lasting=True),
    Fault("throttled from then on", "error", status=400, code="ThrottlingException", is_lasting=True),
    Fault("reset from then on", "reset", is_lasting=True),
    Fault("reset after the effect from then on", "reset", is_after=True, is_lasting=True),
)
KILLS = (
    Fault("caller killed before the effect", "kill"),
    Fault("caller killed after the effect", "kill", is_after=True),
)


@dataclass(frozen=True, slots=True)
class Call:
    """The n-th call, from 1, of an operation such as `s3.PutObject`."""

    operation: str
    number: int

    def __str__(self) -> str:
        return f"{self.operation} {self.number}"


@dataclass(slots=True, repr=False)
class Proxy:
    """The running proxy. `routes` maps prefixes of paths to servers other than AWS."""

    url: str
    upstream: str
    routes: dict[str, str] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)  # of the current recording
    hits: int = 0  # how often the last plan met a call
    _plan: tuple[Call, Fault] | None = None
    _made: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def recording(self) -> Iterator[list[Call]]:
        """The calls that are made inside, counted from 1."""
        made: list[Call] = []
        with self._lock:
            self.calls, self._made, self.hits = made, Counter(), 0
        try:
            yield made
        finally:
            self.calls = []

    @contextmanager
    def failing(self, call: Call, fault: Fault) -> Iterator[None]:
        """Inside, that call, counted from 1, meets the fault."""
        with self.recording():
            self._plan = call, fault
            try:
                yield
            finally:
                self._plan = None

    def meet(self, operation: str) -> Fault | None:
        """Count a call; the fault that it meets, if any."""
        with self._lock:
            self._made[operation] += 1
            call = Call(operation, self._made[operation])
            self.calls.append(call)
            if self._plan is None:
                return None
            planned, fault = self._plan
            is_hit = call == planned or (
                fault.is_lasting and operation == planned.operation and call.number > planned.number
            )
            self.hits += is_hit
            return fault if is_hit else None

    def upstream_of(self, path: str) -> str:
        """Where requests for the path go."""
        return next((url for prefix, url in self.routes.items() if path.startswith(prefix)), self.upstream)


@contextmanager
def proxied(upstream: str, routes: Mapping[str, str] | None = None) -> Iterator[Proxy]:
    """Run a proxy in front of that address inside the block."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    proxy = Proxy(f"http://127.0.0.1:{server.server_port}", upstream, dict(routes or {}))
    server.RequestHandlerClass = type("Handler", (_Handler,), {"proxy": proxy})
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def operation_of(method: str, path: str, headers: Mapping[str, str], body: bytes) -> str:
    """The service and operation of a request of AWS's protocols; else method and path."""
    if target := headers.get("x-amz-target"):
        service, _, operation = target.rpartition(".")
        return f"{service.partition('_')[0].lower()}.{operation}"
    scope = _SCOPE.search(headers.get("authorization", ""))
    if scope is None:
        return f"{method} {path}"
    service = scope[1]
    if service != "s3":
        return f"{service}.{parse_qs(body.decode()).get('Action', [path])[0]}"
    parts = urlsplit(path)
    is_object = "/" in parts.path.strip("/")
    if method == "POST":
        return f"s3.{'DeleteObjects' if 'delete' in parts.query else 'MultipartUpload'}"
    return f"s3.{_OF_OBJECTS[method] if is_object else 'ListObjects'}"


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # callers that disconnect or die are no error
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    proxy: Proxy
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are sent apart: the body would wait 40 ms for an ACK

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        operation = operation_of(self.command, self.path, headers, body)
        fault = self.proxy.meet(operation)
        if fault is None:
            self._send(*self._forward(body))
        elif fault.kind == "late":
            time.sleep(LATE_SECONDS)
            self._send(*self._forward(body))
        else:
            if fault.is_after:
                self._forward(body)
            self._fail(fault, operation)

    do_POST = do_PUT = do_HEAD = do_DELETE = do_GET

    def _forward(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        upstream = http.client.HTTPConnection(urlsplit(self.proxy.upstream_of(self.path)).netloc)
        try:
            upstream.request(self.command, self.path, body or None, dict(self.headers.items()))
            answer = upstream.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            upstream.close()

    def _fail(self, fault: Fault, operation: str) -> None:
        if fault.kind == "error":
            self._send(*_error(fault, operation))
            return
        if fault.kind == "kill":
            kill_peer(self.connection)
        # With a linger time of 0, closing the socket resets the connection.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def _send(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            # The length of a HEAD is that of the GET.
            if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                self.send_header(name, value)
        length = dict(headers).get("Content-Length") if self.command == "HEAD" else None
        self.send_header("Content-Length", length or str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


def _error(fault: Fault, operation: str) -> tuple[int, list[tuple[str, str]], bytes]:
    """The error in the format of the service: XML for S3 and older services, JSON for the others."""
    service, status = operation.partition(".")[0], fault.status
    if " " in operation:  # an HTTP API: 429 where AWS's own services have 400
        status = 429 if fault.code == "ThrottlingException" else status
        return status, [("Content-Type", "application/json")], b'{"message":"as planned"}'
    if service == "s3":  # SlowDown is its only code for throttling
        status, code = (503, "SlowDown") if status != 500 else (500, "InternalError")
        text = f"<Error><Code>{code}</Code><Message>as planned</Message></Error>"
        return status, [("Content-Type", "application/xml")], text.encode()
    if service in ("sns", "monitoring"):
        text = f"<ErrorResponse><Error><Code>{fault.code}</Code><Message>as planned</Message></Error>"
        return status, [("Content-Type", "text/xml")], f"{text}</ErrorResponse>".encode()
    content: dict[str, Any] = {"__type": fault.code, "message": "as planned"}
    return status, [("Content-Type", "application/x-amz-json-1.0")], json.dumps(content).encode()


def kill_peer(connection: socket.socket) -> None:
    """SIGKILL the process on this host that the connection comes from."""
    ours, theirs = connection.getsockname()[1], connection.getpeername()[1]
    pids = [
        found.pid
        for found in psutil.net_connections("tcp4")
        if found.laddr and found.raddr and (found.laddr.port, found.raddr.port) == (theirs, ours)
    ]
    if len(pids) != 1 or pids[0] in (None, os.getpid()):
        raise LookupError(f"expected one other process behind port {theirs}, got {pids}")
    os.kill(pids[0], signal.SIGKILL)
