"""The application as a whole, and its port."""

from __future__ import annotations

import socket
import threading

import pytest

from tests.workflows.console.opened_console import console_on, opened
from workflows.console import server
from workflows.console.rendering import PAGES
from workflows.console.server import ACTIONS, PARTS, WHOLE, NoPort, serve
from workflows.stack.target import Target

NOWHERE = Target("us-east-1", {}, "http://127.0.0.1:1")


def test_every_page_of_the_menu_is_painted_without_asking_the_stack() -> None:
    browser = opened(console_on(NOWHERE))

    for path, name in PAGES:
        answer = browser.get(path)
        assert (answer.status_code, name in answer.text) == (200, True), path


def test_a_part_of_a_stack_that_does_not_answer_is_a_sentence() -> None:
    browser = opened(console_on(NOWHERE))

    for path in PARTS:
        if "{" not in path:
            answer = browser.get(path)
            assert "Traceback" not in answer.text
            assert answer.status_code < 500 or "console has an error" not in answer.text, path


def test_no_page_and_no_part_can_be_posted_to_and_no_action_can_be_opened() -> None:
    browser = opened(console_on(NOWHERE))

    assert {browser.post(path).status_code for path in (*WHOLE, *PARTS)} <= {404, 405}
    assert {browser.get(path).status_code for path in ACTIONS} <= {404, 405}


def test_a_page_that_does_not_exist_says_so() -> None:
    answer = opened(console_on(NOWHERE)).get("/nothing")

    assert answer.status_code == 404
    assert "There is no such page." in answer.text
    assert "<main" in answer.text
    assert "<main" not in opened(console_on(NOWHERE)).get("/parts/nothing").text


def test_the_libraries_are_served_from_the_package() -> None:
    answer = opened(console_on(NOWHERE)).get("/static/vendor/htmx-2.0.11.min.js")

    assert answer.status_code == 200
    assert "javascript" in answer.headers["content-type"]


def test_it_listens_on_the_loopback_alone_and_names_its_first_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import uvicorn

    bound: list[tuple[str, int]] = []
    monkeypatch.setattr(
        uvicorn.Server, "run", lambda self, sockets: bound.extend(one.getsockname() for one in sockets)
    )
    monkeypatch.setattr(server, "_warm_up", lambda readings: None)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setattr(server, "PORT", taken.getsockname()[1])
        addresses: list[str] = []

        serve(NOWHERE, None, addresses.append)

        [(host, port)] = bound
        assert host == "127.0.0.1"
        assert port != taken.getsockname()[1]
        assert addresses[0].startswith(f"http://127.0.0.1:{port}/?token=")
        with pytest.raises(NoPort, match="Choose another: --port"):
            serve(NOWHERE, taken.getsockname()[1], addresses.append)


def test_what_is_read_ahead_never_ends_the_console() -> None:
    thread = threading.Thread(target=server._warm_up, args=(console_on(NOWHERE).readings,))
    thread.start()
    thread.join(60)

    assert not thread.is_alive()
