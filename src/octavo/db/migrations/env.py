"""Run by Alembic: migrates on the connection that `octavo.db.migrate` made."""

from alembic import context

from octavo.db.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
