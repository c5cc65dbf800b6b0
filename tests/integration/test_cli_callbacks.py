"""`octavo callback list`."""

from pathlib import Path

import pytest

from octavo.accounts.service import put_parameters
from octavo.callbacks import service
from octavo.callbacks.schemas import Place, RetryRow
from octavo.callbacks.service import Saved
from octavo.db.codes import CallbackKind, EventKind
from octavo.kit.clock import SECOND, Instant
from octavo.ledger.events import Item, Journal, number_events
from tests.common.commands import Commands, commands
from tests.common.database import NOW, connection, make_account, seeded

URL = "https://shop:secret@example.org/hook?a=1"


@pytest.fixture
def octavo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    made = commands(tmp_path, monkeypatch)
    with connection(seeded(made.data_dir)) as c:
        make_account(c)
        make_account(c, login="other@example.org")
        put_parameters(c, 1, {"callback_url_for_sms_deliveries": URL, "sender_for_voice_sms": "A"})
        put_parameters(c, 2, {"callback_url_for_inbounds": "https://example.org/in"})
        journal = Journal()
        for kind, n in ((EventKind.DELIVERED, 700), (EventKind.INBOUND, 3)):
            for seq in range(1, n + 1):
                journal.tell(1, 1, kind, Item(seq, "", NOW))
        journal.write(c, NOW)
        number_events(c, 100)
        held = service.take(c, 1, CallbackKind.DELIVERIES, worker="w", now=NOW)
        assert held is not None
        failed = RetryRow(1, 2, Place(1, 1), 1, NOW, Instant(NOW + SECOND))
        saved = Saved(
            place=Place(1, 10), until=NOW, failures=4, paused_until=Instant(0), dropped=2,
            error="status 500", error_at=NOW, failed=[failed],
        )  # fmt: skip
        service.save(c, held, saved, NOW)
    return made


def test_each_address_with_how_far_it_is_and_what_went_wrong(octavo: Commands) -> None:
    first, second = octavo.json("callback", "list")
    assert first == {
        "account": 1,
        "kind": "deliveries",
        "url": "https://shop:***@example.org/hook?a=1",
        "pos": 1,
        "backlog": 690,
        "retrying": 1,
        "failures": 4,
        "dropped": 2,
        "paused_until": None,
        "error": "status 500",
        "error_at": "2027-01-15T08:00:00Z",
    }
    assert isinstance(second, dict)
    assert (second["account"], second["kind"], second["backlog"]) == (2, "inbounds", 0)


def test_the_table_tells_no_password(octavo: Commands) -> None:
    told = octavo("callback", "list", "--account", "1")
    assert "690" in told
    assert "2027-01-15T08:00:00Z status 500" in told
    assert "secret" not in told
    assert len(told.splitlines()) == 2
