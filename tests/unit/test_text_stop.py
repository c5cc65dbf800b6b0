import pytest

from octavo.text import stop as text_stop
from octavo.text.stop import (
    ReplyKind,
    has_low_cost_stop_mention,
    has_stop_mention,
    read_reply,
    with_short_code,
)


@pytest.mark.parametrize(
    "text",
    [
        # The vendor's examples (contract 9) and the mission's.
        "This is a Premium SMS with STOP. STOP at 30101",
        "Este es un Mensaje Premium con mención STOP. STOP at 30101",
        "Promo. STOP au 30101",
        "Promo. STOP au XXXXX",
        "STOP XXXXX",
        "STOP 36034.",
        "STOP AU 36034",
        "STOP al 36034",
        "STOP a 36034",
        "STOP à 36034",
        "to opt out: STOP to 36034!",
        "STOP\u00a0au\n36034",
        "STOP: 36034",
    ],
)
def test_a_stop_mention(text: str) -> None:
    assert has_stop_mention(text)
    assert has_low_cost_stop_mention(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Promo",
        "STOP",
        "stop au 30101",
        "Stop au 30101",
        "NONSTOP 30101",
        "STOPPER 30101",
        "STOP au 3010",
        "STOP au 301012",
        "STOP au 0612345678",
        "STOP au xxxxx",
        "STOP au XXXX",
        "STOP au XXXXXX",
        "STOP by 30101",
        "STOP. Call 30101",
        "STOP au ٣٠١٠١",
    ],
)
def test_no_stop_mention(text: str) -> None:
    assert not has_stop_mention(text)
    assert not has_low_cost_stop_mention(text)


@pytest.mark.parametrize("text", ["Promo no PUB=STOP", "no PUB = STOP", "No pub=stop."])
def test_low_cost_has_a_mention_of_its_own(text: str) -> None:
    assert has_low_cost_stop_mention(text)
    assert not has_stop_mention(text)


@pytest.mark.parametrize(
    ("text", "short_code", "expected"),
    [
        ("STOP au XXXXX", "36034", "STOP au 36034"),
        ("XXXXX or XXXXX", "36034", "36034 or 36034"),
        ("STOP au XXXXX", None, "STOP au XXXXX"),
        ("STOP au XXXXX", "", "STOP au XXXXX"),
        ("STOP au 30101", "36034", "STOP au 30101"),
    ],
)
def test_the_routes_short_code_takes_its_place(
    text: str, short_code: str | None, expected: str
) -> None:
    assert with_short_code(text, short_code) == expected


@pytest.mark.parametrize(
    "text",
    [
        "STOP",
        "stop",
        " Stop ",
        "stop!",
        "STOP.",
        "Stop. Merci",
        "merci, stop",
        "Please STOP",
        "stop sms",
        "STOP PUB SVP",
        "STOP au 36034",
        "stop 36034",
        "stop stop stop",
        "STOP 🙏",
        "ＳＴＯＰ",
        "ARRET",
        "Arrêt",
        "arrêt merci",
        "Désabonnement",
        "UNSUBSCRIBE",
        "unsubscribe me",
        "Opt-out",
        "opt out please",
        "Thank you. Stop all messages",
        "BAJA",
        "baja por favor",
        "Stopp",
        "Bitte abmelden",
        "Basta grazie",
        "sair",
        "Afmelden aub",
    ],
)
def test_a_reply_that_stops(text: str) -> None:
    assert read_reply(text) is ReplyKind.STOP


@pytest.mark.parametrize("text", ["START", "start.", "Start please", "UNSTOP", "alta", "opt in"])
def test_a_reply_that_starts_again(text: str) -> None:
    assert read_reply(text) is ReplyKind.START


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "please do not stop sending",
        "don't stop",
        "no stop",
        "Where is the bus stop?",
        "What happens at the end of the day?",
        "Je m'arrete demain a la boutique",
        "STOP or START",
        "stop start",
        "merci",
        "Thanks",
        "30101",
        "STOPPED",
        "oui",
        "yes",
        "👍",
        "\ud800\x00",
    ],
)
def test_a_reply_about_something_else(text: str) -> None:
    assert read_reply(text) is None


@pytest.mark.parametrize(
    ("stop", "start"),
    [
        ("Stop, please", "Start please"),
        ("Stop. Merci", "Reprendre svp"),
        ("Baja, por favor", "Alta, gracias"),
        ("Disiscrivimi, grazie", "Iscrivimi per favore"),
        ("Bitte abmelden, danke!", "Anmelden bitte"),
        ("Sair, obrigada", "Retomar por favor"),
        ("Afmelden aub", "Aanmelden, bedankt"),
        ("Wypisz, dziękuję", "Zapisz proszę"),
        ("Odhlásit, prosím", "Přihlásit prosím"),
        ("Odjava, hvala", "Prijava molim"),
        ("Leiratkozás, köszönöm", "Feliratkozás kérem"),
        ("Dezabonare, vă rog", "Abonare, mulțumesc"),
        ("Avsluta tack", "Återuppta, tack"),
        ("Afmeld, tak", "Tilmeld venligst"),
        ("Avslutt, takk", "Gjenoppta, takk"),
        ("Lopeta, kiitos", "Aloita kiitos"),
        ("İptal lütfen", "başlat, teşekkürler"),
        ("Διαγραφή, παρακαλώ", "Έναρξη, ευχαριστώ"),
        ("Отписаться, пожалуйста", "Подписаться, спасибо"),
        ("إلغاء من فضلك", "اشتراك شكرا"),
    ],
)
def test_a_polite_reply_counts_in_twenty_languages(stop: str, start: str) -> None:
    assert read_reply(stop) is ReplyKind.STOP
    assert read_reply(start) is ReplyKind.START


def test_no_word_means_two_things() -> None:
    assert not text_stop._STOP & text_stop._START
    assert not (text_stop._STOP | text_stop._START) & text_stop._ASIDE
