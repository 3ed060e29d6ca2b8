"""The protocol of HTTP providers: what is sent, and what is understood of the answer.

Members that nobody here knows are passed over, so that an endpoint may say more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal

import msgspec

from ostiary.directory.objects import Reference
from ostiary.entitlement.providers.port import Offer, RoleOffer, ScopeOffer
from ostiary.entitlement.rights import Refusal, Right

PROTOCOL: Final = "ostiary.resources/1"
LONGEST_REASON: Final = 500
LONGEST_ORIGIN: Final = 255

Origin = str


class FoundRole(msgspec.Struct, rename="camel"):
    """A role of a resource, as an endpoint describes it."""

    origin_id: Origin
    display_name: str
    description: str | None = None


class FoundScope(msgspec.Struct, rename="camel"):
    """A part of a resource that roles can be given in."""

    origin_id: Origin
    display_name: str = "Root"
    description: str | None = None
    is_root_scope: bool = False
    url: str | None = None


class FoundResource(msgspec.Struct, rename="camel"):
    """A resource; without scopes it has one, its root."""

    origin_id: Origin
    display_name: str | None = None
    description: str | None = None
    resource_type: str | None = None
    url: str | None = None
    roles: tuple[FoundRole, ...] = ()
    scopes: tuple[FoundScope, ...] = ()
    owners: tuple[str, ...] | None = None


class Found(msgspec.Struct):
    """The answer to ``lookUp``."""

    resources: tuple[FoundResource, ...]


class Result(msgspec.Struct):
    """What became of one change."""

    id: str
    outcome: Literal["done", "retry", "refused"]
    reason: str | None = None


class Changed(msgspec.Struct):
    """The answer to ``change``."""

    results: tuple[Result, ...]


# Bodies are whatever JSON can hold, hence ``Any``.
def look_up(system: str, origin_ids: Sequence[str]) -> dict[str, Any]:
    """Ask about resources."""
    asked = [{"originId": origin_id} for origin_id in origin_ids]
    return {**_head(system, "lookUp"), "resources": asked}


def change(
    system: str, give: Sequence[Right], take: Sequence[Right], *, people: Mapping[str, Reference]
) -> dict[str, Any]:
    """Ask for changes."""
    changes = [_change("give", right, people) for right in give]
    changes += [_change("take", right, people) for right in take]
    return {**_head(system, "change"), "changes": changes}


def offer(found: FoundResource) -> Offer:
    """Read a resource."""
    root = ScopeOffer(origin_id=found.origin_id, url=found.url)
    return Offer(
        origin_id=found.origin_id,
        display_name=found.display_name,
        description=found.description,
        resource_type=found.resource_type,
        url=found.url,
        roles=tuple(
            RoleOffer(
                origin_id=role.origin_id,
                display_name=role.display_name,
                description=role.description,
            )
            for role in found.roles
        ),
        scopes=tuple(_scope(scope) for scope in found.scopes) or (root,),
        owners=None if found.owners is None else frozenset(o.lower() for o in found.owners),
    )


def refusals(asked: Iterable[Right], said: Changed) -> dict[Right, Refusal]:
    """Give what was not done; a change of which nothing is said was not."""
    results = {result.id: result for result in said.results}
    found: dict[Right, Refusal] = {}
    for right in asked:
        result = results.get(right.key)
        if result is None:
            found[right] = Refusal("The answer does not say what became of it.")
        elif result.outcome != "done":
            reason = (result.reason or "It gave no reason.")[:LONGEST_REASON]
            found[right] = Refusal(reason, is_lasting=result.outcome == "refused")
    return found


def _head(system: str, operation: str) -> dict[str, Any]:
    return {"protocol": PROTOCOL, "operation": operation, "originSystem": system}


def _change(what: str, right: Right, people: Mapping[str, Reference]) -> dict[str, Any]:
    return {
        "id": right.key,
        "do": what,
        "resource": {"originId": right.resource},
        "role": {"originId": right.role},
        "scope": {"originId": right.scope},
        "principal": _person(right.principal, people.get(right.principal)),
    }


def _person(key: str, known: Reference | None) -> dict[str, Any]:
    """Name a person; of one who has left the directory nothing but the id is known."""
    if known is None:
        return {"id": key}
    return {
        "id": key,
        "type": known.kind.value,
        "displayName": known.display_name,
        "mail": known.mail,
        "userPrincipalName": known.user_principal_name,
    }


def _scope(found: FoundScope) -> ScopeOffer:
    return ScopeOffer(
        origin_id=found.origin_id,
        display_name=found.display_name,
        description=found.description,
        is_root=found.is_root_scope,
        url=found.url,
    )
