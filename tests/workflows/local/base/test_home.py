"""The folders of a local stack."""

from pathlib import Path

from workflows.local.base.home import CHECKOUT, TOOLS, Home, chosen_home


def test_all_that_a_stack_writes_is_in_its_own_folder(tmp_path: Path) -> None:
    home = Home(tmp_path)
    written = (home.logs, home.scratch, home.kept, home.deployed, home.stack_file, home.lock_file)

    assert {path.parent for path in written} == {tmp_path}
    assert len(set(written)) == len(written)


def test_the_default_stack_is_in_the_checkout_with_the_code() -> None:
    assert (CHECKOUT / "workflows" / "template.yaml").is_file()
    assert chosen_home({}) == Home(CHECKOUT / ".local")
    assert chosen_home({"GLUELINE_LOCAL": ""}) == Home(CHECKOUT / ".local")
    assert chosen_home({}).stack_file == CHECKOUT / ".local" / "stack.json"


def test_another_folder_can_be_chosen_for_a_second_stack_of_the_checkout(tmp_path: Path) -> None:
    second = chosen_home({"GLUELINE_LOCAL": str(tmp_path)})

    assert (second.folder, second.checkout) == (tmp_path, CHECKOUT)
    assert second.emulator_python.is_relative_to(TOOLS)  # fetched once for both
