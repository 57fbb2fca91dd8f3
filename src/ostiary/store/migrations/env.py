"""Run by alembic: migrates over the connection that it was given."""

from alembic import context

from ostiary.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    # One transaction is open already, and the caller commits it.
    transactional_ddl=False,
)
context.run_migrations()
