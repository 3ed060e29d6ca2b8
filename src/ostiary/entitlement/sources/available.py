"""What somebody may ask for: as packages, and as suggestions.

Which packages that are is worked out while the call is authorised (``routes.available``) and noted
there; without such a note there are none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import ColumnElement, RowMapping, and_, false, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.model import Identity
from ostiary.entitlement.model.available import (
    AccessPackageSuggestion,
    AccessPackageSuggestionFilterByCurrentUserOptions,
    AccessPackageSuggestionReason,
    AccessPackageSuggestionRelatedPeopleBased,
    AccessPackageSuggestionSelfAssignmentHistoryBased,
    AvailableAccessPackage,
)
from ostiary.entitlement.model.settings import (
    AccessPackageSuggestionRelatedPeopleInsightLevel as InsightLevel,
)
from ostiary.entitlement.sources import resources
from ostiary.entitlement.sources.declaring import columns_of, many, one
from ostiary.entitlement.store import available as store
from ostiary.entitlement.tables import (
    access_packages,
    package_role_scopes,
    resource_roles,
    resource_scopes,
)
from ostiary.graph.resources import Call, Source
from ostiary.identity.principals import principal
from ostiary.storage.batches import among

Reasons = AccessPackageSuggestionFilterByCurrentUserOptions

PACKAGES: Final = "available packages"
"""The note of what the caller may ask for: ids of packages; None: everything that is shown."""
REASONS: Final = "reasons of suggestions"
"""The note of why packages are to be suggested."""
INSIGHT: Final = "insight into colleagues"
"""The note of what may be told of those who have a package (``relatedPeopleInsightLevel``)."""

_NAMED: Final = 10
"""How many colleagues a suggestion names."""

_columns = access_packages.c


def may_ask_for(call: Call) -> ColumnElement[bool]:
    """Test for the packages that the caller may ask for."""
    found = call.notes.get(PACKAGES, ())
    if found is None:
        return and_(store.OPEN, _columns.is_hidden.is_(False))
    return among(_columns.id, found) if found else false()


def _load(row: RowMapping) -> AvailableAccessPackage:
    return AvailableAccessPackage(
        id=row["id"], display_name=row["display_name"], description=row["description"]
    )


_SECRETIVE: Final = select(_columns.id).where(_columns.is_role_scopes_visible.is_(False))

_ROLE_SCOPES: Final[Source] = replace(
    resources.ROLE_SCOPES,
    where=package_role_scopes.c.package_id.not_in(_SECRETIVE),
    links={
        "role": one(lambda: _ROLES, package_role_scopes.c.role_id, resource_roles.c.id),
        "scope": one(lambda: _SCOPES, package_role_scopes.c.scope_id, resource_scopes.c.id),
    },
)
"""What a package gives, unless ``isRoleScopesVisible`` is false."""
_ROLES: Final[Source] = replace(resources.ROLES, visible=None)
_SCOPES: Final[Source] = replace(resources.SCOPES, visible=None)

AVAILABLE: Final[Source] = Source(
    type=AvailableAccessPackage,
    table=access_packages,
    key=_columns.id,
    columns=columns_of(access_packages, "id", "display_name", "description"),
    load=_load,
    visible=may_ask_for,
    search=(_columns.display_name, _columns.description),
    links={
        "resource_role_scopes": many(
            lambda: _ROLE_SCOPES, _columns.id, package_role_scopes.c.package_id
        )
    },
)


def suggested(call: Call) -> ColumnElement[bool]:
    """Test for what is suggested to the caller: what they do not have, and may ask for."""
    person = principal(call).object_id
    tests = {
        Reasons.RELATED_PEOPLE_ASSIGNMENTS: store.held_by_related,
        Reasons.ASSIGNMENT_HISTORY: store.held_before,
    }
    because = [tests[reason](person) for reason in call.notes.get(REASONS, ())]
    return and_(may_ask_for(call), not_(store.held_now(person)), or_(false(), *because))


async def _tell_why(
    conn: AsyncConnection, call: Call, found: Sequence[AccessPackageSuggestion]
) -> None:
    person, reasons = principal(call).object_id, call.notes.get(REASONS, ())
    keys = [suggestion.id for suggestion in found]
    told: dict[str, list[AccessPackageSuggestionReason]] = {key: [] for key in keys}
    if Reasons.RELATED_PEOPLE_ASSIGNMENTS in reasons:
        names = _NAMED if call.notes.get(INSIGHT) is InsightLevel.COUNT_AND_NAMES else 0
        for key, people in (await store.related_holders(conn, person, keys)).items():
            reason = AccessPackageSuggestionRelatedPeopleBased(
                related_people=[Identity(id=id, display_name=name) for id, name in people[:names]],
                related_people_assignment_count=len(people),
            )
            told[key].append(reason)
    if Reasons.ASSIGNMENT_HISTORY in reasons:
        for key, (count, last) in (await store.history(conn, person, keys)).items():
            told[key].append(
                AccessPackageSuggestionSelfAssignmentHistoryBased(
                    last_assignment_date_time=last, past_assignment_count=count
                )
            )
    for suggestion in found:
        suggestion.reasons = told[suggestion.id]


SUGGESTIONS: Final[Source] = Source(
    type=AccessPackageSuggestion,
    table=access_packages,
    key=_columns.id,
    columns=columns_of(access_packages, "id"),
    load=lambda row: AccessPackageSuggestion(id=row["id"]),
    visible=suggested,
    enrich=_tell_why,
    links={"access_package": one(lambda: AVAILABLE, _columns.id, _columns.id)},
)
