"""The console in a real browser on the running stack: each page, accessibility, and what readers come for.

The tests bring a file of their own, whose values are hostile, and leave what others have brought as it is.
Screenshots are in `.local/screenshots`.
"""

from __future__ import annotations

import http.server
import json
import re
import subprocess
import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

from jobs.intake.batches import Batches
from jobs.intake.manifest import Manifest, ManifestFile
from jobs.parity.certificates import DriftedKeys
from jobs.parity.objects import ParityObjects
from tests.e2e.browsers import NoBrowser, arguments, find_chromium
from tests.e2e.conftest import GLUELINE
from tests.e2e.damage import ADDED, damage_lines
from workflows.console.rendering import PAGES
from workflows.operations.dead_letters import put_back, receive
from workflows.progress.job_runs import await_open_work
from workflows.progress.waiting import merged_files, receipts
from workflows.query.sql import query, rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Locator, Page

    from workflows.stack.target import Target

SCREENSHOTS: Final = Path(__file__).parents[2] / ".local" / "screenshots"
NAME: Final = f"console-{uuid.uuid4().hex[:8]}"
STUCK: Final = tuple(f"{NAME}-stuck-{number}" for number in range(5))
OWNED: Final = "document.title = 'owned'"
HOSTILE: Final = f'</pre><script>{OWNED}</script><img src=x onerror="{OWNED}">'
REJECTED: Final = {"rows_read": 1, "accepted": 0, "quarantined": 1}
PATIENCE: Final = 120_000  # milliseconds
PAINT: Final = 1000  # milliseconds
type Scheme = Literal["light", "dark"]

pytestmark = pytest.mark.usefixtures("demo")


@dataclass
class Console:
    """The console as a reader uses it, who is counted clicks."""

    page: Page
    address: str
    clicks: int = 0
    problems: list[str] = field(default_factory=list)

    def open(self, path: str = "/") -> None:
        self.clicks = 0
        self.page.goto(f"{self.address}{path}")
        self.is_complete()

    def click(self, element: Locator) -> None:
        """Click as a person does, once the page is there: before that, nothing listens to its buttons."""
        self.clicks += 1
        element.first.wait_for(timeout=PATIENCE)
        self.page.wait_for_load_state()
        element.first.click()

    def is_complete(self) -> None:
        """Wait until every part of the page is there."""
        expect(self.page.locator(".wait")).to_have_count(0, timeout=PATIENCE)

    def reload_until(self, element: Locator, may_come: Callable[[], bool] = lambda: True) -> None:
        """Read the page again until it has the element: an answer of the stack is kept for some seconds."""
        for _ in range(20):
            self.page.wait_for_load_state()
            self.is_complete()
            if element.count() or not may_come():
                return
            self.page.wait_for_timeout(1000)
            self.page.reload()

    def schemes(self) -> Iterator[Scheme]:
        """The page in the dark scheme, then in the light one, as its browser asks for them."""
        schemes: tuple[Scheme, ...] = ("dark", "light")
        for scheme in schemes:
            self.page.emulate_media(color_scheme=scheme)
            yield scheme

    def menu(self, name: str) -> None:
        self.click(self.page.get_by_role("link", name=name, exact=True))
        expect(self.page.locator("[aria-current=page]")).to_have_text(name)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    try:
        path = find_chromium()
    except NoBrowser as problem:
        pytest.fail(str(problem))
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=arguments())
        yield started
        started.close()


@pytest.fixture(scope="module")
def first_address(target: Target) -> Iterator[str]:
    """The address that `glueline console` prints."""
    with subprocess.Popen([*GLUELINE, "console"], stdout=subprocess.PIPE, text=True) as serving:
        assert serving.stdout is not None
        line = serving.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+/\?token=\S+", line)
        assert found, line
        yield found[0]
        serving.terminate()


@pytest.fixture(scope="module")
def hostile_file(target: Target) -> str:
    """A dropped file whose row is rejected, and whose values and columns are markup; its address."""
    row = {"product_id": 1, "brand": HOSTILE, f"evil {HOSTILE}": HOSTILE}
    key = f"drops/products/{NAME}.jsonl"
    target.client("s3").put_object(Bucket=target.output("RawBucket"), Key=key, Body=json.dumps(row).encode())
    return f"s3://{target.output('RawBucket')}/{key}"


@pytest.fixture
def console(browser: Browser, first_address: str) -> Iterator[Console]:
    """A new browser window that has opened the first address; no script of a page may fail."""
    context = browser.new_context(color_scheme="light", viewport={"width": 1360, "height": 860})
    page = context.new_page()
    opened = Console(page, first_address.partition("/?")[0])
    page.on("pageerror", lambda error: opened.problems.append(str(error)))
    page.on("console", lambda said: opened.problems.append(said.text) if said.type == "error" else None)
    page.goto(first_address)
    yield opened
    context.close()
    assert opened.problems == []


