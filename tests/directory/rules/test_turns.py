"""When the time alone makes a rule true or false of somebody: neither missed nor too early."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from ostiary.audit.events import SYSTEM
from ostiary.directory import changes
from ostiary.directory.model import User
from ostiary.directory.rules import matching, next_turn, parse
from ostiary.storage.database import Database
from tests.support.clocks import MONDAY, FixedClock

DAYS = (-3, 0, 1, 1, 5)


@pytest.mark.parametrize(
    "text",
    [
        "user.employeeHireDate -le system.now",
        "user.employeeHireDate -ge system.now -plus p2d",
        "(user.employeeHireDate -le system.now -plus p1d) -and "
        "(user.employeeHireDate -ge system.now -minus p1d)",
        "-not (user.employeeHireDate -ge system.now -minus p1d)",
    ],
)
async def test_every_turn_is_foretold(memory: Database, clock: FixedClock, text: str) -> None:
    drafts = [
        User(
            display_name=f"p{number}",
            user_principal_name=f"p{number}@contoso.example",
            employee_hire_date=MONDAY + timedelta(days=days),
        )
        for number, days in enumerate(DAYS)
    ]
    async with memory.transaction() as conn:
        await changes.add_users(conn, drafts, now=MONDAY, actor=SYSTEM)
    rule = parse(text)

    async with memory.reading() as conn:

        async def true_of(now: datetime) -> list[str]:
            return await matching(conn, rule, now=now)

        now, turns = MONDAY - timedelta(days=9), 0
        while (turn := await next_turn(conn, rule, now=now)) is not None:
            just_before = turn - timedelta(microseconds=1)
            assert await true_of(now) == await true_of(max(now, just_before))
            assert await true_of(just_before) != await true_of(turn)
            now, turns = turn, turns + 1
        assert turns >= len(set(DAYS))
        assert await true_of(now) == await true_of(now + timedelta(days=99))
