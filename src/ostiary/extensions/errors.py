"""Refusals of an answer to a callout (entitlement management 5.2), each its own class."""

from __future__ import annotations

from ostiary.graph.errors import BadRequest, Conflict


class NotWaiting(BadRequest):
    """Nothing awaits an answer."""

    code = "RequestNotWaitingForCallback"
    message = "Nothing waits for an answer here: the callout does not await one, or none was made."


class UnknownInstance(BadRequest):
    """The instance does not exist, or belongs to something else."""

    code = "InvalidCustomExtensionStageInstance"
    message = "There is no such callout instance here."


class WrongStage(BadRequest):
    """The answer names another stage than the callout was made for."""

    code = "CustomExtensionStageMismatch"
    message = "The answer is for another stage than the callout."


class InstanceClosed(BadRequest):
    """The callout has ended without this answer."""

    code = "CustomExtensionStageInstanceClosed"
    message = "The callout instance is closed."


class TooLate(InstanceClosed):
    """The deadline has passed."""

    message = "The answer came after the deadline."


class Contradicting(BadRequest):
    """Another answer was stored before this one."""

    code = "CustomExtensionStageInstanceAnswered"
    message = "The callout instance has been answered differently before."


class NotReplayable(Conflict):
    """A callout that has ended is never sent again."""

    code = "CustomExtensionStageInstanceClosed"
    message = "The callout has ended and cannot be sent again."
