"""How Alembic reaches a database: on a connection of ours, no `alembic.ini`."""

from pathlib import Path

import sqlalchemy as sa
from alembic.config import Config


def config(connection: sa.Connection | None = None) -> Config:
    """Alembic's settings, with the connection that `env.py` is to use."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent))
    made.set_main_option("path_separator", "os")
    made.attributes["connection"] = connection
    return made
