"""The lines between the runner and the Spark process: a request to run a script, and what is reported back.

Each line is one JSON object.
"""

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class RunRequest:
    """Run this script, with these arguments and Spark settings; all it prints goes to the log.

    `credentials` are environment variables; without them the run has those of the process.
    """

    run_id: str
    script: str
    arguments: dict[str, str]
    conf: dict[str, str]
    log: str
    credentials: dict[str, str]

    def to_json(self) -> str:
        """One line, without its end."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str) -> "RunRequest":
        """The request of a line."""
        return cls(**json.loads(line))


@dataclass(frozen=True, slots=True)
class Ready:
    """Spark is warm; its start took so many seconds."""

    seconds: float

    def to_json(self) -> str:
        """One line, without its end."""
        return json.dumps({"ready": self.seconds})


@dataclass(frozen=True, slots=True)
class Ended:
    """The script of a run has ended: with the error, in one line, or well."""

    run_id: str
    error: str | None

    def to_json(self) -> str:
        """One line, without its end."""
        return json.dumps({"ended": self.run_id, "error": self.error})


type Report = Ready | Ended


def report_from_json(line: str) -> Report:
    """The report of a line."""
    members = json.loads(line)
    return Ready(members["ready"]) if "ready" in members else Ended(members["ended"], members["error"])
