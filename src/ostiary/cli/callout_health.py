"""``ostiary callouts health``: which endpoints hold things up, how much waits, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from ostiary.cli.opening import opened, run
from ostiary.cli.options import HERE, Place
from ostiary.cli.output import note, print_json, print_rows
from ostiary.extensions import condition_store
from ostiary.extensions.advice import advice
from ostiary.extensions.circuits import Noted, Terms
from ostiary.extensions.conditions import Condition, standing
from ostiary.extensions.rates import Rate
from ostiary.graph.values import write_duration, write_instant, write_instant_or_none
from ostiary.server.terms import rate_of, terms_of
from ostiary.settings import Settings

EXAMPLES: Final = """
Examples:

  ostiary callouts health
      which extensions have work or trouble, and what to do about it
  ostiary callouts health --json
      with what each node knows, for a monitor
"""

# What is said below the table says the rest; more columns fit on no terminal.
_COLUMNS: Final = {
    "extension": "EXTENSION",
    "kind": "KIND",
    "host": "HOST",
    "circuit": "CIRCUIT",
    "toSend": "TO SEND",
    "sending": "SENDING",
    "awaited": "AWAITED",
    "dead": "DEAD",
    "overdue": "OVERDUE",
}


def health(*, place: Place = HERE) -> None:
    """Show the extensions that have work or trouble, the worst first, and what to do about each.

    What is to be sent, what is being sent, what waits for an answer, what failed for good, and
    whether a node leaves the endpoint alone for a while: since calls failed, or since it asked.
    What waits since there are only so many calls a second is said below the table.
    """
    settings = place.settings()
    terms, rate = terms_of(settings), rate_of(settings)
    found, now = run(_found(settings, terms))
    rows = [_row(one, now, terms, rate) for one in found]
    if place.as_json:
        print_json(rows)
        return
    print_rows(rows, _COLUMNS, empty="No extension has work or trouble.")
    for one in found:
        for text in advice(one, now, terms, rate):
            note(f"{one.name}: {text}")


async def _found(settings: Settings, terms: Terms) -> tuple[Sequence[Condition], datetime]:
    template = settings.logic_app_url_template
    async with opened(settings) as server, server.database.reading() as conn:
        now = server.clock.now()
        found = await condition_store.conditions(conn, now=now, terms=terms, template=template)
    return found, now


def _row(condition: Condition, now: datetime, terms: Terms, rate: Rate | None) -> dict[str, Any]:
    """Give what is known of an extension, as JSON values."""
    load, overdue = condition.load, condition.overdue(now)
    worst = condition.worst(now, terms)
    return {
        "extensionId": condition.extension_id,
        "extension": condition.name,
        "kind": condition.kind,
        "host": condition.host,
        "circuit": condition.standing(now, terms).value,
        "until": write_instant_or_none(worst.circuit.until(now, terms)) if worst else None,
        "failures": worst.circuit.failures if worst else None,
        "lastFailure": worst.circuit.label if worst else None,
        "toSend": load.to_send,
        "sending": load.sending,
        "awaited": load.awaited,
        "dead": load.dead,
        "oldestDue": write_instant_or_none(load.oldest_due),
        "overdue": None if overdue is None else write_duration(_whole(overdue)),
        "nodes": [_node(one, now, terms) for one in condition.notes],
        "advice": advice(condition, now, terms, rate),
    }


def _node(noted: Noted, now: datetime, terms: Terms) -> dict[str, Any]:
    circuit = noted.circuit
    return {
        "node": noted.node,
        "circuit": standing(noted, now, terms).value,
        "opensUntil": write_instant_or_none(circuit.opens_until),
        "pausedUntil": write_instant_or_none(circuit.paused_until),
        "failures": circuit.failures,
        "lastFailure": circuit.label,
        "noted": write_instant(noted.at),
    }


def _whole(value: timedelta) -> timedelta:
    return timedelta(seconds=value // timedelta(seconds=1))
