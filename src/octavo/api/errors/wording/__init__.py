"""Sentences by code and language.

A wording is a row of sentences. The first stands alone; each further one is said only when the
data that its placeholders name were given. The three tables hold the same codes with the same
placeholders. Where the mission gives the words, they are kept letter for letter.
"""

from typing import NamedTuple


class Notes(NamedTuple):
    """The sentences about recipients of an order that was accepted."""

    repeated: str
    unusable: str
    unserved: str
    more: str
