"""Wheels of locked versions for Glue's platform, whatever this machine is."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from workflows.deploy.packaging import uv
from workflows.local.base.home import CHECKOUT
from workflows.packages import wheels
from workflows.packages.wheels import PackagingError, fetch, locked

if TYPE_CHECKING:
    from pathlib import Path

# Of idna 3.11, as in uv.lock.
HASH = "sha256:771a87f49d9defaf64091e6e6fe9c18d4833f140bd19464795bc32d966ca37ea"


def test_requirements_are_exact_and_have_hashes() -> None:
    found = locked(uv(), CHECKOUT, "job-check")

    assert all("==" in one and " --hash=sha256:" in one for one in found)
    assert any(one.startswith("great-expectations==1.24.1 ") for one in found)


def test_requirements_of_other_platforms_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    exported = (
        "colorama==0.4.6 ; sys_platform == 'win32' \\\n    --hash=sha256:aa\n"
        "cffi==2.1.1 ; implementation_name != 'pypy' \\\n    --hash=sha256:bb \\\n    --hash=sha256:cc\n"
        "six==1.17.0 \\\n    --hash=sha256:dd\n"
    )
    monkeypatch.setattr(wheels, "run", lambda command, folder: exported)
    monkeypatch.setattr(sys, "platform", "win32")

    assert locked("uv", CHECKOUT, "any") == (
        "cffi==2.1.1 --hash=sha256:bb --hash=sha256:cc",
        "six==1.17.0 --hash=sha256:dd",
    )


def test_another_file_than_the_locked_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackagingError, match=r"(?s)HASH.*as wheels for Linux on x86_64. Fix the cause"):
        fetch([f"idna==3.11 --hash=sha256:{'0' * 64}"], tmp_path / "kept", tmp_path / "wheels")


def test_wheels_that_are_kept_need_no_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    requirement = f"idna==3.11 --hash={HASH}"
    fetch([requirement], tmp_path / "kept", tmp_path / "first")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/none")

    (found,) = fetch([requirement], tmp_path / "kept", tmp_path / "second")

    assert found == tmp_path / "second" / "idna-3.11-py3-none-any.whl"


def test_nothing_is_fetched_for_no_requirement(tmp_path: Path) -> None:
    assert fetch([], tmp_path / "kept", tmp_path / "wheels") == []
