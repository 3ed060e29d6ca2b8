"""What every table is made of: the metadata, and the column types that differ by database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    JSON,
    ColumnElement,
    DateTime,
    Dialect,
    Index,
    MetaData,
    String,
    TypeDecorator,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""The one metadata; names are given by rule, so that migrations can find what they change."""

Json: Final = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
"""A column of JSON; ``None`` is SQL's NULL."""

MOVING: Final = {"fillfactor": 50}
"""How PostgreSQL stores a table whose rows change several times, in columns that are in no index.

Half of each page is kept for what its rows become. A change that stays on its page touches no
index; on full pages it adds an entry to every one.
"""

_WIDTH: Final = len("2026-01-05T09:00:00.000000Z")


def index_where(
    name: str, where: ColumnElement[bool], *columns: Any, unique: bool = False
) -> Index:
    """Make an index of the rows of which ``where`` is true: it grows with these, and no others."""
    return Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


class Instant(TypeDecorator[datetime]):
    """A moment: aware UTC going in and coming out, to the microsecond.

    PostgreSQL keeps it as ``timestamptz``, SQLite as text of one width that sorts by time. Compare
    and order by it freely; do arithmetic in Python.
    """

    impl = String(_WIDTH)
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        """Say what the column holds in Python."""
        return datetime

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the type of the database at hand."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(DateTime(timezone=True))
        return dialect.type_descriptor(String(_WIDTH))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Turn an aware instant into what the database keeps.

        :raises ValueError: the value is naive.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value.isoformat()} has no time zone: instants are aware UTC.")
        moment = value.astimezone(UTC)
        return moment if dialect.name == "postgresql" else _text(moment)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Turn what the database kept into an aware UTC instant."""
        if value is None:
            return None
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        if moment.tzinfo is None:
            # The first and the last instant of all, which the driver takes for infinite ones.
            return moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC)


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06d}Z".rjust(_WIDTH, "0")
