"""``ostiary callouts``: what was called, who is waited for, how it ended; and sending again."""

from __future__ import annotations

from typing import Annotated, Final

from cyclopts import App, Parameter

from ostiary.cli import callout_health, neighbours
from ostiary.cli import callout_queries as queries
from ostiary.cli.callout_queries import Filters, Found
from ostiary.cli.callout_views import details, row, show_one
from ostiary.cli.opening import opened, run
from ostiary.cli.options import HERE, Limit, Place
from ostiary.cli.output import note, print_json, print_rows
from ostiary.cli.problems import Failed, Misused, nearest
from ostiary.durable import deadletters
from ostiary.extensions import service, store
from ostiary.extensions.callouts import Callout, CalloutStatus
from ostiary.graph.values import read_enum
from ostiary.settings import Settings

app = App(name="callouts")
app.command(callout_health.health, help_epilogue=callout_health.EXAMPLES)

_ANEW: Final = {
    "assignmentRequest": (
        "If its request {0} is deliveryFailed, reprocess that, which calls out under a new id; if "
        "it was denied or canceled, ask again; if it was delivered, nothing is left to call for: "
        "ostiary why {0} tells how it stands."
    ),
    "assignment": "The next reminder of the assignment {0} calls out under a new id.",
    "taskProcessingResult": (
        "If the task {0} failed, repeat it (activateWithScope), which calls out under a new id."
    ),
}
"""How what ended begins anew, by the kind of the owner."""

_LIST_EXAMPLES = """
Examples:

  ostiary callouts list --open
      what is to be sent, and what waits for an answer
  ostiary callouts list --status callbackTimedOut --status calloutFailed
  ostiary callouts list --owner 0e60f18c-b2a0-4887-9da8-da2e30a39d99
      those of one request, or of one task of one person
  ostiary callouts list --extension sod-check --json
"""
_REPLAY_EXAMPLES = """
Examples:

  ostiary callouts replay 957d0c50-466b-4840-bb5b-c92cea7141ff
  ostiary callouts list --open | cut -f1 | xargs ostiary callouts replay
"""


@app.command(name="list", help_epilogue=_LIST_EXAMPLES)
def list_(
    *,
    status: Annotated[
        tuple[str, ...],
        Parameter(
            negative_iterable="", show_default=False, help="Only with this status; repeatable."
        ),
    ] = (),
    owner: Annotated[
        str | None, Parameter(help="Only of this request, assignment or task result, by id.")
    ] = None,
    extension: Annotated[
        str | None, Parameter(help="Only to this extension, by id or display name.")
    ] = None,
    is_open: Annotated[
        bool | None,
        Parameter(name="--open", negative="--ended", help="Only without, or only with an outcome."),
    ] = None,
    limit: Limit = 50,
    place: Place = HERE,
) -> None:
    """List callouts, the newest first."""
    filters = Filters(
        statuses=tuple(map(_status, status)),
        owner=owner.lower() if owner else None,
        extension=extension,
        is_open=is_open,
        limit=limit,
    )
    rows = [row(found) for found in run(_list(place.settings(), filters))]
    if place.as_json:
        print_json(rows)
        return
    columns = {
        "id": "CALLOUT",
        "status": "STATUS",
        "outcome": "OUTCOME",
        "stage": "STAGE",
        "extension": "EXTENSION",
        "ownerId": "OF",
        "created": "CREATED",
        "deadline": "DEADLINE",
    }
    print_rows(rows, columns, empty="No callout fits.")


@app.command(help_epilogue="Example:\n\n  ostiary callouts show ID --json")
def show(
    callout: Annotated[str, Parameter(help="Its id: the customExtensionStageInstanceId.")],
    /,
    *,
    place: Place = HERE,
) -> None:
    """Show one callout and its ledger: every call, every answer, refused ones included."""
    found = run(_show(place.settings(), callout.lower()))
    if found is None:
        raise Failed(f"There is no callout {callout!r}; ostiary callouts list shows what there is.")
    print_json(details(found)) if place.as_json else show_one(found)


@app.command(help_epilogue=_REPLAY_EXAMPLES)
def replay(
    callouts: Annotated[
        tuple[str, ...],
        Parameter(help="Ids of callouts.", negative_iterable="", show_default=False),
    ],
    /,
    *,
    place: Place = HERE,
) -> None:
    """Send callouts once more, under the same ids: the endpoint may have lost them.

    Only open ones can be: an outcome is final. Work about them that has failed for good is put back
    on the queue.
    """
    if not callouts:
        raise Misused("Name at least one callout; ostiary callouts list --open shows them.")
    ids = tuple(dict.fromkeys(one.lower() for one in callouts))
    put_back, is_served = run(_replay(place.settings(), ids))
    if place.as_json:
        print_json({"replayed": list(ids), "workPutBack": put_back})
        return
    who = "The running worker sends" if is_served else "The next server or worker sends"
    note(f"{who} {len(ids)} callout{'s' if len(ids) > 1 else ''} again.")


async def _list(settings: Settings, filters: Filters) -> list[Found]:
    async with opened(settings) as server, server.database.reading() as conn:
        return await queries.listed(conn, filters)


async def _show(settings: Settings, callout_id: str) -> Found | None:
    async with opened(settings) as server, server.database.reading() as conn:
        return await queries.one(conn, callout_id)


async def _replay(settings: Settings, ids: tuple[str, ...]) -> tuple[int, bool]:
    """Put back what died, and order the rest to be sent: all of them, or none."""
    async with opened(settings) as server:
        now = server.clock.now()
        async with server.database.transaction() as conn:
            found = await store.read(conn, ids)
            for id_ in ids:
                _check_open(id_, found.get(id_))
            dead = await queries.dead(conn, ids)
            revived = await deadletters.replay(conn, [letter.id for letter in dead], now=now)
            rest = [id_ for id_ in ids if id_ not in {letter.key for letter in dead}]
            await service.replay(conn, rest, now=now)
        return revived, neighbours.server_on(settings.data_dir) is not None


def _check_open(id_: str, callout: Callout | None) -> None:
    if callout is None:
        raise Failed(f"There is no callout {id_!r}; ostiary callouts list shows what there is.")
    if not callout.is_open:
        raise Failed(
            f"The callout {id_} has ended ({callout.status}, outcome {callout.outcome}), and an "
            f"outcome is final. {_ANEW[callout.owner_kind].format(callout.owner_id)}"
        )


def _status(text: str) -> CalloutStatus:
    try:
        return CalloutStatus(read_enum(CalloutStatus, text))
    except ValueError as error:
        known = [member.value for member in CalloutStatus]
        raise Misused(f"--status {text!r} {error}.{nearest(text, known)}") from None
