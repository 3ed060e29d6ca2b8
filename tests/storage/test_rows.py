"""Many rows in one statement: the same values as SQLAlchemy would store, and nothing left out."""

from __future__ import annotations

from datetime import UTC
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    insert,
    select,
)
from sqlalchemy.exc import DBAPIError, IntegrityError

from ostiary.storage.batches import CHUNK
from ostiary.storage.database import Database
from ostiary.storage.rows import Change, Insertion
from ostiary.storage.tables import Instant, Json

numbers = count(1)
things = Table(
    "things",
    MetaData(),
    Column("id", String(8), primary_key=True),
    Column("key", String(4)),  # a word of SQL's
    Column("order", Integer),
    Column("text", Text),
    Column("large", BigInteger),
    Column("share", Float),
    Column("is_on", Boolean),
    Column("at", Instant),
    Column("json", Json),
    Column("sequence", BigInteger, nullable=False, default=lambda: next(numbers)),
    Column("color", String(8), nullable=False, default="blue"),
)
lines = Table(
    "lines",
    things.metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("thing", String(8), nullable=False),
)
MANY = CHUNK + 10
ADD, ADD_LINES = Insertion(things), Insertion(lines)
CHANGE = Change(things, ("key", "order", "json", "at"))

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=4)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**31), 2**31) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "key": TEXTS,
    "order": st.integers(-(2**31), 2**31 - 1),
    "text": TEXTS,
    "large": st.integers(-(2**63), 2**63 - 1),
    "share": st.floats(allow_nan=False, allow_infinity=False, width=32),
    "is_on": st.booleans(),
    "at": st.datetimes(timezones=st.just(UTC)),
    "json": JSON,
}
ROWS = st.lists(
    st.fixed_dictionaries({name: st.none() | values for name, values in VALUES.items()}),
    min_size=1,
    max_size=5,
)
HYPOTHESIS = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
async def place(database: Database) -> Database:
    """A database with the two tables."""
    async with database.transaction() as conn:
        await conn.run_sync(things.metadata.create_all)
    return database


async def stored(database: Database) -> list[dict[str, Any]]:
    async with database.reading() as conn:
        rows = await conn.execute(select(things).order_by(things.c.id))
        return [dict(row) for row in rows.mappings()]


@HYPOTHESIS
@given(rows=ROWS)
async def test_rows_are_stored_as_sqlalchemy_stores_them(
    place: Database, rows: list[dict[str, Any]]
) -> None:
    named = [{**row, "id": str(n), "sequence": n} for n, row in enumerate(rows)]
    found = []
    for way in ("ours", "theirs"):
        async with place.transaction() as conn:
            await conn.execute(things.delete())
            if way == "ours":
                await ADD.run(conn, named)
            else:
                await conn.execute(insert(things), named)
        found.append(await stored(place))

    assert found[0] == found[1]


@HYPOTHESIS
@given(rows=ROWS, others=ROWS)
async def test_a_change_sets_its_columns_and_no_others(
    place: Database, rows: list[dict[str, Any]], others: list[dict[str, Any]]
) -> None:
    before = [{**row, "id": str(n), "sequence": n} for n, row in enumerate(rows)]
    after = [{**row, "id": str(n)} for n, row in enumerate(others)]
    async with place.transaction() as conn:
        await conn.execute(things.delete())
        await ADD.run(conn, before)
        await CHANGE.run(conn, after)

    changed = {
        n: {name: row[name] for name in ("key", "order", "json", "at")}
        for n, row in enumerate(others)
    }
    expected = [{"color": "blue", **row, **changed.get(n, {})} for n, row in enumerate(before)]
    assert await stored(place) == expected


async def test_what_a_row_does_not_name_has_its_default_or_is_null(place: Database) -> None:
    async with place.transaction() as conn:
        await ADD.run(conn, [{"id": "a", "text": "x"}, {"id": "b", "color": "red"}])

    first, second = await stored(place)
    assert (first["text"], first["color"], second["text"], second["color"]) == (
        "x",
        "blue",
        None,
        "red",
    )
    assert second["sequence"] == first["sequence"] + 1
    assert first["json"] is None


async def test_ids_that_the_database_counts_follow_the_order_of_the_rows(place: Database) -> None:
    async with place.transaction() as conn:
        await ADD_LINES.run(conn, [{"thing": f"{n}"} for n in range(MANY)])
        rows = await conn.execute(select(lines.c.thing).order_by(lines.c.id))

    assert list(rows.scalars()) == [f"{n}" for n in range(MANY)]


async def test_a_column_that_there_is_not_is_refused(place: Database) -> None:
    async with place.transaction() as conn:
        with pytest.raises(ValueError, match="things takes no colour"):
            await ADD.run(conn, [{"id": "a"}, {"id": "b", "colour": "red"}])
        with pytest.raises(ValueError, match="things takes no colour"):
            await CHANGE.run(conn, [{"id": "a", "colour": "red"}])


async def test_a_number_that_the_database_counts_is_not_given(place: Database) -> None:
    async with place.transaction() as conn:
        with pytest.raises(ValueError, match="lines takes no id"):
            await ADD_LINES.run(conn, [{"id": 7, "thing": "a"}])


async def test_a_change_that_lacks_a_column_is_refused(place: Database) -> None:
    async with place.transaction() as conn:
        with pytest.raises(KeyError, match="at"):
            await CHANGE.run(conn, [{"id": "a", "key": "k", "order": 1, "json": None}])


async def test_no_rows_are_no_statement(place: Database) -> None:
    async with place.transaction() as conn:
        await ADD.run(conn, [])
        await CHANGE.run(conn, [])

    assert await stored(place) == []


async def test_of_two_changes_of_one_row_the_last_counts(place: Database) -> None:
    change = {"id": "a", "order": 1, "json": None, "at": None}
    async with place.transaction() as conn:
        await ADD.run(conn, [{"id": "a"}])
        await CHANGE.run(conn, [{**change, "key": "one"}, {**change, "key": "two"}])

    (row,) = await stored(place)
    assert row["key"] == "two"


async def test_a_broken_promise_adds_nothing(place: Database) -> None:
    with pytest.raises(IntegrityError):
        async with place.transaction() as conn:
            await ADD.run(conn, [{"id": "a"}, {"id": "b"}, {"id": "a"}])

    assert await stored(place) == []


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_text_that_is_too_long_is_refused_and_never_cut(place: Database) -> None:
    with pytest.raises(DBAPIError, match="too long"):
        async with place.transaction() as conn:
            await ADD.run(conn, [{"id": "a", "key": "four and more"}])
