"""The options of the emulator's process: what `up` gives it, and what it reads."""

import argparse
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

SPARKS: Final = ("spark", "spark-streaming")  # the processes of Spark, and their folders in `scratch`


@dataclass(frozen=True, slots=True)
class EmulatorOptions:
    """Where the emulator listens, and the folders that it uses."""

    socket: int  # descriptor of a listening socket, inherited
    scratch: Path  # for working files, deleted when the stack ends
    kept: Path  # for what `down --keep` stores
    logs: Path
    jobs: Path  # has the job scripts, beside the packages that they import
    python: str  # interpreter with PySpark, for the jobs
    as_aws: bool = False  # wait for batching windows

    def to_arguments(self) -> list[str]:
        """The command line of these options."""
        values = {name: value for name, value in asdict(self).items() if name != "as_aws"}
        flags = ["--as-aws"] if self.as_aws else []
        return [*(text for name, value in values.items() for text in (f"--{name}", str(value))), *flags]

    @classmethod
    def parse(cls, arguments: Sequence[str] | None = None) -> "EmulatorOptions":
        """The options of a command line, by default that of this process."""
        parser = argparse.ArgumentParser()
        parser.add_argument("--socket", type=int, required=True)
        for name in ("scratch", "kept", "logs", "jobs"):
            parser.add_argument(f"--{name}", type=Path, required=True)
        parser.add_argument("--python", required=True)
        parser.add_argument("--as-aws", action="store_true")
        return cls(**vars(parser.parse_args(arguments)))
