"""The decision whether a caller may.

An application needs an app role of the permission, or a governance role that the feature package
knows of. A person needs a scope of the permission, and beyond it a relation to the object, a
directory role, or such a governance role: the scope says what the application may do on behalf of
somebody, never what that person may do.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Final

from ostiary.graph.errors import Forbidden
from ostiary.graph.resources import Authorize, Call
from ostiary.identity.catalogue import DIRECTORY_ROLES
from ostiary.identity.principals import Principal, principal

RoleCheck = Callable[[Call, Principal], Awaitable[bool]]
"""Whether the caller holds a role on the object of the call, as its feature package knows it."""


GOVERNANCE: Final = "a governance role that covers the object"
"""What a caller without a permission may have instead, where nothing else is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """One row of the permission matrix.

    ``relation`` says that a person needs no role: the use case itself limits them to what is
    theirs (own requests, approvals they are asked for).
    """

    name: str
    delegated: frozenset[str]
    application: frozenset[str]
    directory_roles: frozenset[str] = frozenset()
    relation: bool = False


def requires(
    permission: Permission, *, role: RoleCheck | None = None, role_is: str = GOVERNANCE
) -> Authorize:
    """Make the authorisation of an endpoint from a row of the matrix.

    What it gives raises ``Forbidden`` with a message that says which scope or role would do;
    ``role_is`` says what ``role`` looks for.
    """
    also = role_is if role else ""

    async def authorize(call: Call) -> None:
        caller = principal(call)
        if allows(permission, caller):
            return
        if role and has_scope(permission, caller) and await role(call, caller):
            return
        raise Forbidden(refusal(permission, caller, also), permission=permission.name)

    return authorize


def allows(permission: Permission, caller: Principal) -> bool:
    """Say whether the token alone suffices, without a look at governance roles."""
    if caller.kind == "application":
        return not permission.application.isdisjoint(caller.roles)
    if permission.delegated.isdisjoint(caller.scopes):
        return False
    return permission.relation or not permission.directory_roles.isdisjoint(caller.directory_roles)


def has_scope(permission: Permission, caller: Principal) -> bool:
    """Say whether a governance role may count: always for applications, with a scope for people."""
    return caller.kind == "application" or not permission.delegated.isdisjoint(caller.scopes)


def refusal(permission: Permission, caller: Principal, also: str = "") -> str:
    """Say which scope or role would do; ``also`` is what else would."""
    needs = _needs_of_application if caller.kind == "application" else _needs_of_person
    return f"{Forbidden.message} {needs(permission, caller, also)}"


def _needs_of_application(permission: Permission, _: Principal, also: str) -> str:
    if not permission.application and not also:
        return "The operation is not available to applications: call it on behalf of a user."
    wanted = _any_of("app role", permission.application)
    return f"The application needs {' or '.join(filter(None, (wanted, also)))}."


def _needs_of_person(permission: Permission, caller: Principal, also: str) -> str:
    if not permission.delegated:
        return "The operation is not available on behalf of a user: call it as an application."
    if permission.delegated.isdisjoint(caller.scopes):
        return f"The token needs {_any_of('scope', permission.delegated)}."
    names = (DIRECTORY_ROLES.get(i, i) for i in permission.directory_roles)
    wanted = _any_of("directory role", names)
    return f"The user needs {' or '.join(filter(None, (wanted, also)))}."


def _any_of(what: str, names: Iterable[str]) -> str:
    ordered = sorted(names)
    if not ordered:
        return ""
    return (
        f"the {what} {ordered[0]}"
        if len(ordered) == 1
        else f"one of the {what}s " + ", ".join(ordered)
    )
