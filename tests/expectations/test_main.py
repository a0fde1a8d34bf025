from pathlib import Path

import pytest

from expectations.__main__ import USAGE, main
from expectations.contract import load_compiled
from tests import builders
from tests.expectations.contract_files import VALID, changed, write


def test_compile_writes_what_lambdas_load(tmp_path: Path) -> None:
    assert main(["compile", str(tmp_path / "contracts.json")]) == 0
    assert load_compiled(tmp_path / "contracts.json") == builders.contracts()


def test_compile_takes_the_contracts_of_any_folder(tmp_path: Path) -> None:
    write(tmp_path, VALID)

    assert main(["compile", str(tmp_path / "out.json"), str(tmp_path)]) == 0
    assert list(load_compiled(tmp_path / "out.json")) == ["orders"]


def test_compiling_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    main(["compile", str(tmp_path / "one.json")])
    main(["compile", str(tmp_path / "two.json")])

    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


def test_a_broken_contract_is_not_compiled(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, changed("value: days", "value: day"))

    assert main(["compile", str(tmp_path / "out.json"), str(tmp_path)]) == 1
    assert "orders.yaml: schema[0].properties[2].customProperties[0].value" in capsys.readouterr().err
    assert not (tmp_path / "out.json").exists()


@pytest.mark.parametrize("arguments", [[], ["compile"], ["check", "out.json"], ["compile", "a", "b", "c"]])
def test_other_arguments_show_the_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err == USAGE + "\n"
