"""What a script can and can't leave behind in its process, without Spark."""

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from workflows.local.base.home import CHECKOUT
from workflows.local.spark.script_run import LoadedCode, Outcome, fresh_process_state, output_to


def noted(error: Exception) -> Exception:
    """An error with a note, which belongs in the log only."""
    error.add_note("while: batch wr")
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (SystemExit(), None),
        (SystemExit(0), None),
        (SystemExit(2), "SystemExit: 2"),
        (SystemExit("no input"), "SystemExit: no input"),
        (ValueError("bad row"), "ValueError: bad row"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (noted(ValueError("bad row")), "ValueError: bad row"),
    ],
)
def test_all_that_a_script_raises_is_its_outcome(error: BaseException, expected: str | None) -> None:
    with Outcome() as outcome:
        raise error
    assert outcome.error == expected


def test_a_script_sees_its_arguments_and_its_changes_to_the_process_are_undone(tmp_path: Path) -> None:
    before = dict(os.environ), list(sys.path), list(sys.argv), dict(sys.modules)

    with fresh_process_state("/jobs/check.py", {"--a": "1", "--b": ""}, {}):
        assert sys.argv == ["/jobs/check.py", "--a", "1", "--b", ""]
        os.environ["LEFT"] = "behind"
        sys.path.insert(0, str(tmp_path))
        sys.argv.append("more")

    assert (dict(os.environ), list(sys.path), list(sys.argv), dict(sys.modules)) == before


def test_a_job_finds_its_own_modules_again_and_none_of_another_job_or_of_a_failed_run() -> None:
    # In a process of its own: the modules of this one are in use.
    code = """
import jobs, json, sys
from contextlib import suppress
from workflows.local.spark.script_run import fresh_process_state
ours = jobs
def run(modules, left=None):
    with suppress(ValueError), fresh_process_state("x.py", {}, modules):
        print([name in sys.modules for name in ("jobs", "json", "workflows")])
        import jobs
        assert jobs is not ours
        if left is None:
            raise ValueError("fails")
        print(getattr(jobs, "left", None))
        jobs.left = left
    assert sys.modules["jobs"] is ours
of_check, of_merge = {}, {}
run(of_check, "by check")
run(of_merge, "by merge")
run(of_check, "by check again")
run(of_check)
run(of_check, "after the failure")
"""
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    new, again = "[False, True, True]", "[True, True, True]"
    assert ran.stdout.splitlines() == [new, "None", new, "None", again, "by check", again, new, "None"]


def test_all_that_is_printed_goes_to_the_log_even_by_other_processes(tmp_path: Path) -> None:
    code = f"""
import os, subprocess, sys
from pathlib import Path
from workflows.local.spark.script_run import output_to
with output_to(Path({str(tmp_path / "deep" / "run.log")!r})):
    print("from print")
    print("from stderr", file=sys.stderr)
    sys.stdout.flush()
    subprocess.run(["echo", "from a child"])
print("after")
"""
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    assert ran.stdout == "after\n"
    assert sorted((tmp_path / "deep" / "run.log").read_text().splitlines()) == [
        "from a child",
        "from print",
        "from stderr",
    ]


def test_output_is_restored_when_a_script_fails(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="no"), output_to(tmp_path / "run.log"):
        raise ValueError("no")
    print("back")

    assert capfd.readouterr().out == "back\n"


def test_loaded_code_is_forgotten_when_it_has_changed_and_only_then(tmp_path: Path) -> None:
    (tmp_path / "jobs").mkdir()
    module = tmp_path / "jobs" / "check.py"
    module.write_text("one")
    code = LoadedCode(tmp_path)
    code.modules("check")["jobs"] = ModuleType("jobs")
    sleep = [sys.executable, "-c", "import time; time.sleep(60)", "pyspark.daemon"]

    with subprocess.Popen(sleep) as worker:
        code.renew()
        assert worker.poll() is None
        assert list(code.modules("check")) == ["jobs"]

        module.write_text("two")
        later = module.stat().st_mtime + 1  # the clock of the file system may not have advanced
        os.utime(module, (later, later))
        code.renew()
        assert worker.wait(10) == -9
        assert code.modules("check") == {}
