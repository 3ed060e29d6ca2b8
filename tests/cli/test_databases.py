"""What commands say of the database."""

from __future__ import annotations

from ostiary.cli.databases import database_name
from ostiary.settings import Settings


def test_a_database_is_named_without_its_password_however_many_hosts_it_has() -> None:
    def named(url: str) -> str:
        return database_name(Settings(database_url=url))

    assert named("postgresql://o:secret@one/db") == "postgresql://o:***@one/db"
    told = named("postgresql://o:secret@one:5432,two:6432/db")
    assert "one" in told
    assert "two" in told
    assert "secret" not in told
