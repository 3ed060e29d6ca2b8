"""Fixtures of the durable tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ostiary.durable.handlers import Handler
from ostiary.durable.retry import Retry
from ostiary.durable.worker import Worker
from ostiary.storage.database import Database
from tests.support.clocks import FixedClock

THREE_ATTEMPTS = Retry(attempts=3, jitter=0)
"""Retries after two and after six seconds, then no more."""


@pytest.fixture
def make_worker(database: Database, clock: FixedClock) -> Callable[..., Worker]:
    """Make a worker with three attempts for each item, on the database and clock of the test."""

    def make(
        *handlers: Handler, node: str = "a", on: Database = database, **options: Any
    ) -> Worker:
        options = {"retry": THREE_ATTEMPTS, **options}
        return Worker(on, clock, handlers, node=node, **options)

    return make
