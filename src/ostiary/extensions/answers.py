"""What an answer to a callout does: which callout it means, and whether it counts.

The callers of ``decide`` hold the callout's row. The same answer twice is accepted twice; the first
of two different ones counts, and the other is told so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from ostiary.audit.events import Actor
from ostiary.extensions.callouts import Callout, Outcome, answered
from ostiary.extensions.errors import (
    Contradicting,
    InstanceClosed,
    NotWaiting,
    TooLate,
    UnknownInstance,
    WrongStage,
)
from ostiary.graph.errors import DomainError, InvalidModel

Verdict = Literal["continue", "deny", "cancel", "completed", "failed"]

OUTCOMES: dict[Verdict, Outcome] = {
    "continue": Outcome.RESUMED,
    "completed": Outcome.RESUMED,
    "deny": Outcome.DENIED,
    "cancel": Outcome.CANCELED,
    "failed": Outcome.FAILED,
}

INSTANCE_ID = "data/customExtensionStageInstanceId"

TEXT_LIMIT = 4_000
"""How long the free texts of an answer may be."""

_TEXTS = {
    "detail": "data/customExtensionStageInstanceDetail",
    "source": "source",
    "type": "type",
}
"""The free texts, and what they are called on the wire."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What somebody says about a callout of one owner.

    ``callout_id`` and ``stage`` may be missing: then the one callout that waits is meant.
    ``data`` is what else the answer decides, for the owner: plain JSON values.
    """

    owner_kind: str
    owner_id: str
    callout_id: str | None = None
    stage: str | None = None
    verdict: Verdict
    detail: str | None = None
    source: str | None = None
    type: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    caller: Actor
    received_at: datetime

    def kept(self) -> dict[str, Any]:
        """Give the part that is stored with the callout, as JSON."""
        return {
            "verdict": self.verdict,
            "detail": self.detail,
            "source": self.source,
            "type": self.type,
            "data": dict(self.data),
            "caller": {"kind": self.caller.kind, "id": self.caller.id},
        }


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer counts: the callout as it is now."""

    callout: Callout


@dataclass(frozen=True, slots=True)
class Repeated:
    """The same answer was stored before: nothing changes."""

    callout: Callout


@dataclass(frozen=True, slots=True)
class Refused:
    """The answer does not count, and why."""

    error: DomainError


Decision = Accepted | Repeated | Refused


def decide(callouts: Sequence[Callout], answer: Answer, *, now: datetime) -> Decision:
    """Say whether an answer counts, given all callouts of its owner."""
    found = _select(callouts, answer)
    if isinstance(found, DomainError):
        return Refused(found)
    if answer.stage is not None and answer.stage.lower() != found.stage.lower():
        return Refused(_wrong_stage(found))
    if not found.waits:
        return Refused(NotWaiting(callout=found.id))
    if not found.is_open:
        return _decide_closed(found, answer)
    if found.is_late(now):
        return Refused(_too_late(found))
    if long := next((t for n, t in _TEXTS.items() if _is_too_long(getattr(answer, n))), None):
        return Refused(_too_long(found, long))
    outcome = OUTCOMES[answer.verdict]
    return Accepted(answered(found, outcome=outcome, answer=answer.kept(), now=now))


def _select(callouts: Sequence[Callout], answer: Answer) -> Callout | DomainError:
    """Find the callout that is meant.

    Without an instance id it is the one that waits, or else the latest, so that a repeat is known.
    """
    if answer.callout_id is not None:
        wanted = _guid(answer.callout_id)
        return next((c for c in callouts if c.id == wanted), None) or _unknown()
    waiting = [c for c in callouts if c.awaits]
    if len(waiting) > 1:
        return _ambiguous(len(waiting))
    if waiting:
        return waiting[0]
    return (
        max(callouts, key=lambda c: (c.waits, c.created_at, c.sequence), default=None)
        or NotWaiting()
    )


def _decide_closed(callout: Callout, answer: Answer) -> Decision:
    if callout.answer is not None:
        if _decides(callout.answer) == _decides(answer.kept()):
            return Repeated(callout)
        return Refused(_contradicting(callout, answer))
    if callout.outcome is Outcome.TIMED_OUT:
        return Refused(_too_late(callout))
    how = "was canceled" if callout.outcome is Outcome.CANCELED else "could not be delivered"
    return Refused(InstanceClosed(f"The callout instance {callout.id} {how}.", callout=callout.id))


def _decides(kept: Mapping[str, Any]) -> tuple[Any, ...]:
    """Give what makes two answers the same; ``source`` and ``type`` decide nothing."""
    return tuple(kept.get(name) for name in ("verdict", "detail", "data", "caller"))


def _guid(text: str) -> str | None:
    try:
        return str(UUID(text.strip()))
    except ValueError:
        return None


def _unknown() -> DomainError:
    return UnknownInstance(
        "No callout instance with the id that the answer names belongs to this object: send the "
        "id that the callout carried.",
        target=INSTANCE_ID,
    )


def _ambiguous(number: int) -> DomainError:
    return UnknownInstance(
        f"{number} callout instances wait for an answer here: '{INSTANCE_ID}' must name one.",
        target=INSTANCE_ID,
    )


def _is_too_long(text: str | None) -> bool:
    return len(text or "") > TEXT_LIMIT


def _too_long(callout: Callout, name: str) -> DomainError:
    text = f"The property '{name}' may have at most {TEXT_LIMIT} characters."
    return InvalidModel(text, target=name, callout=callout.id)


def _wrong_stage(callout: Callout) -> DomainError:
    return WrongStage(
        f"The callout instance {callout.id} belongs to the stage '{callout.stage}'.",
        target="data/stage",
        callout=callout.id,
    )


def _too_late(callout: Callout) -> DomainError:
    deadline = f" at {callout.deadline:%Y-%m-%dT%H:%M:%SZ}" if callout.deadline else ""
    return TooLate(
        f"The callout instance {callout.id} timed out{deadline}; the answer is not applied.",
        callout=callout.id,
    )


def _contradicting(callout: Callout, answer: Answer) -> DomainError:
    first = callout.answer or {}
    same_word = first.get("verdict") == answer.kept().get("verdict")
    other = " by another caller, or in other words" if same_word else ""
    return Contradicting(
        f"The callout instance {callout.id} has already been answered with "
        f"'{first.get('verdict')}'{other}; the first answer stands.",
        callout=callout.id,
    )
