"""``ostiary tasks``: run one task of a workflow for one person, and see what was said."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from time import monotonic
from typing import Annotated, Any, Final
from urllib.parse import quote

from cyclopts import App, Parameter

from ostiary.cli import remote
from ostiary.cli.opening import opened, run
from ostiary.cli.options import HERE, Place
from ostiary.cli.output import note, print_json, print_pairs
from ostiary.cli.problems import Failed, Misused
from ostiary.cli.remote import RunningServer
from ostiary.settings import Settings

app = App(name="tasks")

_ROOT: Final = "/v1.0/identityGovernance/lifecycleWorkflows/workflows"
_ROLES: Final = ("LifecycleWorkflows.ReadWrite.All", "User.Read.All")
_OPEN: Final = frozenset({"queued", "inProgress"})
_LOOK_AGAIN: Final = 0.2

_EXAMPLES = """
Examples:

  ostiary tasks run "Offboard" "Disable account" megan@contoso.com --preview
      what would happen, and nothing else
  ostiary tasks run "Onboard" "Mailbox" megan@contoso.example --wait 120
      call the extension, and wait up to two minutes for its answer
"""


@app.command(name="run", help_epilogue=_EXAMPLES)
def run_(
    workflow: Annotated[str, Parameter(help="The workflow, by id or display name.")],
    task: Annotated[str, Parameter(help="The task, by id or display name.")],
    person: Annotated[str, Parameter(help="The person, by id or userPrincipalName.")],
    /,
    *,
    preview: Annotated[bool, Parameter(negative="", help="Only say what would happen.")] = False,
    wait: Annotated[float, Parameter(help="Seconds to wait for the end of the task.")] = 30,
    place: Place = HERE,
) -> None:
    """Run one task of a workflow for one person, and show the payload and the answer.

    A running server does it. The exit code is 1 when the task failed.
    """
    if wait < 0:
        raise Misused("--wait is a number of seconds, and not negative.")
    asked = _run(place.settings(), workflow, task, person, preview=preview, wait=wait)
    told = run(asked)
    if place.as_json:
        print_json(told)
    else:
        _show(told)
    if told["processingStatus"] == "failed":
        raise Failed(f"The task failed: {told['failureReason']}")


async def _run(
    settings: Settings, workflow: str, task: str, person: str, *, preview: bool, wait: float
) -> dict[str, Any]:
    async with opened(settings) as server:
        running = remote.running_server(server, roles=_ROLES)
        if running is None:
            raise Failed("No server runs on this data: start one with 'ostiary serve'.")
        workflow_id = await _found(running, _ROOT, workflow, "workflow")
        tasks = f"{_ROOT}/{workflow_id}/tasks"
        task_id = await _found(running, tasks, task, "task")
        subject = await running.get(f"/v1.0/users/{quote(person, safe='')}?$select=id")
        body = {"subject": {"id": subject["id"]}, "preview": preview}
        told = await running.post(f"{tasks}/{task_id}/ostiary.runForSubject", body)
        result = told["taskProcessingResultId"]
        path = f"{tasks}/{task_id}/taskProcessingResults/{result}/ostiary.conversation()"
        until = monotonic() + timedelta(seconds=wait).total_seconds()
        while told["processingStatus"] in _OPEN and monotonic() < until:
            await asyncio.sleep(_LOOK_AGAIN)
            told = await running.get(path)
    return {name: value for name, value in told.items() if "@" not in name}


async def _found(running: RunningServer, path: str, name: str, noun: str) -> str:
    """Give the id of what has this id or display name."""
    text = name.replace("'", "''")
    test = quote(f"id eq '{text}' or displayName eq '{text}'")
    found = (await running.get(f"{path}?$filter={test}"))["value"]
    if not found:
        raise Failed(f"There is no {noun} with the id or display name {name!r}.")
    return str(found[0]["id"])


def _show(told: dict[str, Any]) -> None:
    pairs = {
        "Status": told["processingStatus"],
        "Reason": told["failureReason"],
        "Info": told["processingInfo"],
        "Callout": told["calloutStatus"],
        "Result": told["taskProcessingResultId"],
        "Run": told["runId"],
    }
    print_pairs({name: value for name, value in pairs.items() if value is not None})
    for name in ("payload", "answer"):
        if told[name] is not None:
            print(f"\n{name.title()}")
            print_json(told[name])
    if told["processingStatus"] in _OPEN:
        note("The task has not ended; 'ostiary callouts list --open' shows what is waited for.")
