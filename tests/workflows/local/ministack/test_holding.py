"""A request that holds the jobs: what it answers, and that its end releases them."""

import asyncio
from typing import Any

from workflows.local.ministack.holding import HOLD_PATH, with_holding


class FakeRunner:
    """A runner that notes what it is asked for; the test says what it works on."""

    def __init__(self, finishing: str | None = None, *, is_quiet: bool = False) -> None:
        self.finishing = finishing
        self.is_quiet = is_quiet
        self.asked: list[str] = []

    def hold(self) -> None:
        self.asked.append("hold")

    def release(self) -> None:
        self.asked.append("release")


async def beneath(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "beneath"})


class Request:
    """A request to the layer, whose client goes away when the test says so."""

    def __init__(self, runner: FakeRunner, path: str = HOLD_PATH, method: str = "POST") -> None:
        self.gone = asyncio.Event()
        self.sent: list[dict[str, Any]] = []
        self.scope = {"type": "http", "path": path, "method": method}
        self.layer = with_holding(beneath, runner)

    async def receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    async def answer(self) -> None:
        await self.layer(self.scope, self.receive, self.send)

    @property
    def lines(self) -> list[str]:
        return [message["body"].decode() for message in self.sent if "body" in message]


def test_jobs_are_held_until_the_client_is_gone() -> None:
    async def scenario() -> None:
        runner = FakeRunner("check")
        request = Request(runner)
        answering = asyncio.create_task(request.answer())
        await asyncio.sleep(0.25)
        assert request.lines == ["check\n"]

        runner.finishing = "merge"
        await asyncio.sleep(0.25)
        runner.is_quiet = True
        await asyncio.sleep(0.25)
        assert request.lines == ["check\n", "merge\n", "quiet\n"]
        assert runner.asked == ["hold"]

        request.gone.set()
        await answering
        assert runner.asked == ["hold", "release"]

    asyncio.run(scenario())


def test_a_client_that_gives_up_waiting_releases_the_jobs() -> None:
    async def scenario() -> None:
        runner = FakeRunner("check")
        request = Request(runner)
        request.gone.set()
        await request.answer()
        assert runner.asked == ["hold", "release"]

    asyncio.run(scenario())


def test_other_requests_hold_nothing() -> None:
    async def scenario() -> None:
        runner = FakeRunner()
        for other in (Request(runner, path="/"), Request(runner, method="GET")):
            await other.answer()
            assert other.sent == [{"type": "beneath"}]
        assert runner.asked == []

    asyncio.run(scenario())
