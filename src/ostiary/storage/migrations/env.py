"""What Alembic runs: the connection comes from the caller, with its transaction begun."""

from typing import Any, Literal

from alembic import context

from ostiary.storage.schema import load_all_tables
from ostiary.storage.tables import Instant, Json, metadata


def render_item(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Spell our own column types by their names; leave the rest to Alembic."""
    if kind == "type" and isinstance(item, Instant):
        return "Instant()"
    if kind == "type" and repr(item) == repr(Json):
        return "Json"
    return False


load_all_tables()
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    render_item=render_item,
    transactional_ddl=True,
    process_revision_directives=context.config.attributes.get("process_revision_directives"),
)
with context.begin_transaction():
    context.run_migrations()
