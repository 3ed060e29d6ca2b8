"""How callouts look: a row of a list, a JSON document, a page for a person."""

from __future__ import annotations

from typing import Any

from msgspec.structs import asdict

from ostiary.cli.callout_queries import Found
from ostiary.cli.output import Row, print_pairs, print_rows
from ostiary.extensions.ledger import Entry
from ostiary.graph.values import write_duration, write_instant, write_instant_or_none

_OF = {
    "assignmentRequest": "request",
    "assignment": "assignment",
    "taskProcessingResult": "task result",
}

_LEDGER = {
    "at": "AT",
    "direction": "DIRECTION",
    "result": "RESULT",
    "label": "WHY",
    "status": "HTTP",
    "durationMs": "MS",
    "who": "URL OR CALLER",
}


def row(found: Found) -> dict[str, Any]:
    """Give the facts of a list, as JSON values."""
    callout = found.callout
    return {
        "id": callout.id,
        "status": callout.status.value,
        "outcome": callout.outcome.value if callout.outcome else None,
        "stage": callout.stage,
        "extensionId": callout.extension_id,
        "extension": found.extension_name or callout.extension_id,
        "ownerKind": callout.owner_kind,
        "ownerId": callout.owner_id,
        "created": write_instant(callout.created_at),
        "deadline": write_instant_or_none(callout.deadline),
    }


def details(found: Found) -> dict[str, Any]:
    """Give everything that is known, as JSON values."""
    callout = found.callout
    return {
        **row(found),
        "waits": callout.waits,
        "timeout": write_duration(callout.timeout) if callout.timeout else None,
        "sent": write_instant_or_none(callout.sent_at),
        "answered": write_instant_or_none(callout.answered_at),
        "attempts": callout.attempts,
        "detail": callout.detail,
        "source": callout.source,
        "externalCorrelationId": callout.external_correlation_id,
        "answer": dict(callout.answer) if callout.answer else None,
        "ledger": [_entry(entry) for entry in found.entries],
        "failedWork": [
            {
                "id": letter.id,
                "kind": letter.kind,
                "attempts": letter.attempts,
                "lastError": letter.last_error,
                "deadSince": write_instant(letter.dead_at),
            }
            for letter in found.dead
        ],
    }


def show_one(found: Found) -> None:
    """Print one callout for a person: what it is, how it stands, and its ledger."""
    told = details(found)
    owner = _OF.get(found.callout.owner_kind, found.callout.owner_kind)
    pairs = {
        "Callout": told["id"],
        "Of": f"{owner} {told['ownerId']}",
        "Extension": f"{told['extension']} ({told['extensionId']})",
        "Stage": told["stage"],
        "Status": told["status"],
        "Outcome": told["outcome"] or "none yet",
        "Detail": told["detail"],
        "Source": told["source"],
        "Created": told["created"],
        "Sent": told["sent"],
        "Deadline": told["deadline"] if told["waits"] else "waits for no answer",
        "Answered": told["answered"],
        "Failed work": [letter["lastError"] for letter in told["failedWork"]] or None,
    }
    print_pairs({name: value for name, value in pairs.items() if value is not None})
    print()
    print_rows(told["ledger"], _LEDGER, empty="Nothing was sent, and nobody answered.")


def _entry(entry: Entry) -> Row:
    told = asdict(entry)
    return {
        "at": write_instant(entry.at),
        "direction": {"out": "call", "in": "answer"}[entry.direction],
        "result": entry.result,
        "label": entry.label,
        "status": entry.status,
        "durationMs": entry.duration_ms,
        "who": entry.url or entry.caller,
        **{
            name: told[key]
            for name, key in {
                "calloutId": "callout_id",
                "url": "url",
                "nonce": "nonce",
                "fingerprint": "fingerprint",
                "caller": "caller",
                "callerApp": "caller_app",
            }.items()
        },
    }
