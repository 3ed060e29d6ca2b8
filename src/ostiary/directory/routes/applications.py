"""``/applications`` and ``/servicePrincipals``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from msgspec import field

from ostiary.directory import sources
from ostiary.directory.applications import guid
from ostiary.directory.model import Application, PasswordCredential, ServicePrincipal
from ostiary.directory.objects import Kind
from ostiary.directory.routes.deltas import delta_of
from ostiary.directory.routes.grants import grants_below, grants_of
from ostiary.directory.routes.memberships import membership_questions
from ostiary.directory.service import Applications, Directory
from ostiary.graph.resources import Call, Endpoint, EntitySet, Operation
from ostiary.graph.types import Complex, EdmType
from ostiary.identity import matrix
from ostiary.identity.permissions import requires
from ostiary.identity.principals import principal

_READ = requires(matrix.APPLICATIONS_READ)
_WRITE = requires(matrix.APPLICATIONS_WRITE)


class NewPassword(Complex, kw_only=True):
    """Parameters of ``addPassword``."""

    password_credential: PasswordCredential = field(default_factory=PasswordCredential)


class OldPassword(Complex, kw_only=True):
    """Parameters of ``removePassword``."""

    key_id: Annotated[str, EdmType("Edm.Guid")]


@dataclass(frozen=True, slots=True)
class _Handlers:
    applications: Applications

    async def create(self, call: Call) -> Application:
        """POST /applications"""
        actor = principal(call).actor()
        draft = call.create(Application)
        return await self.applications.create(draft, now=call.now, actor=actor)

    async def update(self, call: Call) -> Application:
        """PATCH /applications/{id}"""
        actor = principal(call).actor()
        return await self.applications.update(
            call.key("applications"), call.merge, now=call.now, actor=actor
        )

    async def delete(self, call: Call) -> None:
        """DELETE /applications/{id}"""
        actor = principal(call).actor()
        await self.applications.delete(call.key("applications"), now=call.now, actor=actor)

    async def add_password(self, call: Call) -> PasswordCredential:
        """POST /applications/{id}/addPassword"""
        asked = call.parameters(NewPassword).password_credential
        actor = principal(call).actor()
        return await self.applications.add_password(
            call.key("applications"), asked, now=call.now, actor=actor
        )

    async def remove_password(self, call: Call) -> None:
        """POST /applications/{id}/removePassword"""
        key_id = guid(call.parameters(OldPassword).key_id, "keyId", "PasswordCredential")
        actor = principal(call).actor()
        await self.applications.remove_password(
            call.key("applications"), key_id, now=call.now, actor=actor
        )

    async def create_principal(self, call: Call) -> ServicePrincipal:
        """POST /servicePrincipals"""
        actor = principal(call).actor()
        draft = call.create(ServicePrincipal)
        return await self.applications.create_principal(draft, now=call.now, actor=actor)

    async def update_principal(self, call: Call) -> ServicePrincipal:
        """PATCH /servicePrincipals/{id}"""
        actor = principal(call).actor()
        return await self.applications.update_principal(
            call.key("servicePrincipals"), call.merge, now=call.now, actor=actor
        )

    async def delete_principal(self, call: Call) -> None:
        """DELETE /servicePrincipals/{id}"""
        actor = principal(call).actor()
        await self.applications.delete_principal(
            call.key("servicePrincipals"), now=call.now, actor=actor
        )


def applications(directory: Directory) -> EntitySet:
    """Declare ``/applications``."""
    handlers = _Handlers(directory.applications)
    return EntitySet(
        name="applications",
        source=sources.APPLICATIONS,
        read=_READ,
        create=Endpoint(_WRITE, handlers.create),
        update=Endpoint(_WRITE, handlers.update),
        delete=Endpoint(_WRITE, handlers.delete),
        operations=(
            Operation(
                name="addPassword",
                kind="action",
                needs=_WRITE,
                handle=handlers.add_password,
                parameters=NewPassword,
                returns=PasswordCredential,
            ),
            Operation(
                name="removePassword",
                kind="action",
                needs=_WRITE,
                handle=handlers.remove_password,
                parameters=OldPassword,
            ),
            delta_of(Kind.APPLICATION, Application, directory, _READ),
        ),
    )


def service_principals(directory: Directory) -> EntitySet:
    """Declare ``/servicePrincipals``."""
    handlers = _Handlers(directory.applications)
    return EntitySet(
        name="servicePrincipals",
        source=sources.SERVICE_PRINCIPALS,
        read=_READ,
        create=Endpoint(_WRITE, handlers.create_principal),
        update=Endpoint(_WRITE, handlers.update_principal),
        delete=Endpoint(_WRITE, handlers.delete_principal),
        children=(
            grants_below("servicePrincipals", directory),
            grants_of("servicePrincipals", directory),
        ),
        operations=(
            *membership_questions(
                "servicePrincipals",
                Kind.SERVICE_PRINCIPAL,
                directory,
                requires(matrix.GROUP_MEMBERS_READ),
            ),
            delta_of(Kind.SERVICE_PRINCIPAL, ServicePrincipal, directory, _READ),
        ),
    )
