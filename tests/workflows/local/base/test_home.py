"""The folders of a local stack."""

from pathlib import Path

from workflows.local.base.home import CHECKOUT, DEFAULT, Home


def test_all_that_a_stack_writes_is_in_its_own_folder(tmp_path: Path) -> None:
    home = Home(tmp_path)
    written = (home.logs, home.scratch, home.kept, home.deployed, home.stack_file, home.lock_file)

    assert {path.parent for path in written} == {tmp_path}
    assert len(set(written)) == len(written)


def test_the_default_stack_is_in_the_checkout_with_the_code() -> None:
    assert (CHECKOUT / "workflows" / "template.yaml").is_file()
    assert DEFAULT.folder == CHECKOUT / ".local"
    assert DEFAULT.stack_file == CHECKOUT / ".local" / "stack.json"
