"""What `up` says about a running stack: what it has deployed, and what to do next."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from workflows.local.lifecycle.parts import Changes
from workflows.local.lifecycle.running import Stack

_RUNTIME: Final = (
    "The local runtime itself has changed since the stack was started (workflows/local, uv.lock). To use it, "
    "start the stack again: glueline down --keep, then glueline up."
)


def nothing_changed(running: Stack, changes: Changes) -> str:
    """The notice of an `up` that has nothing to deploy."""
    notice = f"Nothing has changed since the last deployment. The stack runs at {running.endpoint_url}."
    return f"{notice}\n{_RUNTIME}" if changes.runtime else notice


def deployed(running: Stack, changes: Changes, columns: Mapping[str, Sequence[str]], seconds: float) -> str:
    """The notice of an `up` that has deployed something. `columns`: what changes in a dataset, in words."""
    return "\n".join(_deployed(running, changes, columns, seconds))


def _deployed(
    running: Stack, changes: Changes, columns: Mapping[str, Sequence[str]], seconds: float
) -> Iterator[str]:
    yield f"Deployed in {seconds:.0f} s to the stack at {running.endpoint_url}. Its data is kept."
    for line in changes.lines():
        yield f"  {line}"
    for dataset, what in columns.items():
        if what:
            yield f"  {dataset}: {'; '.join(what)}"
    if removed := changes.datasets.removed:
        yield (
            f"Without a contract now: {', '.join(removed)}. Their items, files and tables are kept, and can "
            "be queried; what is sent for them is rejected until their contracts are back. To delete them "
            "with all other data: glueline down."
        )
    if new := changes.datasets.new:
        bucket = running.outputs.get("RawBucket", "<RawBucket>")
        yield (
            f"Next: send messages of type {new[0]}.upsert (glueline send FILE), or put files under "
            f"s3://{bucket}/drops/{new[0]}/, and query the table {new[0]}."
        )
    if changes.runtime:
        yield _RUNTIME
