"""Stores the state of a stack when `down --keep` ends it, and gives it to the next: the emulator does both.

MiniStack's services give and take their state by one contract (`get_state`, `load_persisted_state`). What
that leaves out is added: the contents of S3 objects and their versions, the records of DynamoDB's streams,
and the local Glue and the exports. The state is taken on the thread that serves requests, so between two
requests. What is unfinished happens again, as after any interruption: messages become visible again, and a
job that was running has failed and is retried.
"""

import importlib
import json
import pickle
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from workflows.local.base.errors import StackError
from workflows.local.exports.service import ExportService, ExportState
from workflows.local.glue.engine import Glue, GlueState
from workflows.local.ministack.asgi import App, Message, Receive, Send, reply

KEEP_PATH: Final = "/_glueline/keep"
# Of the stored state. It has to be raised whenever a class in it moves or changes its fields.
FORMAT: Final = 2
_STATE_FILE: Final = "state.pickle"
_RECORD_FILE: Final = "kept.json"  # written last: if it exists, the state is complete
_OLD_RECORD_FILE: Final = "port"  # of versions that had no format
_INTERRUPTED: Final = "The stack ended during this run."
# What the state of these services leaves out.
_S3: Final = "ministack.services.s3"
_STREAMS: Final = (
    "ministack.services.dynamodb",
    ("_stream_records", "_stream_trimmed", "_closed_streams", "_txn_idempotency"),
)


@dataclass(frozen=True, slots=True)
class KeptRecord:
    """Describes a stored state: its format, and the port that addresses in it have."""

    format: int
    port: int

    def to_json(self) -> str:
        """The text of the record's file."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "KeptRecord":
        """The record of a file."""
        return cls(**json.loads(text))


@dataclass(frozen=True, slots=True)
class KeptState:
    """All that a stack stores. `stores` names the module and variable of each further store of MiniStack."""

    services: dict[str, Any]
    stores: list[tuple[str, str, Any]]
    glue: GlueState
    exports: ExportState


def with_keeping(app: App, keep: Callable[[], None]) -> App:
    """The app, which stores its state on request, and from then on answers nothing else."""
    kept = False

    async def layer(scope: Message, receive: Receive, send: Send) -> None:
        nonlocal kept
        if scope["type"] == "http" and scope["path"] == KEEP_PATH and scope["method"] == "POST":
            if not kept:
                keep()
            kept = True
            await reply(send, 200, "text/plain", b"Kept.\n")
        elif scope["type"] == "http" and kept:
            await reply(send, 503, "text/plain", b"The state of the stack is stored. End it: make down.\n")
        else:
            await app(scope, receive, send)

    return layer


def write_state(folder: Path, port: int, glue: Glue, exports: ExportService) -> None:
    """Write all state into the folder, with the port that addresses in it have."""
    from ministack import app

    state = KeptState(
        services={name: get_state() for name, get_state in app._build_persistence_save_dict().items()},
        stores=[(module, name, store._data) for module, name, store in _stores()],
        glue=glue.state(),
        exports=exports.state(),
    )
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _STATE_FILE).open("wb") as file:
        pickle.dump(state, file)
    (folder / _RECORD_FILE).write_text(KeptRecord(FORMAT, port).to_json())


def read_state(folder: Path, glue: Glue, exports: ExportService, now: float) -> bool:
    """Load the state in the folder, if there is one, before anything is served. Raises StackError."""
    if kept_port(folder) is None:
        return False
    from ministack import app

    data = (folder / _STATE_FILE).read_bytes()
    state: KeptState = pickle.loads(data)  # noqa: S301 -- written by `write_state`, in a folder of the user's own
    glue.take_state(state.glue)
    exports.take_state(state.exports)
    for module, name, stored in state.stores:
        getattr(importlib.import_module(module), name)._data.update(stored)
    for name, service_state in state.services.items():
        app._get_module(app._state_map[name]).load_persisted_state(service_state)
    for run in [run for run in glue.job_runs.values() if run.is_active]:
        glue.job_ended(run.id, _INTERRUPTED, now)
    return True


def remove_state(folder: Path) -> None:
    """Remove the stored state, after a stack has continued with it."""
    for name in (_RECORD_FILE, _STATE_FILE):
        (folder / name).unlink(missing_ok=True)


def is_kept(folder: Path) -> bool:
    """Whether the folder has a complete state, of whatever format."""
    return any((folder / name).is_file() for name in (_RECORD_FILE, _OLD_RECORD_FILE))


def kept_port(folder: Path) -> int | None:
    """The port of the stored state, None if there is none; raises StackError if its format is another one."""
    if not is_kept(folder):
        return None
    file = folder / _RECORD_FILE
    record = KeptRecord.from_json(file.read_text()) if file.is_file() else KeptRecord(format=0, port=0)
    if record.format != FORMAT:
        raise StackError(
            f"Expected a kept stack of format {FORMAT} in {folder}, found format {record.format}: another "
            "version of Glueline has kept it. Start it with that version, or delete it: glueline down --yes."
        )
    return record.port


def _stores() -> list[tuple[str, str, Any]]:
    """The stores that MiniStack's own state leaves out, of the services that were used."""
    from ministack.core.responses import AccountScopedDict

    found = []
    if s3 := sys.modules.get(_S3):
        included = {id(store) for store in s3._PERSISTED_BUCKET_DICTS.values()}
        found += [
            (_S3, name, store)
            for name, store in vars(s3).items()
            if isinstance(store, AccountScopedDict) and id(store) not in included
        ]
    module, names = _STREAMS
    if dynamodb := sys.modules.get(module):
        found += [(module, name, getattr(dynamodb, name)) for name in names]
    return found
