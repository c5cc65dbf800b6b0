"""The GSM 7 bit default alphabet as octets: one septet an octet, or packed (3GPP TS 23.038, 6)."""

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}
ESCAPE = 0x1B
_RETURN = 0x0D

_NOT_GSM = "\uffff"
_TO_SEPTETS = str.maketrans(
    {
        **dict.fromkeys(map(chr, range(128)), _NOT_GSM),
        **{character: chr(septet) for septet, character in enumerate(_BASIC) if septet != ESCAPE},
        **{character: chr(ESCAPE) + chr(septet) for septet, character in _EXTENSION.items()},
    }
)
_FROM_SEPTETS = {
    **dict(enumerate(_BASIC)),
    # A receiver that does not know the septet after an escape shows that of the basic table.
    **{128 + septet: _EXTENSION.get(septet, _BASIC[septet]) for septet in range(128)},
}


def encode(text: str) -> bytes | None:
    """The septets of a text, an octet each; None when a character is not in the alphabet."""
    try:
        return text.translate(_TO_SEPTETS).encode("ascii")
    except UnicodeEncodeError:
        return None


def decode(septets: bytes) -> str:
    """The text of septets, an octet each. An escape before nothing is a space."""
    if ESCAPE not in septets:
        return "".join([_FROM_SEPTETS[septet & 0x7F] for septet in septets])
    first, *others = bytes(septet & 0x7F for septet in septets).split(b"\x1b")
    characters = [_FROM_SEPTETS[septet] for septet in first]
    for run in others:
        characters.append(_FROM_SEPTETS[128 + run[0]] if run else " ")
        characters += [_FROM_SEPTETS[septet] for septet in run[1:]]
    return "".join(characters)


def pack(septets: bytes, fill: int = 0) -> bytes:
    """Eight septets in seven octets, after `fill` bits of nothing (23.038, 6.1.2.1.1).

    Seven bits left over would read as another "@": a carriage return fills them (6.1.2.3.1).
    """
    if (len(septets) * 7 + fill) % 8 == 1:
        septets += bytes((_RETURN,))
    bits = 0
    for septet in reversed(septets):
        bits = bits << 7 | septet
    return (bits << fill).to_bytes((len(septets) * 7 + fill + 7) // 8, "little")


def unpack(octets: bytes, fill: int = 0) -> bytes:
    """The septets of packed octets, without what fills the last one."""
    bits = int.from_bytes(octets, "little") >> fill
    count = (len(octets) * 8 - fill) // 7
    septets = bytes(bits >> 7 * place & 0x7F for place in range(count))
    left = (len(octets) * 8 - fill) % 7
    if count and not left and septets[-1] in {0, _RETURN}:
        return septets[:-1]
    return septets
