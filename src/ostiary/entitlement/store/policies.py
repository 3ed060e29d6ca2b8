"""Queries about policies, and about the terms that requests were made under.

Terms never change, so what was read once is kept: a request on its way costs no reading of JSON.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from sqlalchemy import (
    RowMapping,
    Select,
    Text,
    cast,
    delete,
    exists,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.entitlement import dynamic
from ostiary.entitlement.automatic import is_automatic
from ostiary.entitlement.model.catalogs import AccessPackage, AccessPackageAssignmentPolicy
from ostiary.entitlement.model.enums import AccessPackageCustomExtensionStage, AllowedTargetScope
from ostiary.entitlement.model.extensions import CustomExtensionStageSetting
from ostiary.entitlement.stages import extension_id, settings_of
from ostiary.entitlement.store.documents import read, written
from ostiary.entitlement.tables import (
    assignment_policies,
    assignment_requests,
    assignments,
    policy_stage_settings,
    policy_terms,
)
from ostiary.graph.types import UNSET
from ostiary.storage.batches import KEYS, among
from ostiary.storage.ids import new_id

POLICIES: Final = (
    select(assignment_policies, policy_terms.c.document, policy_terms.c.asks_all_at_once)
    .join(policy_terms, policy_terms.c.id == assignment_policies.c.terms_id)
    .subquery("policies")
)
"""Policies with what they say now."""

_ids = assignment_policies.c.id
_READ: Final = select(POLICIES).where(among(POLICIES.c.id, KEYS))
_KEEP: Final = select(_ids).where(among(_ids, KEYS)).order_by(_ids).with_for_update(read=True)
_SIBLINGS: Final = (
    select(POLICIES)
    .where(
        POLICIES.c.package_id.in_(select(assignment_policies.c.package_id).where(among(_ids, KEYS)))
    )
    .order_by(POLICIES.c.id)
)
_CURRENT_TERMS: Final = select(_ids, assignment_policies.c.terms_id).where(among(_ids, KEYS))
_KEPT: Final = 5_000
_terms: dict[str, AccessPackageAssignmentPolicy] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPolicy:
    """A policy and where it stands."""

    id: str
    package_id: str
    catalog_id: str
    terms_id: str
    policy: AccessPackageAssignmentPolicy


def load(row: RowMapping) -> AccessPackageAssignmentPolicy:
    """Make a policy of a row of ``POLICIES``; its stage settings appear only when expanded."""
    says = _kept_terms(row["terms_id"], row["document"], row["asks_all_at_once"])
    return msgspec.structs.replace(
        says,
        id=row["id"],
        access_package_id=row["package_id"],
        created_date_time=row["created_at"],
        created_by=row["created_by"],
        modified_date_time=row["modified_at"],
        modified_by=row["modified_by"],
        custom_extension_stage_settings=UNSET,
    )


async def policy(conn: AsyncConnection, key: str, *, lock: bool = False) -> StoredPolicy | None:
    """Read a policy with its stage settings; ``lock`` before changing it."""
    if lock:
        same = assignment_policies.c.id == key
        await conn.execute(select(assignment_policies.c.id).where(same).with_for_update())
    return (await policies(conn, [key])).get(key)


async def is_seen(
    conn: AsyncConnection, stored: StoredPolicy, seen: Select[tuple[str]] | None
) -> bool:
    """Say whether a policy is in one of these catalogs; None: all of them."""
    if seen is None:
        return True
    return bool(await conn.scalar(select(literal(stored.catalog_id).in_(seen))))


async def keep(conn: AsyncConnection, keys: Collection[str]) -> None:
    """Keep policies from being changed or deleted before this transaction ends."""
    await conn.execute(_KEEP, {"keys": keys})


async def policies(conn: AsyncConnection, keys: Collection[str]) -> dict[str, StoredPolicy]:
    """Read policies with their stage settings; those that do not exist are missing."""
    rows = (await conn.execute(_READ, {"keys": keys})).mappings()
    return {row["id"]: _stored(row) for row in rows}


async def siblings(conn: AsyncConnection, keys: Collection[str]) -> dict[str, list[StoredPolicy]]:
    """Read all policies of the packages that these policies belong to, by package."""
    found: dict[str, list[StoredPolicy]] = defaultdict(list)
    for row in (await conn.execute(_SIBLINGS, {"keys": keys})).mappings():
        found[row["package_id"]].append(_stored(row))
    return found


async def of_package(conn: AsyncConnection, package_id: str) -> list[StoredPolicy]:
    """Read the policies of a package."""
    query = select(POLICIES).where(POLICIES.c.package_id == package_id).order_by(POLICIES.c.id)
    return [_stored(row) for row in (await conn.execute(query)).mappings()]


async def terms(
    conn: AsyncConnection, keys: Collection[str]
) -> dict[str, AccessPackageAssignmentPolicy]:
    """Give what policies said when they had these terms."""
    found = {key: _terms[key] for key in keys if key in _terms}
    unknown = set(keys) - found.keys()
    if unknown:
        columns = policy_terms.c
        query = select(columns.id, columns.document, columns.asks_all_at_once)
        for key, *said in await conn.execute(query.where(among(columns.id, unknown))):
            found[key] = _kept_terms(key, *said)
    return found


async def current_terms(conn: AsyncConnection, keys: Collection[str]) -> dict[str, str]:
    """Give the ids of the terms that policies have now."""
    rows = await conn.execute(_CURRENT_TERMS, {"keys": keys})
    return {key: terms_id for key, terms_id in rows}


async def insert_policy(conn: AsyncConnection, new: StoredPolicy) -> None:
    """Add a policy with its terms and stage settings."""
    await _insert_terms(conn, new)
    await conn.execute(insert(assignment_policies).values(_row(new)))
    await _insert_settings(conn, new)


async def save_policy(conn: AsyncConnection, changed: StoredPolicy) -> None:
    """Give a policy new terms and new stage settings."""
    await _insert_terms(conn, changed)
    same = assignment_policies.c.id == changed.id
    await conn.execute(update(assignment_policies).where(same).values(_row(changed)))
    await _delete_settings(conn, [changed.id])
    await _insert_settings(conn, changed)


async def delete_policies(conn: AsyncConnection, keys: Collection[str]) -> None:
    """Delete policies; the terms stay for the requests that were made under them."""
    await _delete_settings(conn, keys)
    await conn.execute(delete(assignment_policies).where(among(assignment_policies.c.id, keys)))


async def is_used(conn: AsyncConnection, key: str) -> bool:
    """Say whether an assignment under this policy is held, or asked for, or is to come there."""
    held = (assignments.c.policy_id == key) & assignments.c.holder_key.is_not(None)
    coming = (assignment_requests.c.policy_id == key) & assignment_requests.c.update_of.is_not(None)
    return bool(await conn.scalar(select(exists().where(held) | exists().where(coming))))


async def callers_of(
    conn: AsyncConnection,
    extension_key: str,
    *,
    stage: AccessPackageCustomExtensionStage | None = None,
) -> list[str]:
    """Name the policies that call an extension, at this stage or at any."""
    query = (
        select(assignment_policies.c.display_name)
        .join(policy_stage_settings, policy_stage_settings.c.policy_id == assignment_policies.c.id)
        .where(policy_stage_settings.c.extension_id == extension_key)
        .order_by(assignment_policies.c.display_name)
        .distinct()
    )
    if stage is not None:
        query = query.where(policy_stage_settings.c.stage == stage.value)
    return list((await conn.execute(query)).scalars())


async def stages_calling(
    conn: AsyncConnection, extension_key: str
) -> set[AccessPackageCustomExtensionStage]:
    """Say at which stages policies call an extension."""
    columns = policy_stage_settings.c
    query = select(columns.stage).where(columns.extension_id == extension_key).distinct()
    return {AccessPackageCustomExtensionStage(s) for s in (await conn.execute(query)).scalars()}


async def for_organization(conn: AsyncConnection, key: str) -> list[str]:
    """Name the policies that are for the people of a connected organisation."""
    says = cast(POLICIES.c.document, Text)
    scope = AllowedTargetScope.SPECIFIC_CONNECTED_ORGANIZATION_USERS.value
    query = (
        select(POLICIES.c.display_name)
        .where(POLICIES.c.allowed_target_scope == scope, says.contains(key, autoescape=True))
        .order_by(POLICIES.c.display_name)
    )
    return list((await conn.execute(query)).scalars())


def load_setting(row: RowMapping) -> CustomExtensionStageSetting:
    """Make a stage setting of its row."""
    return CustomExtensionStageSetting(
        id=row["id"], stage=AccessPackageCustomExtensionStage(row["stage"])
    )


def _stored(row: RowMapping) -> StoredPolicy:
    return StoredPolicy(
        id=row["id"],
        package_id=row["package_id"],
        catalog_id=row["catalog_id"],
        terms_id=row["terms_id"],
        policy=msgspec.structs.replace(
            load(row),
            custom_extension_stage_settings=settings_of(_terms[row["terms_id"]]),
            access_package=AccessPackage(id=row["package_id"], display_name=""),
        ),
    )


def _kept_terms(key: str, document: Any, at_once: bool) -> AccessPackageAssignmentPolicy:
    kept = _terms.get(key)
    if kept is None:
        says = read(AccessPackageAssignmentPolicy, document)
        assert says is not None  # the column is not null
        if says.request_approval_settings is not None:
            says.request_approval_settings.asks_all_at_once = at_once
        kept = dynamic.reconciled(says)  # which names extensions by their ids alone
        if len(_terms) >= _KEPT:
            _terms.pop(next(iter(_terms)))
        _terms[key] = kept
    return kept


async def _insert_terms(conn: AsyncConnection, stored: StoredPolicy) -> None:
    says = msgspec.structs.replace(
        stored.policy, id="", access_package=UNSET, catalog=UNSET, access_package_id=None
    )
    row = {
        "id": stored.terms_id,
        "policy_id": stored.id,
        "document": written(says, AccessPackageAssignmentPolicy),
        "asks_all_at_once": dynamic.asks_all_at_once(says),
        "created_at": stored.policy.modified_date_time,
    }
    await conn.execute(insert(policy_terms).values(row))


async def _insert_settings(conn: AsyncConnection, stored: StoredPolicy) -> None:
    rows = [
        {
            "id": new_id(),
            "policy_id": stored.id,
            "position": position,
            "stage": setting.stage.value,
            "extension_id": extension_id(setting),
        }
        for position, setting in enumerate(_settings(stored))
    ]
    if rows:
        await conn.execute(insert(policy_stage_settings), rows)


async def _delete_settings(conn: AsyncConnection, policy_keys: Collection[str]) -> None:
    here = among(policy_stage_settings.c.policy_id, policy_keys)
    await conn.execute(delete(policy_stage_settings).where(here))


def _settings(stored: StoredPolicy) -> Sequence[CustomExtensionStageSetting]:
    return settings_of(stored.policy)


def _row(stored: StoredPolicy) -> dict[str, Any]:  # column values
    says = stored.policy
    return {
        "id": stored.id,
        "package_id": stored.package_id,
        "catalog_id": stored.catalog_id,
        "terms_id": stored.terms_id,
        "display_name": says.display_name,
        "description": says.description,
        "allowed_target_scope": says.allowed_target_scope.value,
        "automatic_of": stored.package_id if is_automatic(says) else None,
        "created_at": says.created_date_time,
        "created_by": says.created_by,
        "modified_at": says.modified_date_time,
        "modified_by": says.modified_by,
    }
