"""``ostiary demo``: tell both stories, and stay if asked to."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Final

import aiohttp
from cyclopts import App, Parameter

from ostiary.cli import logs
from ostiary.cli.demo import by_hand, stage, story_entitlement, story_lifecycle
from ostiary.cli.demo.client import Unexpected
from ostiary.cli.demo.endpoint import ENTITLEMENT_PATH, Call, Endpoint
from ostiary.cli.demo.stage import Stage
from ostiary.cli.opening import on_signal, run
from ostiary.cli.problems import Failed
from ostiary.settings import Settings

_EXAMPLES: Final = """
Examples:

  ostiary demo
      both stories, in under a minute; nothing is left behind
  ostiary demo --keep --port 8080
      server and endpoint stay, with lines to try for curl and the Graph SDK
"""

_DENIED: Final = "Isaiah Langer"
_SILENT: Final = "Joni Sherman"

app = App(name="demo", help_epilogue=_EXAMPLES)


@app.default
def demo(
    *,
    keep: Annotated[
        bool,
        Parameter(
            negative="", show_default=False, help="Leave server and endpoint running until Ctrl-C."
        ),
    ] = False,
    port: Annotated[int, Parameter(help="The server's port; 0 picks a free one.")] = 0,
    data_dir: Annotated[
        Path | None, Parameter(help="An empty directory to keep the data in (a temporary one).")
    ] = None,
) -> None:
    """Watch a request call out, wait, be resumed, approved and delivered.

    A server with an embedded database, a small organisation and a simulated clock is started, and a
    real extension endpoint that verifies what it gets and calls back. Then people ask for access,
    one of them is refused, one is forgotten, and a joiner's workflow waits for a laptop: all over
    HTTP, as clients would do it.
    """
    logs.configure(Settings(), quiet=True)
    try:
        run(_tell(keep=keep, port=port, data_dir=data_dir))
    except Unexpected as error:
        raise Failed(
            f"The demo did not go as it should.\n  Expected: {error.expected}\n  Got: {error.got}"
        ) from None


async def _tell(*, keep: bool, port: int, data_dir: Path | None) -> None:
    async with stage.opened(data_dir, port=port) as scene:
        where = scene.running.server.settings.data_dir.absolute()
        scene.show.title(
            "Ostiary: call out, wait durably, resume",
            f"server    {scene.url}  (embedded database, simulated clock)",
            f"endpoint  {scene.endpoint.url}  (verifies every call, answers with its own token)",
            f"data      {where}",
        )
        offer = await story_entitlement.tell(scene)
        await story_lifecycle.tell(scene)
        if keep:
            by_hand.show_by_hand(scene.show, scene.url, str(where), offer)
            await _stay(scene)
        else:
            by_hand.show_how_to_stay(scene.show)


async def _stay(scene: Stage) -> None:
    """Let the endpoint answer by itself until somebody stops the server."""
    scene.show.plain()
    scene.show.plain(
        f" Server and endpoint stay until Ctrl-C. The endpoint denies {_DENIED}, says nothing about"
    )
    scene.show.plain(f" {_SILENT}, and has no objection to anybody else.")
    on_signal(scene.running.stop)
    answering = asyncio.create_task(_answer_all(scene))
    try:
        await scene.running.ended()
    finally:
        answering.cancel()
        with suppress(asyncio.CancelledError):
            await answering


async def _answer_all(scene: Stage) -> None:
    while True:
        call = await scene.endpoint.calls.get()
        status = await _answer(scene.endpoint, call)
        scene.show.step("endpoint", f"is called about {call.person}", f"answered: {status}")


async def _answer(endpoint: Endpoint, call: Call) -> str:
    """Answer as a person would who knows the three; give what the server replied."""
    try:
        if call.path != ENTITLEMENT_PATH:
            return str(await endpoint.answer_task(call, "Completed"))
        if call.person == _SILENT:
            return "not at all"
        state = "denied" if call.person == _DENIED else None
        return str(await endpoint.answer_request(call, "By the book.", state=state))
    except (Unexpected, aiohttp.ClientError) as error:
        return f"in vain: {error}"
