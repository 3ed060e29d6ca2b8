"""Names that one process at a time has, on a real PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial

import pytest

from ostiary.storage.database import Database
from ostiary.storage.names import Name, NameTaken
from tests.support.names import CUT_THE_HOLDER, usurped
from tests.support.waiting import eventually

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

SOON = timedelta(seconds=0.5)
MakeName = Callable[[str], Name]


@pytest.fixture
async def make_name(database: Database) -> AsyncIterator[MakeName]:
    """Make what holds a name; at the end all are given back."""
    async with AsyncExitStack() as stack:

        def make(said: str) -> Name:
            name = database.name(said, lambda: None)
            assert name is not None
            stack.push_async_callback(name.give_back)
            return name

        yield make


async def test_a_name_is_held_by_one_and_other_names_are_free(make_name: MakeName) -> None:
    first, second, other = make_name("a"), make_name("a"), make_name("b")

    await first.take(SOON)
    await other.take(SOON)
    with pytest.raises(NameTaken, match="under the name 'a'"):
        await second.take(SOON)

    assert (first.is_held, second.is_held, other.is_held) == (True, False, True)


async def test_a_successor_has_the_name_as_soon_as_its_holder_is_gone(make_name: MakeName) -> None:
    first, second = make_name("a"), make_name("a")
    await first.take(SOON)
    waiting = asyncio.create_task(second.take())

    await first.give_back()
    await waiting

    assert second.is_held


async def test_a_lost_connection_loses_the_name_until_it_is_taken_again(database: Database) -> None:
    times_held: list[bool] = []
    name = database.name("a", lambda: times_held.append(True))
    assert name is not None
    await name.take(SOON)

    async with database.transaction() as conn:
        await conn.execute(CUT_THE_HOLDER)
    await eventually(partial(_has, times_held, 2))

    assert name.is_held
    await name.give_back()


async def test_who_lost_the_name_to_another_does_not_hold_it(
    make_name: MakeName, database: Database
) -> None:
    name = make_name("a")
    await name.take(SOON)
    async with usurped(database) as is_usurped:
        async with database.transaction() as conn:
            await conn.execute(CUT_THE_HOLDER)
        await is_usurped.wait()
        await eventually(partial(_is, name, held=False))
        with pytest.raises(NameTaken):
            await make_name("a").take(SOON)
        assert not name.is_held

    await eventually(partial(_is, name, held=True))


async def _has(things: list[bool], number: int) -> bool:
    return len(things) == number


async def _is(name: Name, *, held: bool) -> bool:
    return name.is_held is held