@pytest.mark.usefixtures("hostile_file")
def test_every_page_is_painted_at_once_and_is_accessible(console: Console) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    paints: list[float] = []
    for path, name in (
        *PAGES,
        ("/contracts/transactions", "transactions"),
        ("/dashboards/products", "Products"),
    ):
        console.open(path)
        expect(console.page.get_by_role("heading", level=1)).to_contain_text(name)
        paints.append(
            console.page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0")
        )
        expect(console.page.locator(".note", has_text="can't be shown")).to_have_count(0)
        for scheme in console.schemes():
            console.page.screenshot(path=SCREENSHOTS / f"{name.lower()}-{scheme}.png")
            assert violations(console.page, scheme) == [], (path, scheme)
    assert min(paints) < PAINT  # other work of the machine may delay some


def violations(page: Page, scheme: str = "light") -> list[str]:
    """What axe finds: each rule with the elements that break it. The dark theme differs in its colours."""
    options = {"runOnly": ["color-contrast"]} if scheme == "dark" else {}
    found: list[dict[str, Any]] = Axe().run(page, options=options).response["violations"]
    return [f"{one['id']}: {[node['html'][:200] for node in one['nodes']]}" for one in found]


def test_a_page_is_used_by_the_keyboard_and_keeps_the_chosen_theme(console: Console) -> None:
    console.open("/contracts")
    page = console.page

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    sort = page.get_by_role("columnheader", name="dataset").get_by_role("button")
    sort.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.get_by_role("columnheader", name="dataset")).to_have_attribute("aria-sort", "descending")
    expect(page.locator("tbody th").first).to_have_text("transactions")

    page.get_by_role("button", name="Dark theme").click()
    console.open("/parity")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.get_by_role("button", name="Light theme")).to_be_visible()


def test_why_a_row_was_rejected_is_found_and_it_is_replayed(
    console: Console, target: Target, hostile_file: str
) -> None:
    wait_until_merged(target, hostile_file)
    page = console.page
    console.open()

    console.menu("Quarantine")
    row = (
        page.get_by_role("row")
        .filter(has_text="products")
        .filter(has=page.get_by_role("link", name="unknown"))
    )
    console.click(row.get_by_role("link", name="unknown"))
    sample = page.get_by_role("article").filter(has_text=NAME).first
    expect(sample).to_contain_text("expected the contract's columns, got also evil", timeout=PATIENCE)
    assert console.clicks <= 3
    expect(sample.locator("pre")).to_contain_text(f"brand: {HOSTILE}")

    console.open()  # whoever comes to replay begins here
    before = batches_of(target, hostile_file)
    console.menu("Quarantine")
    console.click(row.get_by_role("button", name="Replay"))
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("glueline replay --quarantine --dataset products --reason unknown:")
    assert violations(page) == []
    console.click(dialog.get_by_role("button", name="Replay"))
    expect(page.locator("#answer")).to_contain_text("announced again", timeout=PATIENCE)
    assert console.clicks <= 3
    assert page.title() == "Quarantine · Glueline"
    assert page.locator("main img, main script").count() == 0
    # Its row breaks the contract still: it is read and rejected again.
    assert read_again(target, hostile_file, before) == [REJECTED]


def read_again(target: Target, file: str, known: set[str]) -> list[dict[str, Any]]:
    """Wait until a batch that is not known has read the file; the counts of the file in these batches."""

    def others() -> list[dict[str, Any]]:
        return [one for one in receipts(target, [file]) if one["batch_id"] not in known]

    wait_until(lambda: bool(others()), f"{file} is not read again")
    return [{name: one[name] for name in ("rows_read", "accepted", "quarantined")} for one in others()]


def batches_of(target: Target, file: str) -> set[str]:
    """The batches of the workflow that have read the file."""
    found = {one["batch_id"] for one in receipts(target, [file])}
    return {batch_id for batch_id in found if not batch_id.startswith(NAME)}


def wait_until_merged(target: Target, file: str) -> None:
    wait_until(lambda: bool(merged_files(target, [file])), f"{file} is not merged")


