"""Where a local stack lives: the checkout it is made of, and the one folder that holds all it writes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, slots=True)
class Home:
    """The paths of one local stack. Two stacks with folders of their own don't touch each other."""

    folder: Path
    checkout: Path = CHECKOUT

    @property
    def logs(self) -> Path:
        """Logs of the emulator, Spark and each job run."""
        return self.folder / "logs"

    @property
    def scratch(self) -> Path:
        """What the emulator and Spark write while they run; worth nothing once they have ended."""
        return self.folder / "scratch"

    @property
    def kept(self) -> Path:
        """What `down --keep` keeps for the next `up`."""
        return self.folder / "kept"

    @property
    def deployed(self) -> Path:
        """The jobs and contracts as they were deployed, which job runs use whatever the checkout says."""
        return self.folder / "deployed"

    @property
    def stack_file(self) -> Path:
        """The running stack for whoever wants to use it; there only while it is ready."""
        return self.folder / "stack.json"

    @property
    def lock_file(self) -> Path:
        """Held by the one `up` at work."""
        return self.folder / "up.lock"

    @property
    def emulator_python(self) -> Path:
        """The interpreter of the emulator's own environment."""
        return self.checkout / ".local" / "emulator-env" / "bin" / "python"


DEFAULT = Home(CHECKOUT / ".local")
