"""``ostiary mails``: what was written to whom, what became of it, and sending it again."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import App, Parameter

from ostiary.cli import neighbours
from ostiary.cli.opening import opened, run
from ostiary.cli.options import HERE, Limit, Place
from ostiary.cli.output import note, plain, print_json, print_pairs, print_rows
from ostiary.cli.problems import Failed, Misused, nearest
from ostiary.mail import service, store
from ostiary.mail.mails import Mail, MailState, read_state
from ostiary.mail.store import Filters
from ostiary.mail.views import details, row
from ostiary.settings import Settings

app = App(name="mails")

_LIST_EXAMPLES = """
Examples:

  ostiary mails list --state recorded
      what would have been sent, had there been a mail server
  ostiary mails list --to megan@contoso.example --limit 5
  ostiary mails list --about 9cbd1b44-71d2-4bba-92d1-0dfefd60a4ed --json
      those of one request or one assignment
"""
_RESEND_EXAMPLES = """
Examples:

  ostiary mails resend b38824de-49e9-4d59-82aa-098fec1a8662
  ostiary mails list --state failed | cut -f1 | xargs ostiary mails resend
"""


@app.command(name="list", help_epilogue=_LIST_EXAMPLES)
def list_(
    *,
    state: Annotated[
        tuple[str, ...],
        Parameter(negative_iterable="", show_default=False, help="Only in this state; repeatable."),
    ] = (),
    to: Annotated[str | None, Parameter(help="Only to this address, or person by id.")] = None,
    template: Annotated[str | None, Parameter(help="Only of this template.")] = None,
    about: Annotated[
        str | None, Parameter(help="Only about this request or assignment, by id.")
    ] = None,
    limit: Limit = 50,
    place: Place = HERE,
) -> None:
    """List mails, the newest first."""
    filters = Filters(
        states=tuple(map(_state, state)), to=to, template=template, about=about, limit=limit
    )
    rows = [row(mail) for mail in run(_list(place.settings(), filters))]
    if place.as_json:
        print_json(rows)
        return
    columns = {
        "id": "MAIL",
        "state": "STATE",
        "template": "TEMPLATE",
        "to": "TO",
        "subject": "SUBJECT",
        "created": "CREATED",
        "reason": "REASON",
    }
    print_rows(rows, columns, empty="No mail fits.")


@app.command(help_epilogue="Example:\n\n  ostiary mails show ID --json")
def show(
    mail: Annotated[str, Parameter(help="Its id.")],
    /,
    *,
    place: Place = HERE,
) -> None:
    """Show one mail: to whom it went, what became of it, and what it says."""
    found = run(_show(place.settings(), mail.lower()))
    if found is None:
        raise Failed(f"There is no mail {mail!r}; ostiary mails list shows what there is.")
    print_json(details(found)) if place.as_json else _show_one(details(found))


@app.command(help_epilogue=_RESEND_EXAMPLES)
def resend(
    mails: Annotated[
        tuple[str, ...],
        Parameter(help="Ids of mails.", negative_iterable="", show_default=False),
    ],
    /,
    *,
    place: Place = HERE,
) -> None:
    """Send mails once more, to the addresses that their recipients have now.

    What was only recorded leaves the machine if a mail server is set meanwhile. If one of them
    cannot be sent, none is.
    """
    if not mails:
        raise Misused("Name at least one mail; ostiary mails list shows them.")
    ids = tuple(dict.fromkeys(one.lower() for one in mails))
    is_served = run(_resend(place.settings(), ids))
    if place.as_json:
        print_json({"resent": list(ids)})
        return
    who = "The running worker sends" if is_served else "The next server or worker sends"
    note(f"{who} {len(ids)} mail{'s' if len(ids) > 1 else ''} again.")


async def _list(settings: Settings, filters: Filters) -> list[Mail]:
    async with opened(settings) as server, server.database.reading() as conn:
        return await store.listed(conn, filters)


async def _show(settings: Settings, key: str) -> Mail | None:
    async with opened(settings) as server, server.database.reading() as conn:
        return (await store.read(conn, [key])).get(key)


async def _resend(settings: Settings, ids: tuple[str, ...]) -> bool:
    async with opened(settings) as server:
        async with server.database.transaction() as conn:
            await service.resend(conn, ids, now=server.clock.now())
        return neighbours.server_on(settings.data_dir) is not None


def _show_one(told: dict[str, Any]) -> None:
    pairs = {
        "Mail": told["id"],
        "State": told["state"],
        "Reason": told["reason"],
        "Template": told["template"],
        "To": told["to"] or "no address",
        "Cc": told["cc"] or None,
        "Recipient": told["recipientName"],
        "Language": told["language"],
        "About": told["about"],
        "Created": told["created"],
        "Ended": told["ended"],
        "Attempts": told["attempts"],
        "Subject": told["subject"] or "not written yet",
    }
    print_pairs({name: value for name, value in pairs.items() if value is not None})
    print()
    print(plain((told["text"] or "").rstrip(), keep="\n"))


def _state(text: str) -> MailState:
    try:
        return read_state(text)
    except ValueError as error:
        known = [state.value for state in MailState]
        raise Misused(f"--state {text!r} {error}.{nearest(text, known)}") from None
