"""Budgets: what is spent comes back with time, and one caller never spends another's."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from ostiary.graph.app import GraphApp
from ostiary.graph.errors import TooManyRequests
from ostiary.graph.throttling import Throttle
from ostiary.storage.database import Database
from tests.graph import library
from tests.graph.library import Borrower


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_spent_budget_says_when_to_come_again() -> None:
    time = Time()
    throttle = Throttle(reads=2, monotonic=time)
    ann, bob = Borrower("ann"), Borrower("bob")

    headers = [throttle.take(ann, writes=False) for _ in range(2)]
    with pytest.raises(TooManyRequests) as caught:
        throttle.take(ann, writes=False)

    assert [h["RateLimit-Remaining"] for h in headers] == ["1", "0"]
    assert caught.value.context["retry_after"] == 5
    assert throttle.take(bob, writes=False)["RateLimit-Remaining"] == "1"
    assert throttle.take(ann, writes=True) == {}
    time.now = 5.0
    assert throttle.take(ann, writes=False)["RateLimit-Remaining"] == "0"


async def test_a_throttled_caller_gets_429_before_anything_happens(
    stocked: Database, clock: Any
) -> None:
    app, _ = library.application(stocked, clock)
    app.engine.throttle = Throttle(reads=1, writes=1, monotonic=Time())
    books = "/v1.0/library/books"
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://localhost"
    ) as client:
        first = await client.post(books, json={"title": "One"})
        second = await client.post(books, json={"title": "Two"})
        listed = await client.get(books)

    assert (first.status_code, second.status_code) == (201, 429)
    assert second.headers["retry-after"] == "10"
    assert second.json()["error"]["code"] == "TooManyRequests"
    assert "Two" not in listed.text
    assert listed.headers["ratelimit-limit"] == "1"
    assert isinstance(app, GraphApp)
