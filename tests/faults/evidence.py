"""What the database says in the end, as a SQLite file, so that one proof fits both databases."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from ostiary.durable import recurring
from ostiary.storage import names
from tests.faults.load import Load
from tests.faults.servers import PATIENCE, connected
from tests.simulation.actors import about
from tests.simulation.proof import ENDED, violations, watch
from tests.support.databases import opened

_TABLES: Final = (
    "approval_stages",
    "assignment_requests",
    "assignments",
    "callout_attempts",
    "callouts",
    "changed_minds",
    "memberships",
    "runs",
    "task_processing_results",
    "user_processing_results",
    "work",
)
_WATCH: Final = """
CREATE TABLE changed_minds (callout text, before text, after text);
CREATE FUNCTION note_changed_mind() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO changed_minds VALUES (old.id, old.outcome, new.outcome); RETURN NULL; END $$;
CREATE TRIGGER watch_outcomes AFTER UPDATE ON callouts FOR EACH ROW
WHEN (old.outcome IS NOT NULL AND old.outcome IS DISTINCT FROM new.outcome)
EXECUTE FUNCTION note_changed_mind();
"""
_OPEN: Final = (
    f"SELECT (SELECT count(*) FROM assignment_requests WHERE state NOT IN {ENDED})"  # noqa: S608
    " + (SELECT count(*) FROM callouts WHERE outcome IS NULL)"
    " + (SELECT count(*) FROM runs WHERE completed_date_time IS NULL)"
    f" + (SELECT count(*) FROM work WHERE dead_at IS NULL AND key <> '{recurring.KEY}')"
)


async def observe(url: str) -> None:
    """Have the database note whenever a callout that has ended ends differently."""
    if url.startswith("sqlite"):
        watch(_file(url))
        return
    conn = await connected(url)
    await conn.execute(_WATCH)
    await conn.close()


async def still_open(url: str) -> int:
    """Count what has not ended, of requests, callouts, runs and work."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(_file(url))) as file:
            return int(file.execute(_OPEN).fetchone()[0])
    conn = await connected(url)
    try:
        return int(await conn.fetchval(_OPEN))
    finally:
        await conn.close()


async def proven(url: str, load: Load, folder: Path) -> list[str]:
    """Give everything that does not hold, in words."""
    file = folder / "evidence.db"
    if url.startswith("sqlite"):
        file = _file(url)
    else:
        await _copy(url, file)
    with closing(sqlite3.connect(file)) as conn:
        conn.row_factory = sqlite3.Row
        return [*violations(file, load, load.places), *_calls_and_answers(conn, load)]


async def unnamed(url: str, nodes: Sequence[str]) -> list[str]:
    """Tell of workers that do not have their name, and so begin nothing; they get a moment."""
    async with opened(url) as database:
        missing = set(nodes)
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while missing:
                    async with database.reading() as conn:
                        missing -= await names.held(conn, nodes) or set()
        return [f"{node} has not got its name back" for node in sorted(missing)]


def damage(url: str) -> list[str]:
    """Let SQLite check a file that nobody has open."""
    with closing(sqlite3.connect(_file(url))) as conn:
        found = [row[0] for row in conn.execute("PRAGMA integrity_check")]
    return [] if found == ["ok"] else found


def _calls_and_answers(conn: sqlite3.Connection, load: Load) -> Iterator[str]:
    """Hold the endpoint's own records against what is stored of calls and answers."""
    callouts = {row["id"]: row for row in conn.execute("SELECT * FROM callouts")}
    by_owner = {row["owner_id"]: row for row in callouts.values()}
    called = Counter(about(body)[0] for body in load.calls)
    for id_ in called:
        if id_ not in callouts and id_ not in by_owner:
            yield f"the endpoint was called about {id_}, which nobody knows"
    for id_, row in callouts.items():
        has_gone_on = row["outcome"] in ("resumed", "denied", "sent")
        if has_gone_on and not called[id_] and not called[row["owner_id"]]:
            yield f"callout {id_} is {row['outcome']}, and its endpoint was never called"
    counted = (
        "SELECT callout_id, count(*) FROM callout_attempts WHERE result = 'accepted' GROUP BY 1"
    )
    accepted = dict(tuple(row) for row in conn.execute(counted))
    for id_, row in callouts.items():
        wanted = 1 if row["answer"] else 0
        if accepted.get(id_, 0) != wanted:
            yield f"callout {id_} holds {wanted} answers, the ledger {accepted.get(id_, 0)}"
    for id_, told in load.refusals:
        kept = callouts.get(id_) or by_owner.get(id_)
        if kept is None or kept["outcome"] != "failed" or kept["answer"]:
            outcome = kept["outcome"] if kept else "not there"
            yield f"the answer to callout {id_} was refused ({told}); it is {outcome}"


def _file(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


async def _copy(url: str, file: Path) -> None:
    conn = await connected(url)
    with closing(sqlite3.connect(file)) as copy:
        for table in _TABLES:
            statement = await conn.prepare(f"SELECT * FROM {table}")  # noqa: S608
            names = [attribute.name for attribute in statement.get_attributes()]
            rows = [[_plain(value) for value in row] for row in await statement.fetch()]
            copy.execute(f"CREATE TABLE {table} ({', '.join(names)})")
            marks = ", ".join("?" * len(names))
            copy.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608
        copy.commit()
    await conn.close()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if value is None or isinstance(value, str | int | float | bytes):
        return value
    return json.dumps(value, default=str)
