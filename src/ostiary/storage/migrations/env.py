"""What Alembic runs: the connection comes from the caller, with its transaction begun."""

from alembic import context

from ostiary.storage.schema import load_all_tables
from ostiary.storage.tables import metadata

load_all_tables()
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
    process_revision_directives=context.config.attributes.get("process_revision_directives"),
)
with context.begin_transaction():
    context.run_migrations()
