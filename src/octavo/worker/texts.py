"""Texts of granted messages, with the composers of the campaigns under way."""

import json
from collections import OrderedDict

from octavo.db.statements.dispatching import PendingRow
from octavo.text.compose import Composer

KEPT = 256


class Texts:
    """Composes; remembers the composers of the campaigns last used."""

    def __init__(self) -> None:
        self._composers: OrderedDict[int, Composer] = OrderedDict()

    def text(self, row: PendingRow) -> str:
        """What this recipient gets."""
        composer = self._composers.get(row.campaign)
        if composer is None:
            optimising = bool(json.loads(row.options).get("auto_optimize_text", True))
            composer = self._composers[row.campaign] = Composer(row.text, optimising=optimising)
            if len(self._composers) > KEPT:
                self._composers.popitem(last=False)
        return composer.compose(json.loads(row.fields) if row.fields else {})