def set_one_aside(console: Console, target: Target, kept: Batches, file: ManifestFile) -> str:
    """Open a batch with the file and set it aside in the browser; its id.

    A run of the workflow that begins meanwhile may check and merge the batch first. Then another is opened.
    """
    page = console.page
    for stuck in STUCK:
        await_open_work(target, lambda line: None)
        kept.open(Manifest(stuck, "2026-11-30T12:00:00+00:00", (file,)))
        button = page.get_by_role("button", name="Set aside")
        console.open(f"/batches/{stuck}")
        console.reload_until(button, lambda: stuck in kept.begun())  # noqa: B023 -- called at once
        if button.count():
            console.click(button)
            dialog = page.get_by_role("dialog")
            dialog.get_by_label("Reason").fill("its partner is asked")
            console.click(dialog.get_by_role("button", name="Set aside"))
            assert console.clicks <= 3
        wait_until(lambda: stuck not in kept.begun(), f"{stuck} stays open")  # noqa: B023 -- called at once
        if stuck in kept.aside():
            expect(page.locator("#answer")).to_contain_text("sets it aside", timeout=PATIENCE)
            return stuck
    pytest.fail("a run of the workflow was faster each time")


def wait_until(is_so: Callable[[], bool], otherwise: str) -> None:
    pause = threading.Event()
    deadline = time.monotonic() + PATIENCE / 1000
    while not is_so():
        if time.monotonic() > deadline:
            pytest.fail(otherwise)
        pause.wait(1)


@pytest.mark.timeout(1200)
@pytest.mark.filterwarnings("ignore:Merge on read is not yet supported")  # PyIceberg rewrites the file
def test_damage_is_named_and_repaired(console: Console, target: Target) -> None:
    page = console.page
    keys = "basket_id, product_id"
    lines = rows(query(target, f"select * from transactions order by {keys} limit 3"))
    damage_lines(target, *lines)
    names = [f"{line['basket_id']},{line['product_id']}" for line in lines]
    added = f"{lines[0]['basket_id']},{ADDED}"
    began = datetime.now(UTC)
    console.open()

    console.menu("Parity")
    card = page.get_by_role("region", name="Parity of transactions")
    console.click(card.get_by_role("button", name="Prove parity"))
    console.click(page.get_by_role("dialog").get_by_role("button", name="Prove parity"))
    assert console.clicks <= 3
    expect(page.get_by_text("It differs.")).to_be_visible(timeout=PATIENCE)
    expect(page.locator("#answer")).to_contain_text("transactions: 4 keys differ")
    certificates = ParityObjects(target.client("s3"), target.output("LakeBucket"))
    [found] = certificates.issued("transactions", began)
    assert found.keys == DriftedKeys(missing=(names[0],), extra=(added,), differing=tuple(sorted(names[1:])))

    console.open("/parity")
    expect(card).to_contain_text("differs")
    expect(page.get_by_role("cell").filter(has_text="1 missing").first).to_contain_text(names[0])
    console.click(card.get_by_role("button", name="Repair"))
    console.click(page.get_by_role("dialog").get_by_role("button", name="Repair"))
    # A comparison, the repair by a run of ingest, and another comparison: seven runs of jobs.
    expect(page.get_by_text("Certified.")).to_be_visible(timeout=5 * PATIENCE)

    console.open("/parity")
    expect(card).to_contain_text("equal")
    [_, again, healed] = certificates.issued("transactions", began)
    assert (again.keys, again.repaired, healed.ok) == (found.keys, 4, True)
    where = " or ".join(
        f"(basket_id = {line['basket_id']} and product_id = {line['product_id']})" for line in lines
    )
    repaired = rows(query(target, f"select * from transactions where {where} order by {keys}"))
    assert [line["_source"] for line in repaired] == ["repair"] * 3
    own = [name for name in lines[0] if not name.startswith("_")]
    assert [{name: line[name] for name in own} for line in repaired] == [
        {name: line[name] for name in own} for line in lines
    ]
    assert rows(query(target, f"select 1 from transactions where product_id = {ADDED}")) == []
    [counted] = rows(query(target, "select count(*) as n from transactions"))
    expect(card).to_contain_text(f"{counted['n']:,}")


def test_sales_by_department_are_drawn_and_downloaded(console: Console) -> None:
    page = console.page
    console.open()

    console.menu("SQL")
    console.click(page.get_by_role("link", name="Sales value by department"))
    chart = page.get_by_role("img", name="The result as a chart: sales_value")
    expect(chart).to_be_visible(timeout=PATIENCE)
    assert console.clicks <= 3
    expect(page.get_by_role("cell", name="GROCERY", exact=True)).to_be_visible()
    assert violations(page) == []
    page.screenshot(path=SCREENSHOTS / "sales-light.png")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download CSV").click()
    assert download.value.path().read_text().startswith("department,sales_value\n")


