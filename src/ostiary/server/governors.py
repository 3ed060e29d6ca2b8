"""The two governors, put together: entitlement management and lifecycle workflows.

They never import each other; what one needs of the other is given here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable.clock import Clock
from ostiary.durable.handlers import Handler
from ostiary.extensions.egress import EgressPolicy
from ostiary.extensions.owners import Owners
from ostiary.extensions.resumes import Resumes
from ostiary.graph.resources import Node, Singleton
from ostiary.lifecycle import routes as lifecycle_routes
from ostiary.lifecycle import service as lifecycle
from ostiary.lifecycle import work as lifecycle_work
from ostiary.lifecycle.owner import TaskResultOwner
from ostiary.lifecycle.tasks.registry import Registry, built_in
from ostiary.settings import Settings
from ostiary.storage.database import Database

STRAYS: Final[Mapping[str, frozenset[str]]] = {}


@dataclass(frozen=True, kw_only=True)
class Governors:
    """What the rest of the composition needs of both."""

    roots: Sequence[Node]
    handlers: Sequence[Handler]


async def prepare(conn: AsyncConnection, *, now: datetime) -> None:
    """Put into a new database what both governors start with."""


def compose(
    settings: Settings,
    *,
    database: Database,
    clock: Clock,
    owners: Owners,
    resumes: Resumes,
    egress: EgressPolicy,
) -> Governors:
    """Put both together and register them as owners of callouts."""
    workflows = lifecycle.Lifecycle.of(
        database,
        resumes=resumes,
        egress=egress,
        logic_app_template=settings.logic_app_url_template,
        refuse_unresolved=settings.refuse_unresolved_logic_apps,
    )
    owners.register(TaskResultOwner())
    governance = Singleton(
        name="identityGovernance",
        container="microsoft.graph.identityGovernance",
        children=(lifecycle_routes.resources(workflows),),
    )
    return Governors(roots=[governance], handlers=lifecycle_work.handlers(Registry(built_in())))
