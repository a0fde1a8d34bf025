"""Makes the pictures of the documents, from the console of a running stack that `make run` has filled.

    .venv/bin/python -m tests.e2e.pictures

Look at them before you commit them: at the menu, at cut text, at charts.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from playwright.sync_api import expect, sync_playwright

from tests.e2e.browsers import arguments, find_chromium
from tests.e2e.conftest import GLUELINE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

DOCS: Final = Path(__file__).parents[2] / "docs"
PATIENCE: Final = 60_000  # milliseconds


class Picture(NamedTuple):
    """A page as it is shown in a theme, once `shows` is there; its link `follow` is clicked first."""

    name: str
    path: str
    height: int
    shows: str  # a selector
    follow: str = ""
    theme: Literal["light", "dark"] = "light"


PICTURES: Final = (
    Picture("overview", "/", 900, "table >> text=transactions"),
    Picture("quarantine", "/quarantine?dataset=products&rule=brand.known", 860, "article mark"),
    Picture("sql", "/sql", 820, "#result canvas", "Sales value by department", "dark"),
)


def first_address(serving: subprocess.Popen[str]) -> str:
    """The address that `glueline console` prints."""
    assert serving.stdout is not None
    found = re.search(r"http://127\.0\.0\.1:\d+/\?token=\S+", serving.stdout.readline())
    assert found, "no console: run make run first"
    return found[0]


def take(browser: Browser, address: str) -> Iterator[Path]:
    """The files of the pictures."""
    for one in PICTURES:
        context = browser.new_context(
            color_scheme=one.theme, viewport={"width": 1240, "height": one.height}, reduced_motion="reduce"
        )
        page = context.new_page()
        page.goto(address)
        page.goto(f"{address.partition('/?')[0]}{one.path}")
        if one.follow:
            page.get_by_role("link", name=one.follow).first.click()
        page.locator(one.shows).first.wait_for(timeout=PATIENCE)
        expect(page.locator(".wait")).to_have_count(0, timeout=PATIENCE)
        file = DOCS / f"console-{one.name}.png"
        page.screenshot(path=file)
        context.close()
        yield file


def main() -> None:
    with (
        subprocess.Popen([*GLUELINE, "console"], stdout=subprocess.PIPE, text=True) as serving,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=arguments())
        for file in take(browser, first_address(serving)):
            print(f"{file}: {file.stat().st_size:,} bytes")
        browser.close()
        serving.terminate()


if __name__ == "__main__":
    main()