def test_a_statement_is_typed_completed_and_answered(console: Console) -> None:
    page = console.page
    console.open("/sql")

    page.locator(".CodeMirror").click()
    page.keyboard.type("select household_id from trans")
    page.keyboard.press("Control+Space")
    page.get_by_role("option", name="transactions").first.click()
    expect(page.locator(".CodeMirror-focused")).to_contain_text("from transactions")  # which it takes back
    page.keyboard.press("Control+Enter")
    expect(page.locator("#result")).to_contain_text("rows in", timeout=PATIENCE)
    expect(page.get_by_role("cell", name="•••").first).to_be_visible()
    page.get_by_role("button", name="Show them").click()
    expect(page.get_by_role("cell", name="•••")).to_have_count(0, timeout=PATIENCE)

    page.locator(".CodeMirror").click()
    page.keyboard.press("Control+A")
    page.keyboard.type("select nothing from nowhere")
    page.get_by_role("button", name="Run").click()
    expect(page.locator("#result")).to_contain_text("No table lake.nowhere", timeout=PATIENCE)
    console.problems = [one for one in console.problems if "status of 400" not in one]


def test_a_key_shows_its_history_and_both_states(console: Console) -> None:
    page = console.page
    console.open()

    console.menu("Rows")
    console.click(page.get_by_role("button", name="Some keys of transactions"))
    console.click(page.locator("#keys a"))
    expect(page.get_by_text("It is in DynamoDB and in the table.")).to_be_visible(timeout=PATIENCE)
    assert console.clicks <= 3
    expect(page.locator(".versions li").first).to_contain_text("by stream")
    expect(page.locator(".state.bad")).to_have_count(0)
    assert violations(page) == []


def test_a_batch_that_was_set_aside_is_retried(console: Console, target: Target) -> None:
    kept = Batches(target.client("s3"), target.output("LakeBucket"))
    kept.open(Manifest(NAME, "2026-11-30T12:00:00+00:00"))  # without files, so nobody's work changes
    kept.close(NAME)
    kept.set_aside(NAME, HOSTILE, Manifest(NAME, "2026-11-30T12:00:00+00:00").begun)
    page = console.page
    console.open()

    console.menu("Batches")
    batch, retry = page.get_by_role("link", name=NAME), page.get_by_role("button", name="Retry")
    console.reload_until(batch)
    console.click(batch)
    page.wait_for_url("**/batches/*")
    console.reload_until(retry)
    console.click(retry)
    page.get_by_role("dialog").get_by_role("button", name="Retry").click()

    expect(page.locator("#answer")).to_contain_text(f"as batch {NAME}-retry", timeout=PATIENCE)
    assert NAME not in kept.aside()
    assert page.title() == "Batch · Glueline"


def test_an_open_batch_is_set_aside_and_another_is_replayed(
    console: Console, target: Target, hostile_file: str
) -> None:
    wait_until_merged(target, hostile_file)
    kept = Batches(target.client("s3"), target.output("LakeBucket"))
    before = batches_of(target, hostile_file)
    first = min(before)
    [read] = [file for file in kept.manifest(first).files if file.source_file == hostile_file]
    page = console.page

    stuck = set_one_aside(console, target, kept, read)

    console.open(f"/batches/{first}")
    console.click(page.get_by_role("button", name="Replay"))
    console.click(page.get_by_role("dialog").get_by_role("button", name="Replay"))
    expect(page.locator("#answer")).to_contain_text("announced again", timeout=PATIENCE)
    assert console.clicks <= 3

    assert read_again(target, hostile_file, {*before, *STUCK}) == [REJECTED]
    of_batch = f"select reasons from lake_ops.quarantine where batch_id = '{stuck}'"
    [quarantined] = rows(query(target, of_batch))
    assert "set aside: by hand: its partner is asked" in str(quarantined["reasons"])
    console.open(f"/batches/{stuck}")
    expect(page.locator(".note.bad")).to_contain_text("It is set aside.")
    kept.no_longer_aside(stuck)  # for other tests


def test_lineage_is_drawn_from_the_file_to_the_table(
    console: Console, target: Target, hostile_file: str
) -> None:
    wait_until_merged(target, hostile_file)
    batch_id = min(batches_of(target, hostile_file))
    page = console.page
    console.open()

    console.menu("Lineage")
    console.is_complete()
    page.locator("select[name=batch]").select_option(batch_id)
    console.click(page.get_by_role("button", name="Draw"))
    console.is_complete()
    console.click(page.get_by_role("button", name="Columns of products"))
    expect(page.locator("#columns").get_by_role("rowheader", name="department")).to_be_visible()
    assert console.clicks <= 3
    drawing = page.locator("svg.lineage")
    expect(drawing.get_by_role("img", name=f"{hostile_file} 1 row read")).to_be_visible()
    expect(drawing.get_by_role("link", name="products_changes")).to_be_visible()
    expect(drawing.get_by_role("link", name=re.compile(r"^products [\d,]+ rows now"))).to_be_visible()
    page.screenshot(path=SCREENSHOTS / "drawn-lineage.png")
    for scheme in console.schemes():
        assert violations(page, scheme) == [], scheme


