"""What the policies of the played organisation say, before and after they are edited."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from tests.entitlement.house import GRAPH, calls, decision, user

OFFERS: Final = ("plain", "checked", "approved", "ruled")
RULES: Final = ("department", "title", "crew")
"""What an automatic policy goes by."""

_OWN: Final = {
    "enableTargetsToSelfAddAccess": True,
    "enableTargetsToSelfUpdateAccess": True,
    "enableTargetsToSelfRemoveAccess": True,
    "allowCustomAssignmentSchedule": True,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Who and what policies name."""

    boss: str
    extension: str
    crew: str
    outcasts: str


def terms(
    name: str, places: Places, by: str, *, is_edited: bool, at_once: bool = False
) -> dict[str, Any]:
    """Give what is said by the policy of an offer; the automatic one goes ``by`` something.

    ``at_once`` says how several decisions are asked for.
    """
    called = calls(("assignmentRequestCreated", places.extension))
    match name:
        case "plain":
            days = 3 if is_edited else 20
            ends = {"type": "afterDuration", "duration": f"P{days}D"}
            return {"expiration": ends, "requestorSettings": _OWN}
        case "checked":
            granted = calls(("assignmentRequestGranted", places.extension))
            return {"customExtensionStageSettings": called + (granted if is_edited else [])}
        case "approved":
            return {"requestorSettings": _OWN, **_approved(places, is_edited, at_once)}
        case _:
            return _automatic(places, by, called if is_edited else [], is_edited=is_edited)


def _approved(places: Places, is_edited: bool, at_once: bool) -> dict[str, Any]:
    """One decision or several; changes need them too, and an edited policy is for the crew alone.

    The second has half as long, and is escalated before.
    """
    boss = user(places.boss)
    sooner = {
        "durationBeforeAutomaticDenial": "P1D",
        "durationBeforeEscalation": "PT1H",
        "isEscalationEnabled": True,
        "escalationApprovers": [boss],
    }
    stages = [decision(boss), decision(boss, **sooner)][: 2 if is_edited or at_once else 1]
    approval = {
        "approvalMode": "Parallel" if at_once else "Serial",
        "isApprovalRequiredForAdd": True,
        "isApprovalRequiredForUpdate": True,
        "stages": stages,
    }
    crew = {"@odata.type": f"{GRAPH}groupMembers", "groupId": places.crew}
    some = {"allowedTargetScope": "specificDirectoryUsers", "specificAllowedTargets": [crew]}
    return {"requestApprovalSettings": approval, **(some if is_edited else {})}


def _automatic(places: Places, by: str, called: list[Any], *, is_edited: bool) -> dict[str, Any]:
    rules = {
        "department": '(user.department -eq "Sales") and (user.accountEnabled -eq true)',
        "title": 'user.jobTitle -eq "Head"',
        "crew": f"user.memberOf -any (group.objectId -in ['{places.crew}'])",
    }
    target = {"@odata.type": f"{GRAPH}attributeRuleMembers", "membershipRule": rules[by]}
    acts = {
        "requestAccessForAllowedTargets": True,
        "removeAccessWhenTargetLeavesAllowedTargets": True,
        "gracePeriodBeforeAccessRemoval": "P2D" if is_edited else None,
    }
    return {
        "allowedTargetScope": "specificDirectoryUsers",
        "specificAllowedTargets": [target],
        "automaticRequestSettings": acts,
        "requestorSettings": None,
        "customExtensionStageSettings": called,
    }
