"""Keeps what a stack holds while it is down: one file, written by the emulator and read by its successor.

MiniStack's services tell and take their state by one contract (`get_state`, `load_persisted_state`). What
that leaves out is added: the contents of S3 objects and their versions, the records of DynamoDB's streams,
and the local Glue and the exports, which are ours. The state is taken on the thread that serves, so between
two requests. What was on its way is done again, as after any interruption: messages come back, a job that
ran has failed and is retried.
"""

from __future__ import annotations

import importlib
import pickle
import sys
from typing import TYPE_CHECKING, Any, Final

from workflows.local.ministack.asgi import reply

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workflows.local.exports.service import Exports
    from workflows.local.glue.engine import Glue
    from workflows.local.ministack.asgi import App, Message, Receive, Send

KEEP_PATH: Final = "/_glueline/keep"
STATE_FILE: Final = "state.pickle"
PORT_FILE: Final = "port"  # written last: with it, all is there
_ENDED: Final = "The stack ended while this run was at work."
# Of these modules, what their own state leaves out.
_S3: Final = "ministack.services.s3"
_STREAMS: Final = (
    "ministack.services.dynamodb",
    ("_stream_records", "_stream_trimmed", "_closed_streams", "_txn_idempotency"),
)


def keeping(app: App, keep: Callable[[], None]) -> App:
    """The app, which keeps its state when it is asked to, and from then on answers nothing else."""
    kept = False

    async def layered(scope: Message, receive: Receive, send: Send) -> None:
        nonlocal kept
        if scope["type"] == "http" and scope["path"] == KEEP_PATH and scope["method"] == "POST":
            if not kept:
                keep()
            kept = True
            await reply(send, 200, "text/plain", b"Kept.\n")
        elif scope["type"] == "http" and kept:
            await reply(send, 503, "text/plain", b"The stack has been kept and is to end: make down.\n")
        else:
            await app(scope, receive, send)

    return layered


def write(folder: Path, port: int, glue: Glue, exports: Exports) -> None:
    """Write all state into the folder, with the port that addresses in it have."""
    from ministack import app

    state = {
        "services": {name: get_state() for name, get_state in app._build_persistence_save_dict().items()},
        "stores": [(module, name, store._data) for module, name, store in _stores()],
        "glue": glue.state(),
        "exports": exports.state(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / STATE_FILE).open("wb") as file:
        pickle.dump(state, file)
    (folder / PORT_FILE).write_text(str(port))


def read(folder: Path, glue: Glue, exports: Exports, now: float) -> bool:
    """Take the state that was kept in the folder, if there is any. Before anything is served."""
    if not (folder / PORT_FILE).is_file():
        return False
    from ministack import app

    state = pickle.loads((folder / STATE_FILE).read_bytes())  # noqa: S301 -- written by `write`, in a folder of the user's own
    glue.take_state(state["glue"])
    exports.take_state(state["exports"])
    for module, name, data in state["stores"]:
        getattr(importlib.import_module(module), name)._data.update(data)
    for name, told in state["services"].items():
        app._get_module(app._state_map[name]).load_persisted_state(told)
    for run in [run for run in glue.job_runs.values() if run.is_active]:
        glue.job_ended(run.id, _ENDED, now)
    return True


def forget(folder: Path) -> None:
    """Remove what was kept: a stack has gone on with it."""
    for name in (PORT_FILE, STATE_FILE):
        (folder / name).unlink(missing_ok=True)


def kept_port(folder: Path) -> int | None:
    """The port of the stack that is kept in the folder; None if none is."""
    try:
        return int((folder / PORT_FILE).read_text())
    except FileNotFoundError:
        return None


def _stores() -> list[tuple[str, str, Any]]:
    """The stores that MiniStack's own state leaves out, as far as their services were used."""
    from ministack.core.responses import AccountScopedDict

    found = []
    if s3 := sys.modules.get(_S3):
        told = {id(store) for store in s3._PERSISTED_BUCKET_DICTS.values()}
        found += [
            (_S3, name, store)
            for name, store in vars(s3).items()
            if isinstance(store, AccountScopedDict) and id(store) not in told
        ]
    module, names = _STREAMS
    if dynamodb := sys.modules.get(module):
        found += [(module, name, getattr(dynamodb, name)) for name in names]
    return found
