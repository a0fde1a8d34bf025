"""Answers of the console: pages and parts of pages from templates, and errors in words instead of traces."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError
from starlette.responses import HTMLResponse, Response

from expectations.keys import InvalidKey
from expectations.problems import GluelineError
from workflows.console.rendering import environment

if TYPE_CHECKING:
    from collections.abc import Callable

    from jinja2 import Environment
    from starlette.requests import Request

    from workflows.console.jobs import Jobs
    from workflows.console.readings import Readings
    from workflows.console.security import Secrets

MISSING: Final = "This can't be shown now."
_LOG: Final = logging.getLogger("glueline.console")


@dataclass(frozen=True, slots=True)
class Console:
    """What every endpoint needs: the stack that is read, the secrets of this run, the templates."""

    readings: Readings
    secrets: Secrets
    jobs: Jobs
    templates: Environment = environment()  # noqa: RUF009 -- one for the process

    @property
    def stack(self) -> str:
        """The stack in words."""
        target = self.readings.target
        return target.description if target.is_on_aws else f"local stack at {target.endpoint_url}"


class NotFound(GluelineError):
    """Raised when a page is about something that does not exist; the message says what exists."""


class Page(NamedTuple):
    """A template and its values; `here` is the name of the page in the menu."""

    template: str
    values: dict[str, Any]
    here: str = ""


type Endpoint = Callable[[Console, Request], Page | Response]


def console_of(request: Request) -> Console:
    """The console that answers the request."""
    console: Console = request.app.state.console
    return console


def render(console: Console, page: Page, status: int = 200) -> HTMLResponse:
    """The page as HTML; every value is escaped."""
    target = console.readings.target
    common = {
        "here": page.here,
        "csrf": console.secrets.csrf,
        "stack": console.stack,
        "confirm_by": target.stack if target.is_on_aws else "",
        "stack_option": f" --stack {target.stack}" if target.is_on_aws else "",
    }
    return HTMLResponse(console.templates.get_template(page.template).render(common | page.values), status)


def answering(endpoint: Endpoint, *, whole: bool = False) -> Callable[[Request], Response]:
    """The endpoint for Starlette; an error is a sentence, on a page of its own if it answers `whole` ones."""

    def answer(request: Request) -> Response:
        console = console_of(request)
        try:
            found = endpoint(console, request)
            return found if isinstance(found, Response) else render(console, found)
        except Exception as error:  # noqa: BLE001 -- whatever is wrong, the page says so in words
            return _in_words(console, error, whole=whole)

    return answer


def _in_words(console: Console, error: Exception, *, whole: bool) -> HTMLResponse:
    words, status = describe(error)
    page = Page("problem.html" if whole else "missing.html", {"title": MISSING, "words": words})
    return render(console, page, status)


def describe(error: Exception) -> tuple[str, int]:
    """An error in words, and the status of an answer that has it."""
    match error:
        case NotFound():
            return str(error), 404
        case GluelineError() | InvalidKey():
            return str(error), 400
        case ClientError() | BotoCoreError():
            return f"The stack answered: {error}", 502
        case _:
            _LOG.error("The console could not answer", exc_info=error)
            kind = type(error).__name__
            return f"The console has an error ({kind}). The terminal that runs it shows the details.", 500
