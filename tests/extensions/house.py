"""All that a callout needs, put together for tests: a node, an endpoint, an owner, a caller."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import func, select

from ostiary.durable.tables import work
from ostiary.durable.worker import Worker
from ostiary.extensions import extension_store, ledger, service, store
from ostiary.extensions.caller import Caller
from ostiary.extensions.callouts import Callout, CalloutStatus
from ostiary.extensions.circuits import Terms
from ostiary.extensions.egress import EgressPolicy
from ostiary.extensions.owners import Owners
from ostiary.extensions.plans import Addresses
from ostiary.extensions.rates import Rate
from ostiary.extensions.service import Order, Resumes
from ostiary.extensions.signing import Signer
from ostiary.extensions.work import CalloutWork
from ostiary.storage.database import Database
from tests.extensions.endpoints import ScriptedEndpoint
from tests.extensions.makers import CREATED, make_extension
from tests.extensions.owners import ScriptedOwner
from tests.support.clocks import FixedClock


class Pauses(list[float]):
    """Records the pauses that were asked for, and takes none."""

    async def __call__(self, seconds: float) -> None:
        """Take note."""
        self.append(seconds)


def make_caller(signer: Signer, clock: FixedClock, pauses: Pauses, **changes: Any) -> Caller:
    """Make a caller for development; the test closes it."""
    usual: dict[str, Any] = {"egress": EgressPolicy(loopback=True), "pause": pauses}
    return Caller(signer=signer, clock=clock, **{**usual, **changes})


def owners(number: int) -> list[str]:
    """Name so many owners."""
    return [f"owner-{n}" for n in range(number)]


class House:
    """One node with its worker, an endpoint, and an owner."""

    def __init__(
        self,
        database: Database,
        clock: FixedClock,
        caller: Caller,
        endpoint: ScriptedEndpoint,
        *,
        terms: Terms | None = None,
        rate: float = 0,
        at_once: int = 16,
        node: str = "test",
    ) -> None:
        self.database = database
        self.clock = clock
        self.endpoint = endpoint
        self.owner = ScriptedOwner()
        owners = Owners([self.owner])
        self.resumes = Resumes(database, clock, owners)
        addresses = Addresses(base_url="http://127.0.0.1:8080")
        self.work = CalloutWork(
            database,
            clock,
            owners,
            caller,
            addresses=addresses,
            node=node,
            terms=terms,
            rate=Rate.of(rate),
            at_once=at_once,
        )
        self.worker = Worker(database, clock, self.work.handlers(), node=node)

    async def close(self) -> None:
        await self.resumes.close()
        await self.work.close()

    async def launch(self, *owner_ids: str, **changes: Any) -> list[str]:
        """Add an extension for the endpoint and call it for each owner."""
        extension = make_extension(changes.pop("url", self.endpoint.url), **changes)
        async with self.database.transaction() as conn:
            await extension_store.add(conn, extension)
            orders = [
                Order("scripted", owner, extension.id, CREATED)
                for owner in owner_ids or ("owner-1",)
            ]
            return await service.launch(conn, orders, now=self.clock.now())

    async def read(self, id_: str) -> Callout:
        async with self.database.reading() as conn:
            return (await store.read(conn, [id_]))[id_]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the node's worker while the block runs."""
        task = asyncio.create_task(self.worker.run())
        await self.worker.named.wait()
        yield
        await self.worker.stop()
        await task

    async def leased(self, lane: str | None = None) -> int:
        """Count the items that a node holds, of all extensions or of one."""
        held = select(func.count()).where(work.c.lease_until.is_not(None))
        if lane is not None:
            held = held.where(work.c.lane == lane)
        async with self.database.reading() as conn:
            return await conn.scalar(held) or 0

    async def waiting(self, ids: list[str]) -> int:
        """Count those of these callouts that the endpoint has taken and nobody has answered."""
        states = [(await self.read(id_)).status for id_ in ids]
        return states.count(CalloutStatus.WAITING_FOR_CALLBACK)

    async def attempts(self, owner_id: str = "owner-1") -> list[ledger.Entry]:
        async with self.database.reading() as conn:
            return await ledger.read(conn, [owner_id])


MakeHouse = Callable[..., House]
