"""Settings of SMPP routes, as they are kept and as docs/carriers.md names them."""

import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from octavo.drivers.protocol import Fault
from octavo.drivers.smpp.addresses import AddressTypes, Type
from octavo.drivers.smpp.config import BadSmppSetting, Plain, read_settings
from octavo.drivers.smpp.identifiers import IdHabit
from octavo.drivers.smpp.settings import BindType, ReceiptAddresses, SmppSettings
from octavo.drivers.smpp.texts import Charset, Long, TextStyle

DOCUMENT = Path(__file__).parents[2] / "docs" / "carriers.md"

PLAIN: dict[str, Plain] = {"host": "smsc.test", "port": 2775, "system_id": "octavo"}


def test_what_is_not_given_is_as_usual() -> None:
    assert read_settings(PLAIN, window=100) == SmppSettings(
        host="smsc.test", port=2775, system_id="octavo"
    )


def test_what_is_given_is_read(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("s3cret\nnot this\n")
    given: dict[str, Plain] = {
        "password_file": str(password),
        "bind": "tx_rx",
        "charset": "latin1",
        "data_coding": "3",
        "long": "sar",
        "short": "0/1",
        "id_habit": "answer_hex",
        "receipt_addresses": "swapped",
        "user_message_reference": "no",
        "response_timeout": 2.5,
        "zone": "Europe/Paris",
        "faults": "0x45=permanent,0x401=ours",
    }
    assert read_settings({**PLAIN, **given}, window=7) == SmppSettings(
        host="smsc.test",
        port=2775,
        system_id="octavo",
        password="s3cret",
        window=7,
        bind=BindType.PAIR,
        text=TextStyle(charset=Charset.LATIN1, data_coding=3, long=Long.SAR),
        addresses=AddressTypes(short=Type(0, 1)),
        id_habit=IdHabit.ANSWER_HEX,
        receipt_addresses=ReceiptAddresses.SWAPPED,
        user_message_reference=False,
        response_timeout=2.5,
        zone=ZoneInfo("Europe/Paris"),
        faults={0x45: Fault.PERMANENT, 0x401: Fault.OURS},
    )


def test_tls_verifies_the_carrier() -> None:
    context = read_settings({**PLAIN, "tls": "yes"}, window=1).tls
    assert context is not None
    assert context.check_hostname


def test_a_password_is_shown_nowhere(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("s3cret")
    settings = read_settings({**PLAIN, "password_file": str(password)}, window=1)
    assert "s3cret" not in repr(settings)


def test_every_documented_setting_is_one() -> None:
    table = DOCUMENT.read_text().split("## Settings")[1].split("## ")[0]
    rows = re.findall(r"^\| (`[^|]*) \|", table, re.MULTILINE)
    names = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert len(names) > 20
    assert [name for name in names if not is_known(name)] == []
    assert not is_known("colour")


def is_known(name: str) -> bool:
    try:
        read_settings({**PLAIN, name: "?"}, window=1)
    except BadSmppSetting as error:
        return "is no setting" not in str(error)
    return True


@pytest.mark.parametrize(
    "wrong",
    [
        {"host": ""},
        {"port": "x"},
        {"response_timeout": "0"},
        {"response_timeout": "nan"},
        {"enquire_every": "inf"},
        {"priority": "4"},
        {"validity": "-1"},
        {"data_coding": "256"},
        {"short": "1"},
        {"receipts": "maybe"},
        {"system_id": "x" * 16},
        {"service_type": "x" * 6},
        {"tls_ca": "/nowhere"},
        {"zone": "../../etc/passwd"},
        {"zone": ""},
    ],
)
def test_what_cannot_be_is_refused(wrong: dict[str, Plain]) -> None:
    with pytest.raises(BadSmppSetting):
        read_settings({**PLAIN, **wrong}, window=1)
