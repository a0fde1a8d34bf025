"""What a job says while it works."""

import pytest

from jobs.steps import step


def test_a_step_prints_its_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    with step("merge: products"):
        pass

    assert capsys.readouterr().out == "merge: products: 0.0 s\n"


def test_an_error_says_in_which_steps_it_happened() -> None:
    with pytest.raises(ValueError, match="broken") as caught, step("batch b"), step("products"):
        raise ValueError("broken")

    assert caught.value.__notes__ == ["while: products", "while: batch b"]
