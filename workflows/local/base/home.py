"""The folders of a local stack: the checkout it is built from, and the one folder for all it writes."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CHECKOUT = Path(__file__).resolve().parents[3]
TOOLS: Final = CHECKOUT / ".local"  # what `make setup` fetches and makes; all stacks of the checkout use it
FOLDER_VARIABLE: Final = "GLUELINE_LOCAL"


@dataclass(frozen=True, slots=True)
class Home:
    """The paths of one local stack. Two stacks with different folders do not affect each other."""

    folder: Path
    checkout: Path = CHECKOUT

    @property
    def logs(self) -> Path:
        """Logs of the emulator, Spark and each job run."""
        return self.folder / "logs"

    @property
    def scratch(self) -> Path:
        """Working files of the emulator and Spark; deleted when they end."""
        return self.folder / "scratch"

    @property
    def kept(self) -> Path:
        """The state that `down --keep` stores for the next `up`."""
        return self.folder / "kept"

    @property
    def deployed(self) -> Path:
        """The jobs and contracts as they were deployed: job runs use these, not those of the checkout."""
        return self.folder / "deployed"

    @property
    def parts_file(self) -> Path:
        """The digests of what is deployed; missing while a deployment is being made."""
        return self.deployed / "parts.json"

    @property
    def known_contracts(self) -> Path:
        """The last deployed contract of each dataset that the stack has had, removed ones included."""
        return self.deployed / "known"

    @property
    def stack_file(self) -> Path:
        """Describes the running stack to its clients; exists only while the stack is ready."""
        return self.folder / "stack.json"

    @property
    def lock_file(self) -> Path:
        """Locked by the `up` that is running."""
        return self.folder / "up.lock"

    @property
    def emulator_python(self) -> Path:
        """The interpreter of the emulator's own environment."""
        return self.checkout / ".local" / "emulator-env" / "bin" / "python"


def chosen_home(environment: Mapping[str, str]) -> Home:
    """The stack in the folder that GLUELINE_LOCAL names; without it, that in `.local` of the checkout."""
    return Home(Path(environment.get(FOLDER_VARIABLE) or TOOLS).absolute())


DEFAULT = chosen_home(os.environ)
