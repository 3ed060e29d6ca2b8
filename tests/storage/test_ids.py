"""Ids: GUIDs that sort by the order in which they were made, by whomever."""

from __future__ import annotations

import time
from unittest.mock import patch
from uuid import RFC_4122, UUID

from sqlalchemy import literal, select, union_all

from ostiary.storage.database import Database
from ostiary.storage.ids import NewId, new_id


def test_ids_sort_as_they_were_made_and_never_repeat() -> None:
    ids = [new_id() for _ in range(20_000)]  # more than fit into one millisecond's sequence

    assert sorted(ids) == ids
    assert len(set(ids)) == len(ids)


def test_ids_go_on_when_the_clock_is_set_back() -> None:
    first = new_id()

    with patch("time.time_ns", return_value=0):
        assert new_id() > first


def test_an_id_is_a_guid_of_version_7_in_lower_case() -> None:
    id_ = new_id()

    assert (UUID(id_).version, UUID(id_).variant) == (7, RFC_4122)
    assert str(UUID(id_)) == id_
    assert abs((UUID(id_).int >> 80) - time.time_ns() // 1_000_000) < 60_000


async def test_the_database_makes_ids_of_the_same_form(database: Database) -> None:
    rows = union_all(*(select(literal(n).label("n")) for n in range(100))).subquery()
    earlier = new_id()

    async with database.reading() as conn:
        made = list(await conn.scalars(select(NewId()).select_from(rows)))

    assert len(set(made)) == 100
    assert [str(UUID(id_)) for id_ in made] == made
    assert {(UUID(id_).version, UUID(id_).variant) for id_ in made} == {(7, RFC_4122)}
    assert min(made)[:13] >= earlier[:13]  # the time; what follows it is random
