"""``ostiary why``: why a request or an assignment stands as it does."""

from __future__ import annotations

from typing import Annotated, Final

from cyclopts import App, Parameter

from ostiary.cli.opening import opened, run
from ostiary.cli.options import HERE, Place
from ostiary.cli.output import plain, print_json, print_pairs, print_rows
from ostiary.cli.problems import Failed
from ostiary.entitlement.model.explanations import Why, WhyPerson
from ostiary.entitlement.service.explaining import explain
from ostiary.graph.types import Version
from ostiary.graph.values import write_instant
from ostiary.graph.writing import Writer
from ostiary.server import stored_types  # noqa: F401  # what is read may name any of them
from ostiary.settings import Settings

_EXAMPLES: Final = """
Examples:

  ostiary why 0e60f18c-b2a0-4887-9da8-da2e30a39d99
      what is waited for, who could act, what refused it, and what has happened
  ostiary why 0e60f18c-b2a0-4887-9da8-da2e30a39d99 --json
"""

app = App(name="why", help_epilogue=_EXAMPLES)


@app.default
def why(
    id: Annotated[str, Parameter(help="The id of a request or of an assignment.")],
    /,
    *,
    place: Place = HERE,
) -> None:
    """Say why a request or an assignment stands as it does.

    What is waited for and until when, who could act, which rule refused what, and all steps so far.
    """
    told = run(_why(place.settings(), id.lower()))
    if told is None:
        raise Failed(f"There is no request and no assignment {id!r}.")
    if place.as_json:
        print_json(Writer(Version.V1).entity(told))
    else:
        _show(told)


async def _why(settings: Settings, key: str) -> Why | None:
    async with opened(settings) as server, server.database.reading() as conn:
        return await explain(conn, key)


def _show(told: Why) -> None:
    print_pairs({"Id": told.id, "Kind": told.kind, "State": told.state, "Status": told.status})
    print(f"\n{plain(told.text)}\n")
    waits = [
        {"what": one.text, "until": one.until, "who": ", ".join(map(_name, one.who)) or None}
        for one in told.waits_for
    ]
    columns = {"what": "WAITS FOR", "until": "UNTIL", "who": "WHO COULD ACT"}
    print_rows(waits, columns, empty="Nothing is waited for.")
    if told.refusals:
        print()
        refusals = [{"at": r.at, "rule": r.rule, "text": r.text} for r in told.refusals]
        print_rows(refusals, {"at": "AT", "rule": "REFUSED BY", "text": "WHY"}, empty="")
    print()
    steps = [{"at": write_instant(s.at), "text": s.text, "by": s.by} for s in told.steps]
    print_rows(steps, {"at": "AT", "text": "WHAT HAPPENED", "by": "BY"}, empty="Nothing yet.")


def _name(one: WhyPerson) -> str:
    return f"{one.display_name or one.id} ({one.asked_as})"
