"""Ways out of a campaign: the STOP mention of a text, and the reply that uses it (contract 9)."""

import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

SHORT_CODE = "XXXXX"
"""Stands in a text for the short code of the route that will carry it."""

_MENTION = re.compile(rf"\bSTOP\s*:?\s+(?:(?i:au|at|al|a|à|to)\s+)?([0-9]{{5}}|{SHORT_CODE})(?!\w)")
_NO_PUB = re.compile(r"\bno\s+PUB\s*=\s*STOP\b", re.IGNORECASE)


def has_stop_mention(text: str) -> bool:
    """Whether a premium marketing text tells how to opt out: "STOP au 30101", "STOP XXXXX".

    STOP is in capitals; `au`, `at`, `al`, `a` or `to` may follow in any case; then five digits
    or the place of the short code.
    """
    return _MENTION.search(text) is not None


def stop_number(text: str) -> str:
    """The short code that a text's STOP mention names, "" when it has none."""
    found = _MENTION.search(text)
    return found[1] if found and found[1] != SHORT_CODE else ""


def has_low_cost_stop_mention(text: str) -> bool:
    """As `has_stop_mention`; `no PUB=STOP` will do as well."""
    return has_stop_mention(text) or _NO_PUB.search(text) is not None


def with_short_code(text: str, short_code: str | None) -> str:
    """The text with the short code in each of its places; unchanged when there is none."""
    return text.replace(SHORT_CODE, short_code) if short_code else text


class ReplyKind(StrEnum):
    """What a reply asks for."""

    STOP = "stop"
    START = "start"


class _Words(NamedTuple):
    """The words of one language."""

    stop: str
    start: str
    aside: str


