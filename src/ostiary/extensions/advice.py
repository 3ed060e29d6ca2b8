"""What is wrong with one extension and what to do about it, in sentences for a person.

Nothing here reads a clock or a database.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from ostiary.extensions.circuits import Circuit, Terms
from ostiary.extensions.conditions import Condition, Load, Standing, standing
from ostiary.extensions.endpoints import unresolved
from ostiary.extensions.rates import Rate
from ostiary.graph.values import write_duration, write_instant

SLOW: Final = timedelta(minutes=1)
"""How long something may be due before there is something to say about it."""

_TO_DO: Final = {
    "connect_failure": "nothing listens there, or something on the way refuses or cuts connections",
    "dns_failure": "its name is not known: correct the URL of the extension, or the DNS",
    "timeout": (
        "it does not reply in time: let it reply first and work afterwards, or raise the "
        "extension's timeoutInMilliseconds"
    ),
    "tls_failure": (
        "its certificate is not believed: renew it, or name its authority in "
        "OSTIARY_TRUSTED_CERTIFICATES"
    ),
    "protocol_failure": "what listens there does not speak HTTP: correct the URL of the extension",
    "http_5xx": "it fails by itself: its own log says why",
}


def advice(
    condition: Condition, now: datetime, terms: Terms, rate: Rate | None = None
) -> list[str]:
    """Say in sentences what is wrong and what to do about it; nothing where all is well.

    ``rate`` is how often a node begins calls to an extension; None: there is no limit.
    """
    told = (
        _of_extension(condition),
        _of_endpoint(condition, now, terms),
        _of_queue(condition, now, terms, rate),
        _of_dead(condition),
    )
    return [text for text in told if text]


def _of_extension(condition: Condition) -> str | None:
    if condition.extension is None:
        return "The extension was deleted: what is still to be sent to it fails."
    return unresolved(condition.extension.endpoint) if condition.url is None else None


def _of_endpoint(condition: Condition, now: datetime, terms: Terms) -> str | None:
    worst = condition.worst(now, terms)
    if worst is None:
        return None
    circuit, node = worst.circuit, worst.node
    until = circuit.until(now, terms)
    then = write_instant(until.replace(microsecond=0)) if until is not None else None
    wait = f"None waits for more than {write_duration(terms.patience)}; then it is sent anyway."
    match standing(worst, now, terms):
        case Standing.OPEN:
            return f"{node} sends nothing until {then}, {_because(circuit)}. {wait}"
        case Standing.HALF_OPEN:
            return f"{node} tries it with one callout at a time, {_because(circuit)}. {wait}"
        case _:
            return (
                f"The endpoint asked {node} for a pause until {then} ({circuit.label}). If it "
                "does so often, send it fewer callouts: OSTIARY_CALLOUT_RATE_PER_EXTENSION a "
                f"second, or OSTIARY_CALLOUT_CONCURRENCY_PER_EXTENSION at once. {wait}"
            )


def _because(circuit: Circuit) -> str:
    label = circuit.label or ""
    what = _TO_DO.get(label, "look at its log")
    return f"after {circuit.failures} failures in a row, the last of them {label}: {what}"


def _of_queue(condition: Condition, now: datetime, terms: Terms, rate: Rate | None) -> str | None:
    """Say what is wrong where callouts wait for longer than they should."""
    is_held_back = condition.standing(now, terms) is not Standing.CLOSED
    overdue = condition.overdue(now)
    if overdue is None:
        return None
    if rate is not None and not is_held_back and overdue >= rate.filling:
        return _of_rate(condition.load, rate)
    if overdue < SLOW + (terms.patience if is_held_back else timedelta()):
        return None
    if not condition.load.sending:
        return (
            "Nobody sends what is due. Does a worker run (ostiary serve, ostiary worker)? Its log "
            "says what keeps it."
        )
    if is_held_back:
        return None
    return (
        "More is due than goes out. If the endpoint can bear more, raise "
        "OSTIARY_CALLOUT_CONCURRENCY_PER_EXTENSION, or run another worker."
    )


def _of_rate(load: Load, rate: Rate) -> str:
    needed = timedelta(seconds=-(-load.to_send * rate.interval // timedelta(seconds=1)))
    return (
        f"A node begins at most {rate.calls:g} calls to it a second "
        f"(OSTIARY_CALLOUT_RATE_PER_EXTENSION), and {load.to_send} are to be sent: one node needs "
        f"{write_duration(needed)}. If the endpoint can bear more, raise that, or run another "
        "worker. If none goes out at all, no worker runs."
    )


def _of_dead(condition: Condition) -> str | None:
    if not condition.load.dead:
        return None
    return (
        "The server itself failed with some for good: ostiary work dead says why, and ostiary work "
        "retry does them again when that is mended."
    )
