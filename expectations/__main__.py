"""`python -m expectations compile OUT.json [FOLDER]`: the contracts as JSON, for packages without YAML."""

import sys
from pathlib import Path

from expectations.contract import dump_compiled
from expectations.odcs import ContractError, load_contracts

USAGE = "usage: python -m expectations compile OUT.json [FOLDER]"
_ARGUMENTS = (2, 3)


def main(arguments: list[str]) -> int:
    """Compile the contracts of a folder (default: ours); 1 with all problems on stderr if one is broken."""
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
