"""`python -m expectations compile OUT.json [FOLDER]` writes the contracts as JSON, for Lambda packages."""

import sys
from pathlib import Path

from expectations.contract import dump_compiled
from expectations.odcs import ContractError, load_contracts

USAGE = "usage: python -m expectations compile OUT.json [FOLDER]"
_ARGUMENTS = (2, 3)


def main(arguments: list[str]) -> int:
    """Compile the contracts of a folder, by default the project's own.

    The exit code is 1 if a contract is broken, with all problems on stderr, and 2 for wrong arguments.
    """
    if len(arguments) not in _ARGUMENTS or arguments[0] != "compile":
        print(USAGE, file=sys.stderr)
        return 2
    out, *folder = map(Path, arguments[1:])
    try:
        contracts = load_contracts(*folder)
    except ContractError as error:
        print(error, file=sys.stderr)
        return 1
    out.write_text(dump_compiled(contracts), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
