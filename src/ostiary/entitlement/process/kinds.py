"""The kinds of work of this package, each handled by ``work``."""

from __future__ import annotations

from typing import Final

ADVANCE: Final = "request.advance"
"""Take the next step of a request; the key is its id."""

DELIVER: Final = "request.deliver"
"""Give or withdraw the roles that a request is about; the key is its id."""

START: Final = "request.start"
"""The start date of a request has come; the key is its id."""

APPROVAL_EXPIRES: Final = "approval.expire"
"""The time to decide at a stage is up; the key is the stage's id."""

APPROVAL_ESCALATES: Final = "approval.escalate"
"""Further approvers may decide at a stage; the key is its id."""

ASSIGNMENT_EXPIRES: Final = "assignment.expire"
"""The end of an assignment has come; the key is its id."""

ASSIGNMENT_LEAVES: Final = "assignment.leave"
"""The time of grace of an automatic assignment is up; the key is its id."""

AUTOMATIC_PERSON: Final = "automatic.person"
"""See whether somebody is to get what an automatic policy gives; the key is their id."""

AUTOMATIC_SWEEP: Final = "automatic.sweep"
"""See to everybody whom an automatic policy has missed; the key is the policy's id."""

AUTOMATIC_TURN: Final = "automatic.turn"
"""By the time alone, a rule has become true or false of somebody; the key is the policy's id."""

GUEST: Final = "guest.review"
"""The assignments of a governed guest have changed; the key is the subject's id."""

CLEANUP: Final = "guest.clean"
"""The time of a blocked guest is up; the key is the subject's id."""

ASSIGNMENT_REMINDS: Final = "assignment.remind"
"""An assignment has reached a stage before its end; the key is its id."""

RESOURCE_EXPIRES: Final = "resource.expire"
"""The time for which a catalog has a resource is up; the key is the resource's id."""

REWRITE: Final = "assignment.deliver"
"""Bring the roles of an assignment in line with its package; the key is its id."""

SPREAD: Final = "package.spread"
"""The roles of a package have changed: have its assignments rewritten; the key is its id."""

WRITE_RIGHT: Final = "right.write"
"""A right in our own directory is to be tried again; the key is its id."""

FORGET: Final = "request.forget"
"""Forget requests that ended long ago; there is one item of it."""

CALL_ORIGIN: Final = "right.provision"
"""A right elsewhere is to be given or taken away; the key is its id."""
