"""One cache of compiled statements for all engines of a test process.

Every test opens databases of its own, and an engine compiles each statement anew. The statements
are the same, and so are the dialects but for their identity.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Final

from sqlalchemy import Connection, Engine, event

_MOST: Final = 5_000


class _Statements(dict[Hashable, Any]):
    """Knows a statement by the name of its dialect, and not by the dialect's identity."""

    def get(self, key: Any, default: Any = None) -> Any:
        """Give what was compiled for a statement on any engine of its kind."""
        return super().get(_named(key), default)

    def __setitem__(self, key: Any, value: Any) -> None:
        if len(self) >= _MOST:
            self.clear()
        super().__setitem__(_named(key), value)


def share_compiled_statements() -> None:
    """Have all engines that are opened from now on look into the one cache."""
    statements = _Statements()

    @event.listens_for(Engine, "engine_connect")
    def _(conn: Connection) -> None:
        conn.execution_options(compiled_cache=statements)


def _named(key: tuple[Any, ...]) -> tuple[Any, ...]:
    dialect, *rest = key
    return (dialect.name, dialect.driver, *rest)
