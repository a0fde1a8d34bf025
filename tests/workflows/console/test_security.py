"""Only the browser that opened the first address gets in, and only the console's own pages may act."""

from __future__ import annotations

import pytest

from tests.workflows.console.opened_console import PORT, console_on, new_browser, opened
from workflows.console.security import CSRF_HEADER, FOREIGN_POLICY, POLICY, Secrets
from workflows.stack.target import Target

CONSOLE = console_on(Target("us-east-1", {}, "http://127.0.0.1:1"))


def test_the_first_address_is_exchanged_for_a_cookie_that_no_script_and_no_other_site_can_use() -> None:
    answer = new_browser(CONSOLE).get(f"/batches?token={CONSOLE.secrets.token}&dataset=a%20b")

    assert answer.status_code == 303
    assert answer.headers["location"] == "/batches?dataset=a+b"
    cookie = answer.headers["set-cookie"].lower()
    assert {"httponly", "samesite=strict", "path=/"} <= set(cookie.split("; "))
    assert CONSOLE.secrets.token not in cookie


def test_the_exchange_never_leads_to_another_host() -> None:
    answer = new_browser(CONSOLE).get(f"//evil.example/?token={CONSOLE.secrets.token}")

    assert answer.headers["location"] == "/" or not answer.headers["location"].startswith("//")


@pytest.mark.parametrize(
    "path", ["/", "/parts/attention", "/static/console.js", "/?token=wrong", "/?token=%C3%A9"]
)
def test_a_browser_without_the_cookie_gets_nothing(path: str) -> None:
    answer = new_browser(CONSOLE).get(path)

    assert answer.status_code == 403
    assert "Open the address that glueline console printed" in answer.text


@pytest.mark.parametrize("host", ["evil.example", f"evil.example:{PORT}", "127.0.0.1", "127.0.0.1:1", ""])
def test_another_host_is_refused_even_with_the_cookie(host: str) -> None:
    assert opened(CONSOLE).get("/", headers={"host": host}).status_code == 421


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"origin": "http://evil.example"}, "from a page of this console"),
        ({"origin": "null"}, "from a page of this console"),
        ({"origin": f"http://127.0.0.1:{PORT + 1}"}, "from a page of this console"),
        ({CSRF_HEADER: "wrong"}, "Reload it"),
        ({CSRF_HEADER: ""}, "Reload it"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_an_action_needs_the_origin_and_the_token_of_a_page(
    method: str, headers: dict[str, str], words: str
) -> None:
    answer = opened(CONSOLE).request(method, "/anything", headers=headers)

    assert answer.status_code == 403
    assert words in answer.text


def test_an_action_without_an_origin_is_refused() -> None:
    browser = opened(CONSOLE)
    del browser.headers["origin"]

    assert browser.post("/anything").status_code == 403


def test_every_answer_forbids_scripts_of_others_and_is_not_kept() -> None:
    for answer in (opened(CONSOLE).get("/"), new_browser(CONSOLE).get("/"), opened(CONSOLE).get("/nothing")):
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
    assert "unsafe" not in POLICY
    assert "script-src" not in FOREIGN_POLICY
    assert "allow-scripts" not in FOREIGN_POLICY


def test_each_run_and_each_port_has_secrets_of_its_own() -> None:
    one, other = Secrets(1), Secrets(2)

    assert one.cookie != other.cookie
    assert len({one.token, one.session, one.csrf, other.token, other.session, other.csrf}) == 6
