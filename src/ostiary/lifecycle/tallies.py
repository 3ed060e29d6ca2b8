"""How many results stand in each state, and the one check of a move that all levels share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from operator import add, attrgetter, sub

from ostiary.graph.errors import DomainError
from ostiary.lifecycle.model.enums import LifecycleWorkflowProcessingStatus as Status

__all__ = ["ENDED", "STATES", "Allowed", "IllegalMove", "Status", "Tally", "check_move"]

Allowed = Mapping[Status, frozenset[Status]]

ENDED = frozenset({Status.COMPLETED, Status.COMPLETED_WITH_ERRORS, Status.FAILED, Status.CANCELED})
"""What ended stays as it is."""


class IllegalMove(DomainError):
    """A defect: something was to move from a state that does not allow it."""

    code = "illegalMove"
    message = "The result is no longer in a state that allows this."


def check_move(id: str, before: Status, after: Status, allowed: Allowed) -> None:
    """Let a move pass that its table allows.

    :raises IllegalMove: it does not.
    """
    if after not in allowed.get(before, frozenset()):
        raise IllegalMove(result=id, state=before, asked=after)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many tasks of a person, or people of a task or a run, stand in each state."""

    queued: int = 0
    in_progress: int = 0
    completed: int = 0
    completed_with_errors: int = 0
    failed: int = 0
    canceled: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return sum(_numbers(self))

    @property
    def open(self) -> int:
        """Those that have not ended."""
        return self.queued + self.in_progress

    @property
    def unprocessed(self) -> int:
        """Those without a result of their own: waiting, under way or canceled."""
        return self.queued + self.in_progress + self.canceled

    @property
    def judged(self) -> int:
        """Those that ended by themselves: the set U of the aggregation rule."""
        return self.completed + self.completed_with_errors + self.failed

    def moved(self, before: Status, after: Status) -> Tally:
        """Give the tally after one of them moved."""
        if before is after:
            return self
        left, entered = before.name.lower(), after.name.lower()
        numbers = {left: getattr(self, left) - 1, entered: getattr(self, entered) + 1}
        return replace(self, **numbers)

    def halted(self) -> Tally:
        """Give the tally after everything open was canceled."""
        return replace(self, queued=0, in_progress=0, canceled=self.canceled + self.open)

    @classmethod
    def of(cls, status: Status, number: int = 1) -> Tally:
        """Count ``number`` in one state."""
        return cls(**{status.name.lower(): number})

    def __add__(self, other: Tally) -> Tally:
        return _of_numbers(map(add, _numbers(self), _numbers(other)))

    def __sub__(self, other: Tally) -> Tally:
        return _of_numbers(map(sub, _numbers(self), _numbers(other)))


STATES = tuple(field.name for field in fields(Tally))
"""The names of the states that a tally tells apart."""

_numbers = attrgetter(*STATES)


def _of_numbers(numbers: Iterable[int]) -> Tally:
    return Tally(**dict(zip(STATES, numbers, strict=True)))
