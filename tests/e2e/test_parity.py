"""`glueline parity` on the running stack, during writes.

Damage is named and repaired in `test_the_console`: what its pages start is the same, and takes a minute.
"""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from expectations.odcs import load_contracts
from tests.e2e.baskets import PRODUCTS, new_basket, send_lines
from tests.e2e.conftest import glueline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflows.stack.target import Target


@pytest.fixture
def writer(target: Target) -> Iterator[None]:
    """Write ten lines of a basket every second."""
    basket, stop = new_basket(), threading.Event()

    def write() -> None:
        quantity = 2
        while not stop.wait(1):
            first = 1 + quantity * 10 % len(PRODUCTS)
            send_lines(target, basket, quantity, range(first, first + 10))
            quantity += 1

    thread = threading.Thread(target=write)
    thread.start()
    stop.wait(5)
    yield
    stop.set()
    thread.join()


def certified(*arguments: str, code: int = 0) -> dict[str, Any]:
    ended = glueline("parity", "transactions", "--json", *arguments)
    assert ended.returncode == code, ended.stderr + ended.stdout
    (certificate,) = json.loads(ended.stdout)
    assert isinstance(certificate, dict)
    return certificate


@pytest.mark.timeout(1200)
@pytest.mark.usefixtures("writer")
def test_under_constant_writes_there_is_parity(target: Target) -> None:
    began = datetime.now(UTC)

    certificate = certified()

    assert certificate["ok"]
    assert certificate["suspects"] > 0  # "suspects" on the wire: none was wrong, all were in flight
    assert datetime.fromisoformat(certificate["verified_through"]) > began - timedelta(seconds=1)


def test_a_drop_only_dataset_has_parity(target: Target) -> None:
    ended = glueline("parity", "products", "--json")

    (certificate,) = json.loads(ended.stdout)
    assert certificate["ok"], ended.stdout
    assert certificate["dataset"] in load_contracts()
