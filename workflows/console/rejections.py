"""Pages about what was rejected: rows in quarantine and dead letters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from workflows.console.answering import Console, NotFound, Page
from workflows.console.readings import SHOWN_DAYS
from workflows.console.statements import QUARANTINED
from workflows.console.views import quarantine as views
from workflows.console.views.masking import restricted_names
from workflows.operations.previews import previews
from workflows.query.literals import text

if TYPE_CHECKING:
    from starlette.requests import Request

    from workflows.operations.dead_letters import DeadLetter

MOST_SAMPLES: Final = 20
SHOWN_LETTERS: Final = 40
OF_A_REASON: Final = 3
_SAMPLES: Final = """select dataset, array_join(reasons, {separator}) as reasons, payload, source_file,
  row_number, batch_id, quarantined_at
from {ops}.quarantine where quarantined_at >= {since}{conditions}
order by quarantined_at desc limit {limit}"""


def quarantine(console: Console, request: Request) -> Page:
    """The page; its parts are loaded when it is shown."""
    return Page("quarantine.html", {"query": request.url.query, **_chosen(request)}, "Quarantine")


def groups(console: Console, request: Request) -> Page:
    """Rejected rows by dataset and rule, and over time."""
    found = views.groups(console.readings.bookkeeping(QUARANTINED))
    today = datetime.now(UTC).date()
    days = [today - timedelta(days=back) for back in range(SHOWN_DAYS, -1, -1)]
    values = {"groups": found, "chart": views.over_time(found, days), "days": SHOWN_DAYS}
    return Page("quarantine_groups.html", values | _chosen(request))


def samples(console: Console, request: Request) -> Page:
    """The newest rejected rows of a dataset and rule, with what is asked for to read them again."""
    chosen = _chosen(request)
    dataset, rule = str(chosen["dataset"]), str(chosen["rule"])
    if not dataset:
        raise NotFound("Choose a dataset and rule in the table above to see rows of it.")
    conditions = " and dataset is null" if dataset == views.NO_DATASET else f" and dataset = {text(dataset)}"
    if rule:
        conditions += f" and strpos(array_join(reasons, '; '), {text(rule + ':')}) > 0"
    hidden = () if chosen["unmasked"] else _hidden_names(console, dataset)
    rows = console.readings.bookkeeping(_SAMPLES, conditions=conditions, limit=str(MOST_SAMPLES))
    found = [views.sample(row, hidden) for row in rows]
    values = {
        "samples": found,
        "has_restricted": bool(_hidden_names(console, dataset)),
        "query": request.url.query,
    }
    return Page("quarantine_samples.html", chosen | values)


def dead_letters(console: Console, request: Request) -> Page:
    """The dead letters by reason, and some of them with their violations by today's contracts."""
    unmasked = request.query_params.get("restricted") == "shown"
    contracts = console.readings.contracts()
    hidden = () if unmasked else restricted_names(contracts.values())
    found = console.readings.dead_letters()
    by_reason: dict[str, int] = {}
    for one in found:
        by_reason[one.reason] = by_reason.get(one.reason, 0) + 1
    shown = [one for reason in by_reason for one in _of_reason(found, reason)][:SHOWN_LETTERS]
    letters = [views.letter(one, list(previews([one.text], contracts)), hidden) for one in shown]
    return Page(
        "dead_letters.html",
        {
            "reasons": sorted(by_reason.items(), key=lambda pair: (-pair[1], pair[0])),
            "letters": letters,
            "read": len(found),
            "depth": console.readings.depths()["dead_letters"],
            "unmasked": unmasked,
        },
    )


def _of_reason(found: list[DeadLetter], reason: str) -> list[DeadLetter]:
    return [one for one in found if one.reason == reason][:OF_A_REASON]


def _chosen(request: Request) -> dict[str, str | bool]:
    return {
        "dataset": request.query_params.get("dataset", ""),
        "rule": request.query_params.get("rule", ""),
        "unmasked": request.query_params.get("restricted") == "shown",
    }


def _hidden_names(console: Console, dataset: str) -> frozenset[str]:
    """Names of restricted values; of all datasets if it is not known which one the rows belong to."""
    contracts = console.readings.contracts()
    chosen = [contracts[dataset]] if dataset in contracts else list(contracts.values())
    return restricted_names(chosen)
