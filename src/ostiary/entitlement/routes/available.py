"""``…/availableAccessPackages`` and ``…/accessPackageSuggestions``: what somebody may ask for.

An application that may read everything sees what is shown to anybody; people see what they may ask
for themselves. A hidden package is in no list, and is found by its id.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import true

from ostiary.entitlement.model.available import (
    AccessPackageSuggestion,
    SuggestionFilterParameters,
)
from ostiary.entitlement.model.available import (
    AccessPackageSuggestionFilterByCurrentUserOptions as Reasons,
)
from ostiary.entitlement.model.settings import (
    AccessPackageSuggestionRelatedPeopleInsightLevel as InsightLevel,
)
from ostiary.entitlement.service import Entitlement
from ostiary.entitlement.service.available import Available
from ostiary.entitlement.sources import available as sources
from ostiary.entitlement.store import settings as settings_store
from ostiary.graph.errors import InvalidModel
from ostiary.graph.resources import Authorize, Call, EntitySet, Matching, Operation
from ostiary.graph.values import read_enum
from ostiary.identity.matrix import EM_OFFERED
from ostiary.identity.permissions import requires
from ostiary.identity.principals import principal

PACKAGES: Final = "availableAccessPackages"
_EVERY_REASON: Final = f"{Reasons.RELATED_PEOPLE_ASSIGNMENTS},{Reasons.ASSIGNMENT_HISTORY}"


def available_packages(services: Entitlement) -> EntitySet:
    """Declare ``availableAccessPackages``."""
    return EntitySet(name=PACKAGES, source=sources.AVAILABLE, read=_may_look(services.available))


def suggestions(services: Entitlement) -> EntitySet:
    """Declare ``accessPackageSuggestions``; by itself it gives suggestions for every reason."""
    look = _may_look(services.available)

    async def with_every_reason(call: Call) -> None:
        await look(call)
        await note_reasons(services, call, _EVERY_REASON)

    async def mine(call: Call) -> Matching:
        """GET …/accessPackageSuggestions/filterByCurrentUser(on='…')"""
        asked = call.parameters(SuggestionFilterParameters).on
        await note_reasons(services, call, asked)
        return Matching(where=true())

    return EntitySet(
        name="accessPackageSuggestions",
        source=sources.SUGGESTIONS,
        read=with_every_reason,
        operations=(
            Operation(
                name="filterByCurrentUser",
                kind="function",
                bound="collection",
                needs=look,
                handle=mine,
                parameters=SuggestionFilterParameters,
                returns=AccessPackageSuggestion,
                many=True,
            ),
        ),
    )


async def note_reasons(services: Entitlement, call: Call, text: str) -> None:
    """Note for which reasons packages are to be suggested, and what is told of colleagues.

    :raises InvalidModel: one of them is unknown.
    """
    try:
        asked = {read_enum(Reasons, part.strip()) for part in text.split(",")}
    except ValueError as error:
        raise InvalidModel(f"The parameter 'on' {error}.", target="on") from None
    async with services.database.reading() as conn:
        level = (await settings_store.end_user(conn)).related_people_insight_level
    if level is InsightLevel.DISABLED:
        asked.discard(Reasons.RELATED_PEOPLE_ASSIGNMENTS)
    call.notes[sources.REASONS], call.notes[sources.INSIGHT] = asked, level


def _may_look(service: Available) -> Authorize:
    """Let people see what they may ask for, and note what that is."""
    check = requires(EM_OFFERED)

    async def authorize(call: Call) -> None:
        await check(call)
        caller = principal(call)
        if caller.kind == "application":
            call.notes[sources.PACKAGES] = None
            return
        key = call.keys.get(PACKAGES)
        found = await service.packages(caller.object_id, package_id=key and key.lower())
        call.notes[sources.PACKAGES] = found

    return authorize
