"""Contracts that are read when they are first asked for: a run costs the contracts that it uses."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from expectations.contract import Contract
from expectations.odcs.reader import contract_files, load_contract


class ContractsOnDemand(Mapping[str, Contract]):
    """Dataset -> contract, of every `*.yaml` in the folder (default: this package).

    Raises ContractError where a contract is asked for whose file has problems; other contracts stay usable.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._files = {path.stem: path for path in contract_files(folder)}
        self._read: dict[str, Contract] = {}

    def __getitem__(self, dataset: str) -> Contract:
        if dataset not in self._read:
            self._read[dataset] = load_contract(self._files[dataset])
        return self._read[dataset]

    def __contains__(self, dataset: object) -> bool:
        return dataset in self._files  # without reading it

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)