def test_a_dashboard_is_drawn_when_its_reader_asks(console: Console, target: Target) -> None:
    page = console.page
    console.open()

    console.menu("Dashboards")
    console.is_complete()
    console.click(page.get_by_role("link", name="Households"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Households")
    undrawn = page.get_by_text("Not drawn yet.")
    assert undrawn.count() > 3
    console.click(page.get_by_role("button", name="Draw the charts"))
    assert console.clicks <= 3
    expect(undrawn).to_have_count(0, timeout=PATIENCE)
    [counted] = rows(query(target, "select count(*) as n from households"))
    rows_of_table = page.get_by_role("region", name="Rows", exact=True)
    expect(rows_of_table).to_contain_text(f"{counted['n']:,}")
    expect(page.get_by_role("img", name="Rows by Age")).to_be_visible()
    expect(page.locator(".note", has_text="can't be shown")).to_have_count(0)
    for scheme in console.schemes():
        assert violations(page, scheme) == [], scheme
    page.screenshot(path=SCREENSHOTS / "drawn-dashboard.png", full_page=True)


def test_a_dead_letter_is_redriven(console: Console, target: Target) -> None:
    sqs, queue = target.client("sqs"), target.output("DeadLetterQueueUrl")
    body = json.dumps(
        {"specversion": "1.0", "id": NAME, "source": HOSTILE, "type": "refunds.upsert", "data": {}}
    )
    reason = {"reason": {"DataType": "String", "StringValue": NAME}}
    sqs.send_message(QueueUrl=queue, MessageBody=body, MessageAttributes=reason)
    page = console.page
    console.open()

    console.menu("Quarantine")
    row = page.get_by_role("row").filter(has_text=NAME)
    console.click(row.get_by_role("button", name="Redrive"))
    expect(page.get_by_role("dialog")).to_contain_text(f"glueline redrive --reason {NAME}")
    console.click(page.get_by_role("dialog").get_by_role("button", name="Redrive"))
    expect(page.locator("#answer")).to_contain_text("1 message was sent back", timeout=PATIENCE)
    assert console.clicks <= 3

    returned = take_back(target)
    assert returned == ["unknown-dataset"]


def take_back(target: Target) -> list[str]:
    """Remove this module's dead letter from the queue once it has returned; its reason."""
    sqs, queue = target.client("sqs"), target.output("DeadLetterQueueUrl")
    for _ in range(30):
        found = [one for some in receive(sqs, queue, datetime.now(UTC)) for one in some]
        ours = [one for one in found if NAME in one.body]
        for one in ours:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=one.receipt)
        put_back(sqs, queue, (one.receipt for one in found if one not in ours))
        if ours:
            return [one.reason for one in ours]
    return []


@pytest.fixture
def another_site() -> Iterator[str]:
    """A page of another server here. It is of the same site, so that it sends the cookie of the console."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}/"
        serving.shutdown()


def test_another_browser_and_another_site_stay_outside(
    browser: Browser, first_address: str, another_site: str
) -> None:
    address = first_address.partition("/?")[0]
    context = browser.new_context()
    page = context.new_page()

    assert page.goto(address).status == 403  # type: ignore[union-attr]
    page.goto(first_address)
    page.goto(another_site)
    post = "url => fetch(url, {method: 'POST', mode: 'no-cors', credentials: 'include'}).catch(String)"
    assert "Failed to fetch" in page.evaluate(post, f"{address}/actions/redrive")
    read = "url => fetch(url, {credentials: 'include'}).then(answer => answer.text(), String)"
    assert "Failed to fetch" in page.evaluate(read, f"{address}/flow")
    # What it would have sent, with the cookie:
    sent = context.request.post(f"{address}/actions/redrive", headers={"origin": another_site.rstrip("/")})
    assert sent.status == 403
    page.evaluate(
        "url => { const f = document.createElement('iframe'); f.src = url; document.body.append(f) }",
        f"{address}/flow",
    )
    page.wait_for_timeout(500)
    assert "Flow" not in page.frames[-1].content()
    context.close()
