"""The column types that differ by database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Dialect, MetaData, Table, insert, literal, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import StatementError

from ostiary.storage.database import Database
from ostiary.storage.ids import new_id
from ostiary.storage.tables import Instant, Json

SQLITE: Dialect = sqlite.dialect()
INSTANTS = st.datetimes(timezones=st.timezones())

moments = Table("moments", MetaData(), Column("at", Instant), Column("data", Json))


async def test_an_instant_comes_back_in_utc_to_the_microsecond(database: Database) -> None:
    in_vienna = datetime(2026, 1, 5, 10, 0, 0, 1, tzinfo=timezone(timedelta(hours=1)))
    async with database.transaction() as conn:
        await conn.run_sync(moments.create)
        await conn.execute(insert(moments), [{"at": in_vienna}, {"at": None}])

        stored = await conn.scalar(select(moments.c.at).where(moments.c.at == in_vienna))
        none = await conn.scalar(select(moments.c.at).where(moments.c.at.is_(None)))

    assert (stored, none) == (datetime(2026, 1, 5, 9, 0, 0, 1, tzinfo=UTC), None)
    assert stored is not None
    assert stored.tzinfo is UTC


async def test_an_instant_may_stand_in_the_statement(database: Database) -> None:
    moment = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
    spelled = literal(moment, Instant(), literal_execute=True)
    async with database.transaction() as conn:
        await conn.run_sync(moments.create)
        await conn.execute(insert(moments).values(at=moment))

        assert await conn.scalar(select(moments.c.at).where(moments.c.at == spelled)) == moment


@pytest.mark.parametrize(
    "moment",
    [
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    ],
)
async def test_the_first_and_the_last_instant_come_back(
    database: Database, moment: datetime
) -> None:
    async with database.transaction() as conn:
        await conn.run_sync(moments.create)
        await conn.execute(insert(moments).values(at=moment))

        assert await conn.scalar(select(moments.c.at)) == moment


async def test_a_naive_instant_is_refused(database: Database) -> None:
    naive = datetime(2026, 1, 5)  # noqa: DTZ001  # the point of the test
    async with database.reading() as conn:
        with pytest.raises(StatementError, match="no time zone"):
            await conn.scalar(select(literal(naive, Instant())))


@given(INSTANTS, INSTANTS)
def test_instants_sort_as_text_as_they_do_in_time(one: datetime, other: datetime) -> None:
    text, other_text = (Instant().process_bind_param(value, SQLITE) for value in (one, other))

    assert (text < other_text) == (one.astimezone(UTC) < other.astimezone(UTC))


@given(INSTANTS)
def test_an_instant_survives_as_text(moment: datetime) -> None:
    text = Instant().process_bind_param(moment, SQLITE)

    assert Instant().process_result_value(text, SQLITE) == moment.astimezone(UTC)


async def test_json_comes_back_as_it_was(database: Database) -> None:
    value = {"ä": [1, 2.5, None, True, "x"], "nested": {"empty": {}}}
    async with database.transaction() as conn:
        await conn.run_sync(moments.create)
        await conn.execute(insert(moments).values(data=value))
        assert await conn.scalar(select(moments.c.data)) == value

        await conn.execute(moments.update().values(data=None))
        assert await conn.scalar(select(moments.c.data.is_(None))) is True


def test_ids_are_guids_in_lower_case() -> None:
    assert new_id() != new_id()
    assert (len(new_id()), new_id()) != (36, new_id().upper())
