"""``/users`` and ``/me``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ostiary.directory import sources
from ostiary.directory.applications import guid
from ostiary.directory.model import AssignedLicense, User
from ostiary.directory.objects import Kind
from ostiary.directory.routes.deltas import delta_of
from ostiary.directory.routes.grants import grants_below
from ostiary.directory.routes.memberships import membership_questions
from ostiary.directory.service import Directory, People
from ostiary.graph.errors import BadRequest
from ostiary.graph.resources import (
    Call,
    Endpoint,
    EntitySet,
    Operation,
    References,
    Singleton,
    StandIn,
)
from ostiary.graph.types import Complex, EdmType
from ostiary.identity import matrix
from ostiary.identity.permissions import requires
from ostiary.identity.principals import principal

_READ = requires(matrix.USERS_READ)
_DETAILS = requires(matrix.USERS_DETAILS_READ)
_WRITE = requires(matrix.USERS_WRITE)
_MEMBERS = requires(matrix.GROUP_MEMBERS_READ)


class LicenseChange(Complex, kw_only=True):
    """Parameters of ``assignLicense``."""

    add_licenses: list[AssignedLicense]
    remove_licenses: list[Annotated[str, EdmType("Edm.Guid")]]


@dataclass(frozen=True, slots=True)
class _Handlers:
    people: People

    async def create(self, call: Call) -> User:
        """POST /users"""
        actor = principal(call).actor()
        return await self.people.create(call.create(User), now=call.now, actor=actor)

    async def update(self, call: Call) -> User:
        """PATCH /users/{id}"""
        actor = principal(call).actor()
        return await self.people.update(call.key("users"), call.merge, now=call.now, actor=actor)

    async def delete(self, call: Call) -> None:
        """DELETE /users/{id}"""
        actor = principal(call).actor()
        await self.people.delete(call.key("users"), now=call.now, actor=actor)

    async def set_manager(self, call: Call) -> None:
        """PUT /users/{id}/manager/$ref"""
        _, manager = call.reference()
        actor = principal(call).actor()
        await self.people.set_manager(call.key("users"), manager, now=call.now, actor=actor)

    async def remove_manager(self, call: Call) -> None:
        """DELETE /users/{id}/manager/$ref"""
        actor = principal(call).actor()
        await self.people.set_manager(call.key("users"), None, now=call.now, actor=actor)

    async def add_sponsor(self, call: Call) -> None:
        """POST /users/{id}/sponsors/$ref"""
        _, sponsor = call.reference()
        actor = principal(call).actor()
        await self.people.add_sponsor(call.key("users"), sponsor, now=call.now, actor=actor)

    async def remove_sponsor(self, call: Call) -> None:
        """DELETE /users/{id}/sponsors/{id}/$ref"""
        sponsor = call.key("sponsors")
        actor = principal(call).actor()
        await self.people.remove_sponsor(call.key("users"), sponsor, now=call.now, actor=actor)

    async def assign_license(self, call: Call) -> User:
        """POST /users/{id}/assignLicense"""
        asked = call.parameters(LicenseChange)
        for license in asked.add_licenses:
            license.sku_id = guid(license.sku_id, "addLicenses/skuId", "User")
        removed = [guid(sku, "removeLicenses", "User") for sku in asked.remove_licenses]
        return await self.people.change_licenses(
            call.key("users"),
            asked.add_licenses,
            removed,
            now=call.now,
            actor=principal(call).actor(),
        )

    async def revoke_sessions(self, call: Call) -> bool:
        """POST /users/{id}/revokeSignInSessions"""
        actor = principal(call).actor()
        await self.people.revoke_sessions(call.key("users"), now=call.now, actor=actor)
        return True


def users(directory: Directory) -> EntitySet:
    """Declare ``/users``."""
    handlers = _Handlers(directory.people)
    manager = EntitySet(
        name="manager",
        source=sources.DIRECTORY_OBJECTS,
        link="manager",
        read=_DETAILS,
        references=References(
            add=Endpoint(_WRITE, handlers.set_manager),
            remove=Endpoint(_WRITE, handlers.remove_manager),
        ),
    )
    sponsors = EntitySet(
        name="sponsors",
        source=sources.DIRECTORY_OBJECTS,
        link="sponsors",
        read=_DETAILS,
        references=References(
            add=Endpoint(_WRITE, handlers.add_sponsor),
            remove=Endpoint(_WRITE, handlers.remove_sponsor),
        ),
    )
    return EntitySet(
        name="users",
        source=sources.USERS,
        read=_READ,
        create=Endpoint(_WRITE, handlers.create),
        update=Endpoint(_WRITE, handlers.update),
        delete=Endpoint(_WRITE, handlers.delete),
        children=(manager, sponsors, grants_below("users", directory)),
        operations=(
            delta_of(Kind.USER, User, directory, _DETAILS),
            *membership_questions("users", Kind.USER, directory, _MEMBERS),
            Operation(
                name="assignLicense",
                kind="action",
                needs=_WRITE,
                handle=handlers.assign_license,
                parameters=LicenseChange,
                returns=User,
            ),
            Operation(
                name="revokeSignInSessions",
                kind="action",
                needs=_WRITE,
                handle=handlers.revoke_sessions,
                returns=bool,
            ),
        ),
    )


def me(directory: Directory) -> Singleton:
    """Declare ``/me``: the signed-in person, which an application is not."""
    meant = StandIn(set=users(directory), key=_signed_in, read=requires(matrix.ME_READ))
    return Singleton(name="me", type=User, stands_for=meant)


def _signed_in(call: Call) -> str:
    caller = principal(call)
    if caller.kind == "application":
        raise BadRequest("/me request is only valid with delegated authentication flow.")
    return caller.object_id
