"""The plug point for resources: what a provider of an origin system must be able to do.

Every function takes a batch. Giving what is there and taking what is not are successes, so that any
call may be repeated. What could not be done is told by right: a lasting refusal ends the attempts,
any other is tried again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory.objects import Reference
from ostiary.entitlement.rights import Refusal, Right
from ostiary.identity.principals import Principal

Refusals = Mapping[Right, Refusal]
"""What could not be done, and why; all other rights of the batch are done."""


class Unreachable(Exception):
    """The origin did not answer, or not in a way that can be understood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleOffer:
    """A role of a resource."""

    origin_id: str
    display_name: str
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeOffer:
    """A part of a resource that its roles can be given in."""

    origin_id: str
    display_name: str = "Root"
    description: str | None = "Root Scope"
    is_root: bool = True
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A resource as its origin describes it."""

    origin_id: str
    display_name: str | None = None
    description: str | None = None
    resource_type: str | None = None
    url: str | None = None
    roles: tuple[RoleOffer, ...] = ()
    scopes: tuple[ScopeOffer, ...] = ()
    owners: frozenset[str] | None = None
    """Who may offer it, by object id, where the origin says so."""
    refusal: str | None = None
    """Why packages may not hand it out; None when they may."""


class DirectoryProvider(Protocol):
    """An origin that is our own directory: everything happens in the caller's transaction."""

    @property
    def system(self) -> str:
        """The origin system, as ``originSystem`` names it."""

    @property
    def needs(self) -> str:
        """What somebody needs who offers such a resource, in words."""

    async def look_up(
        self, conn: AsyncConnection, origin_ids: Collection[str]
    ) -> Mapping[str, Offer]:
        """Describe resources; those that do not exist are missing."""

    async def may_offer(self, conn: AsyncConnection, offer: Offer, caller: Principal) -> bool:
        """Say whether somebody has a say over a resource."""

    async def give(
        self, conn: AsyncConnection, rights: Collection[Right], *, now: datetime
    ) -> Refusals:
        """Give rights."""

    async def take(
        self, conn: AsyncConnection, rights: Collection[Right], *, now: datetime
    ) -> Refusals:
        """Take rights away."""


class RemoteProvider(Protocol):
    """An origin elsewhere."""

    @property
    def system(self) -> str:
        """The origin system, as ``originSystem`` names it."""

    @property
    def batch(self) -> int:
        """The most rights that one call is about."""

    async def look_up(self, origin_ids: Sequence[str]) -> Mapping[str, Offer]:
        """Describe resources; those that do not exist are missing.

        :raises Unreachable: the origin did not answer, or not to the point.
        """

    async def change(
        self,
        give: Sequence[Right],
        take: Sequence[Right],
        *,
        people: Mapping[str, Reference],
    ) -> Refusals:
        """Give and take rights; ``people`` are those of the rights that the directory knows.

        Never raises for what the origin does or does not answer: that is a refusal.
        """
