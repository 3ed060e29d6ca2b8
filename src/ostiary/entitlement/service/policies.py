"""Use cases of policies. Each edit makes new terms; requests keep those they were made under."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import msgspec
from sqlalchemy import Select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import Target
from ostiary.audit.store import record
from ostiary.entitlement import automatic, dynamic, policies, stages
from ostiary.entitlement.errors import NotThere, OperationNotAllowed
from ostiary.entitlement.model.catalogs import (
    AccessPackage,
    AccessPackageAssignmentPolicy,
)
from ostiary.entitlement.model.questions import AccessPackageQuestion
from ostiary.entitlement.process import sweeping
from ostiary.entitlement.service import naming
from ostiary.entitlement.service.acts import Act
from ostiary.entitlement.store import catalogs as catalog_store
from ostiary.entitlement.store import extensions as extension_store
from ostiary.entitlement.store import policies as store
from ostiary.entitlement.store.policies import StoredPolicy
from ostiary.graph.errors import InvalidModel
from ostiary.graph.types import UNSET
from ostiary.storage.database import Database
from ostiary.storage.ids import new_id


def package_named(draft: AccessPackageAssignmentPolicy) -> str | None:
    """Give the package that a policy names: as a navigation, by a bind, or by its id.

    :raises InvalidModel: it names two.
    """
    nested = draft.access_package.id if isinstance(draft.access_package, AccessPackage) else None
    if nested and draft.access_package_id and nested != draft.access_package_id:
        raise InvalidModel(
            "'accessPackage' and 'accessPackageId' name different packages.",
            target="accessPackage",
        )
    return (nested or draft.access_package_id or "").lower() or None


@dataclass(frozen=True, slots=True)
class Policies:
    """What can be done to policies."""

    database: Database

    async def create(
        self, draft: AccessPackageAssignmentPolicy, act: Act
    ) -> AccessPackageAssignmentPolicy:
        """Make a policy of a package.

        :raises InvalidModel: the package is missing or does not exist, or a part is not right.
        :raises NotSupported: a part that this server cannot carry out.
        """
        package_id = package_named(draft)
        if not package_id:
            raise InvalidModel("The property 'accessPackage' is required.", target="accessPackage")
        async with self.database.transaction() as conn:
            package = await catalog_store.package(conn, package_id, lock=True)
            if package is None or package.catalog_id is None:
                raise InvalidModel(
                    f"There is no access package '{package_id}'.", target="accessPackage"
                )
            made = StoredPolicy(
                id=new_id(),
                package_id=package_id,
                catalog_id=package.catalog_id,
                terms_id=new_id(),
                policy=msgspec.structs.replace(
                    _settled(draft), created_date_time=act.now, created_by=act.name
                ),
            )
            return await _store(conn, made, act, before=None)

    async def questions(
        self, key: str, *, seen: Select[tuple[str]] | None
    ) -> list[AccessPackageQuestion]:
        """Give the questions of a policy to whoever sees these catalogs; None: all of them.

        :raises NotThere: there is none, or none that the caller may see.
        """
        async with self.database.reading() as conn:
            stored = await store.policy(conn, key)
            if stored is None or not await store.is_seen(conn, stored, seen):
                raise NotThere("accessPackageAssignmentPolicy", key)
            return policies.questions_of(stored.policy)

    async def update(
        self,
        key: str,
        change: Callable[[AccessPackageAssignmentPolicy], AccessPackageAssignmentPolicy],
        act: Act,
    ) -> AccessPackageAssignmentPolicy:
        """Change a policy, or replace it: ``change`` gets it with its stage settings.

        :raises NotThere: there is none.
        :raises InvalidModel: a part is not right, or the package would be another.
        :raises NotSupported: a part that this server cannot carry out.
        """
        async with self.database.transaction() as conn:
            existing = await _existing(conn, key)
            changed = change(existing.policy)
            if package_named(changed) not in (None, existing.package_id):
                raise InvalidModel(
                    "The access package of a policy cannot be changed.", target="accessPackage"
                )
            policy = msgspec.structs.replace(
                _settled(policies.keeping_mode(changed, existing.policy)),
                created_date_time=existing.policy.created_date_time,
                created_by=existing.policy.created_by,
            )
            saved = replace(existing, terms_id=new_id(), policy=policy)
            return await _store(conn, saved, act, before=existing.policy)

    async def delete(self, key: str, act: Act) -> None:
        """Delete a policy under which nobody holds or asks for anything.

        :raises NotThere: there is none.
        :raises OperationNotAllowed: an assignment or an open request is under it.
        """
        async with self.database.transaction() as conn:
            existing = await _existing(conn, key)
            if await store.is_used(conn, key):
                raise OperationNotAllowed(
                    "The policy has assignments or open requests. Remove them first."
                )
            await store.delete_policies(conn, [key])
            event = act.event(
                "Delete access package assignment policy", "Delete", _target(existing)
            )
            await record(conn, [event], now=act.now)


async def _existing(conn: AsyncConnection, key: str) -> StoredPolicy:
    existing = await store.policy(conn, key, lock=True)
    if existing is None:
        raise NotThere("accessPackageAssignmentPolicy", key)
    return existing


async def _store(
    conn: AsyncConnection,
    stored: StoredPolicy,
    act: Act,
    *,
    before: AccessPackageAssignmentPolicy | None,
) -> AccessPackageAssignmentPolicy:
    """Check a policy and keep it; give it as it is shown."""
    policy = msgspec.structs.replace(
        stored.policy, id=stored.id, modified_date_time=act.now, modified_by=act.name
    )
    policies.check(policy)
    await naming.check_policy(conn, policy, known=before)
    settings = stages.settings_of(policy)
    named = {key for setting in settings if (key := stages.extension_id(setting))}
    known = await extension_store.known(conn, named)
    dynamic.check_asked(policy, known, catalog_id=stored.catalog_id)
    stages.check_settings(settings, known, catalog_id=stored.catalog_id)
    kept = replace(stored, policy=policy)
    await _check_alone(conn, kept)
    try:
        await (store.save_policy if before else store.insert_policy)(conn, kept)
    except IntegrityError as error:
        raise _overtaken(error) from error
    if automatic.is_automatic(policy) or (before and automatic.is_automatic(before)):
        await sweeping.sweep(conn, [kept.id], now=act.now)
    verb, operation = ("Update", "Update") if before else ("Create", "Add")
    event = act.event(f"{verb} access package assignment policy", operation, _target(kept))
    await record(conn, [event], now=act.now)
    return msgspec.structs.replace(
        policy,
        access_package_id=stored.package_id,
        access_package=UNSET,
        catalog=UNSET,
        custom_extension_stage_settings=UNSET,
    )


async def _check_alone(conn: AsyncConnection, stored: StoredPolicy) -> None:
    """Refuse a second automatic policy of a package: which of them gives, and which takes?"""
    if not automatic.is_automatic(stored.policy):
        return
    for other in await store.of_package(conn, stored.package_id):
        if other.id != stored.id and automatic.is_automatic(other.policy):
            raise InvalidModel(
                f"The access package has an automatic policy already: "
                f"'{other.policy.display_name}' ('{other.id}').",
                target="automaticRequestSettings",
            )


def _overtaken(error: IntegrityError) -> InvalidModel:
    """Say what another transaction has done meanwhile."""
    if "automatic_of" in str(error.orig):
        return InvalidModel(
            "The access package has just been given another automatic policy.",
            target="automaticRequestSettings",
        )
    return InvalidModel(
        "A custom extension that the policy calls has just been deleted.",
        target="customExtensionStageSettings",
    )


def _settled(draft: AccessPackageAssignmentPolicy) -> AccessPackageAssignmentPolicy:
    """Give a policy in the one form in which it is kept."""
    normal = policies.normalized(draft)
    questions = _with_ids(policies.questions_of(normal))
    settings = [stages.bare(setting) for setting in stages.settings_of(normal)]
    whole = msgspec.structs.replace(
        normal, questions=questions, custom_extension_stage_settings=settings
    )
    return dynamic.reconciled(whole)


def _with_ids(questions: Sequence[AccessPackageQuestion]) -> list[AccessPackageQuestion]:
    return [
        question if question.id else msgspec.structs.replace(question, id=new_id())
        for question in questions
    ]


def _target(stored: StoredPolicy) -> Target:
    return Target(
        id=stored.id,
        type="AccessPackageAssignmentPolicy",
        display_name=stored.policy.display_name,
    )