_LANGUAGES = {
    "en": _Words(
        "STOP STOPALL UNSUBSCRIBE UNSUB CANCEL END QUIT REVOKE OPTOUT REMOVE",
        "START UNSTOP SUBSCRIBE RESUBSCRIBE RESUME OPTIN",
        "PLEASE PLS THANKS THANK YOU HELLO HI SMS TEXTS MESSAGES ADS SPAM ALL ME IT NOW TO AT",
    ),
    "fr": _Words(
        "STOP STOPPER STOPPEZ ARRET ARRETER ARRETEZ DESABONNER DESABONNEMENT DESINSCRIRE "
        "DESINSCRIPTION DESINSCRIVEZ",
        "START REPRENDRE REPRISE REABONNER REABONNEMENT REINSCRIRE REINSCRIPTION",
        "MERCI SVP STP BONJOUR BONSOIR SALUT CORDIALEMENT PUB PUBS TOUT MOI AU A LES VOS",
    ),
    "es": _Words(
        "STOP BAJA ALTO PARAR PARE CANCELAR DESUSCRIBIR DETENER",
        "START ALTA SUSCRIBIR REANUDAR",
        "GRACIAS POR FAVOR HOLA PUBLICIDAD MENSAJES TODO AL",
    ),
    "it": _Words(
        "STOP FERMA FERMARE BASTA CANCELLA CANCELLAMI DISISCRIVI DISISCRIVIMI",
        "START INIZIA ISCRIVI ISCRIVIMI RIPRENDI",
        "GRAZIE PER FAVORE CIAO BUONGIORNO PUBBLICITA MESSAGGI TUTTO",
    ),
    "de": _Words(
        "STOP STOPP ABMELDEN ABBESTELLEN ABMELDUNG KUENDIGEN KUNDIGEN",
        "START STARTEN ANMELDEN ANMELDUNG",
        "BITTE DANKE HALLO WERBUNG NACHRICHTEN ALLE AN",
    ),
    "pt": _Words(
        "STOP PARAR PARE SAIR CANCELAR REMOVER",
        "START INICIAR RETOMAR",
        "OBRIGADO OBRIGADA POR FAVOR OLA MENSAGENS PUBLICIDADE TUDO",
    ),
    "nl": _Words(
        "STOP STOPPEN AFMELDEN UITSCHRIJVEN",
        "START STARTEN AANMELDEN INSCHRIJVEN",
        "ALSTUBLIEFT AUB DANK BEDANKT JE U HALLO RECLAME BERICHTEN ALLES",
    ),
    "pl": _Words(
        "STOP WYPISZ REZYGNUJE REZYGNACJA ZATRZYMAJ ANULUJ",
        "START WZNOW ZAPISZ",
        "DZIEKUJE DZIEKI PROSZE DZIEN DOBRY REKLAMY",
    ),
    "cs": _Words(
        "STOP ODHLASIT ODHLASTE ZRUSIT UKONCIT",
        "START PRIHLASIT OBNOVIT",
        "DEKUJI DIKY PROSIM DOBRY DEN REKLAMY",
    ),
    "hr": _Words(
        "STOP ODJAVA ODJAVI PREKINI",
        "START PRIJAVA PRIJAVI NASTAVI",
        "HVALA MOLIM DOBAR DAN REKLAME",
    ),
    "hu": _Words(
        "STOP LEIRATKOZAS LEIRATKOZOM LEALLITAS",
        "START FELIRATKOZAS FELIRATKOZOM",
        "KOSZONOM KEREM SZEPEN JO NAPOT",
    ),
    "ro": _Words(
        "STOP DEZABONARE DEZABONEAZA OPRESTE OPRITI RENUNT",
        "START ABONARE REABONARE PORNESTE",
        "MULTUMESC VA ROG BUNA ZIUA RECLAME",
    ),
    "sv": _Words(
        "STOPP STOPPA AVSLUTA SLUTA AVREGISTRERA",
        "START STARTA ATERUPPTA",
        "TACK SNALLA HEJ REKLAM",
    ),
    "da": _Words(
        "STOP AFMELD FRAMELD AFSLUT",
        "START TILMELD GENOPTAG",
        "TAK VENLIGST HEJ REKLAMER",
    ),
    "no": _Words(
        "STOPP AVSLUTT AVMELD SLUTT",
        "START GJENOPPTA",
        "TAKK VENNLIGST HEI REKLAME",
    ),
    "fi": _Words(
        "STOP LOPETA PERUUTA PERUUTUS",
        "START ALOITA JATKA",
        "KIITOS KIITTI OLE HYVA HEI MAINOKSET",
    ),
    "tr": _Words(
        "DUR DURDUR IPTAL CIK CIKIS",
        "BASLA BASLAT",
        "LUTFEN TESEKKURLER TESEKKUR EDERIM MERHABA REKLAM",
    ),
    "el": _Words(
        "ΣΤΟΠ ΔΙΑΓΡΑΦΗ ΔΙΑΚΟΠΗ ΤΕΛΟΣ",
        "ΣΤΑΡΤ ΕΝΑΡΞΗ ΕΓΓΡΑΦΗ",
        "ΕΥΧΑΡΙΣΤΩ ΠΑΡΑΚΑΛΩ ΓΕΙΑ ΣΑΣ",
    ),
    "ru": _Words(
        "СТОП ОТПИСАТЬСЯ ОТПИСКА ОТПИШИТЕ ОТМЕНА ОТКАЗ",
        "СТАРТ ПОДПИСАТЬСЯ ПОДПИСКА",
        "СПАСИБО ПОЖАЛУЙСТА ЗДРАВСТВУЙТЕ ПРИВЕТ РЕКЛАМА РЕКЛАМУ",
    ),
    "ar": _Words(
        "توقف إيقاف أوقف إلغاء",
        "ابدأ بدء اشتراك",
        "شكرا من فضلك مرحبا",
    ),
}


def _bare_capitals(text: str) -> str:
    """The text in capitals, without accents and with full-width letters made plain."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).upper()


def _gathered(words: Iterable[str]) -> frozenset[str]:
    return frozenset(_bare_capitals(" ".join(words)).split())


_STOP = _gathered(language.stop for language in _LANGUAGES.values())
_START = _gathered(language.start for language in _LANGUAGES.values())
_ASIDE = _gathered(language.aside for language in _LANGUAGES.values())
_WORD = re.compile(r"[^\W\d_]+")
_OPT = re.compile(r"\bOPT\W?(IN|OUT)\b")


def read_reply(text: str) -> ReplyKind | None:
    """What a reply asks for, None when it is about something else.

    A reply counts when nothing but keywords is left of it once politeness and companions
    ("please", "sms", "ads", the short code) are put aside. So "Stop. Merci" counts, and "please
    do not stop sending" does not: "do", "not" and "sending" are left. All languages are read
    together, for nobody knows the recipient's.
    """
    said = set(_WORD.findall(_OPT.sub(r"OPT\1", _bare_capitals(text)))) - _ASIDE
    if not said:
        return None
    if said <= _STOP:
        return ReplyKind.STOP
    if said <= _START:
        return ReplyKind.START
    return None
