"""The port to whatever calls out: a request, a task. One owner for each kind.

Every function gets the whole batch of its kind, in the transaction that moved the callouts, so that
both commit together or not at all. The rows of the callouts are locked at that point: an owner
that changes its own rows and callouts in one transaction of its own locks the callouts first (by
``service.cancel``), or two transactions may wait for each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.extensions.answers import Answer
from ostiary.extensions.callouts import Callout


class Owner(Protocol):
    """What calls out, and goes on when the call has ended."""

    @property
    def kind(self) -> str:
        """The owner kind of its callouts."""

    @property
    def app_id(self) -> str:
        """The application in whose name it calls: ``appid`` of the tokens."""

    async def payloads(
        self, conn: AsyncConnection, callouts: Sequence[Callout], *, base_url: str
    ) -> Mapping[str, Mapping[str, Any]]:
        """Give what each callout tells its endpoint, by callout id, as JSON values.

        A callout that is missing has lost its owner, and is canceled.
        """

    def admit(self, callout: Callout, answer: Answer) -> None:
        """Check that this callout may be answered in this way; a pure rule.

        :raises DomainError: it may not.
        """

    async def resumed(
        self, conn: AsyncConnection, callouts: Sequence[Callout], *, now: datetime
    ) -> None:
        """Go on: the callouts were answered (``answer`` tells how), or taken with no answer due."""

    async def gave_up(
        self, conn: AsyncConnection, callouts: Sequence[Callout], *, now: datetime
    ) -> None:
        """Go on without: the callouts could not be sent, or nobody answered (see ``outcome``)."""


class Owners:
    """The owners by kind, as the composition root registers them."""

    def __init__(self, owners: Iterable[Owner] = ()) -> None:
        self._owners: dict[str, Owner] = {}
        for owner in owners:
            self.register(owner)

    def register(self, owner: Owner) -> None:
        """Add an owner.

        :raises ValueError: its kind has one already.
        """
        if owner.kind in self._owners:
            raise ValueError(f"Two owners are registered for the kind {owner.kind!r}.")
        self._owners[owner.kind] = owner

    def __getitem__(self, kind: str) -> Owner:
        return self._owners[kind]

    def split(self, callouts: Iterable[Callout]) -> list[tuple[Owner, list[Callout]]]:
        """Give each owner its callouts, in a fixed order of the kinds."""
        by_kind: dict[str, list[Callout]] = defaultdict(list)
        for callout in callouts:
            by_kind[callout.owner_kind].append(callout)
        return [(self._owners[kind], by_kind[kind]) for kind in sorted(by_kind)]
