"""Message ids: a carrier may write one way in its answer and another in its receipt."""

from enum import StrEnum


class IdHabit(StrEnum):
    """How the two forms differ. Both are brought to one before they are kept."""

    EXACT = "exact"
    LOOSE = "loose"
    """In case and in leading zeros."""
    ANSWER_HEX = "answer_hex"
    """Hexadecimal in the answer, decimal in the receipt."""
    RECEIPT_HEX = "receipt_hex"
    """Decimal in the answer, hexadecimal in the receipt."""


def from_answer(habit: IdHabit, id_: str) -> str:
    """The id in a submit_sm_resp, as it is kept."""
    return _kept(habit, id_, 16 if habit is IdHabit.ANSWER_HEX else 10)


def from_receipt(habit: IdHabit, id_: str) -> str:
    """The id in a receipt, as it is kept."""
    return _kept(habit, id_, 16 if habit is IdHabit.RECEIPT_HEX else 10)


def joining(answer: str, receipt: str) -> list[IdHabit]:
    """The habits under which both are the same id; none when they are of different messages."""
    return [
        habit for habit in IdHabit if from_answer(habit, answer) == from_receipt(habit, receipt)
    ]


def _kept(habit: IdHabit, id_: str, base: int) -> str:
    if habit is IdHabit.EXACT:
        return id_
    if habit is not IdHabit.LOOSE and id_.isascii() and id_.isalnum():
        try:
            return str(int(id_, base))
        except ValueError:
            pass
    return id_.casefold().lstrip("0") or id_[:1]
