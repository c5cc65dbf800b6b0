"""The tables, for both engines. Import the module of a domain, then name the table."""

from octavo.db.schema import callbacks, dispatch, drafts, money, people, traffic
from octavo.db.schema.base import metadata

__all__ = ["callbacks", "dispatch", "drafts", "metadata", "money", "people", "traffic"]
