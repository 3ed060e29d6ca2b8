"""Execution limits: which may be set, and when a run exceeds them."""

from __future__ import annotations

from dataclasses import dataclass

from ostiary.graph.errors import InvalidModel
from ostiary.lifecycle.conditions import check_known
from ostiary.lifecycle.model.definitions import (
    CountBasedQuarantineCondition,
    PercentageBasedQuarantineCondition,
    QuarantineCondition,
    QuarantineConfiguration,
)
from ostiary.lifecycle.model.enums import MatchMode, QuarantineType

PERCENT = range(1, 101)


@dataclass(frozen=True, slots=True)
class Held:
    """A run exceeds a limit: what kind of limit, and why in words."""

    type: QuarantineType
    reason: str


def check_limit(limit: QuarantineConfiguration | None, *, path: str) -> None:
    """Check an execution limit that somebody wants to set; None sets none.

    :raises InvalidModel: it has no conditions, or one that could never make sense.
    """
    if limit is None:
        return
    check_known(limit.match_mode, f"{path}/matchMode")
    if not limit.conditions:
        raise InvalidModel(
            f"The property '{path}/conditions' must hold at least one condition; set '{path}' to "
            "null for no limit.",
            target=f"{path}/conditions",
        )
    for index, condition in enumerate(limit.conditions):
        _check_condition(condition, f"{path}/conditions/{index}")


def exceeded(limit: QuarantineConfiguration | None, *, people: int, population: int) -> Held | None:
    """Say whether a run of so many people exceeds a limit, and how.

    ``population`` is what percentages are of: the enabled people of the tenant.
    """
    if limit is None:
        return None
    broken = [c for c in limit.conditions if _is_exceeded(c, people, population)]
    needed = len(limit.conditions) if limit.match_mode is MatchMode.ALL else 1
    if len(broken) < needed:
        return None
    told = " and ".join(_told(condition, population) for condition in broken)
    return Held(_type(broken), f"The run would process {people} people; the limit is {told}.")


def _check_condition(condition: QuarantineCondition, path: str) -> None:
    match condition:
        case CountBasedQuarantineCondition(threshold=threshold):
            if threshold < 1:
                raise InvalidModel(
                    f"The property '{path}/threshold' must be at least 1.",
                    target=f"{path}/threshold",
                )
        case PercentageBasedQuarantineCondition(percentage=percentage):
            if percentage not in PERCENT:
                raise InvalidModel(
                    f"The property '{path}/percentage' must lie between 1 and 100.",
                    target=f"{path}/percentage",
                )


def _is_exceeded(condition: QuarantineCondition, people: int, population: int) -> bool:
    match condition:
        case CountBasedQuarantineCondition(threshold=threshold):
            return people > threshold
        case PercentageBasedQuarantineCondition(percentage=percentage):
            return people * 100 > percentage * population
        case _:
            return False


def _told(condition: QuarantineCondition, population: int) -> str:
    if isinstance(condition, CountBasedQuarantineCondition):
        return f"{condition.threshold} people"
    assert isinstance(condition, PercentageBasedQuarantineCondition)
    return f"{condition.percentage} % of {population} enabled people"


def _type(broken: list[QuarantineCondition]) -> QuarantineType:
    if len(broken) > 1:
        return QuarantineType.MULTIPLE_CONDITIONS_EXCEEDED
    if isinstance(broken[0], CountBasedQuarantineCondition):
        return QuarantineType.COUNT_BASED_THRESHOLD_EXCEEDED
    return QuarantineType.PERCENTAGE_BASED_THRESHOLD_EXCEEDED
