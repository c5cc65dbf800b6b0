"""What is cut and coded comes back whole."""

from hypothesis import given
from hypothesis import strategies as st

from octavo.drivers.smpp import gsm, udh
from octavo.drivers.smpp.texts import Charset, Long, TextStyle, cut_in
from octavo.text.alphabet import BASIC, EXTENSION, is_gsm, septets
from octavo.text.parts import STANDARD, VENDOR, split

GSM_TEXTS = st.text(st.sampled_from(sorted(BASIC | EXTENSION)), max_size=700)
TEXTS = GSM_TEXTS | st.text(max_size=300)
SEPTETS = st.binary(max_size=170).map(lambda b: bytes(each & 0x7F for each in b))


@given(TEXTS)
def test_the_alphabet_is_that_of_the_planner(text: str) -> None:
    coded = gsm.encode(text)
    assert (coded is not None) == is_gsm(text)
    if coded is not None:
        assert len(coded) == septets(text)
        assert gsm.decode(coded) == text


@given(SEPTETS, st.integers(0, 6))
def test_packing_can_be_undone(septets: bytes, fill: int) -> None:
    packed = gsm.pack(septets, fill)
    assert len(packed) == -(-(len(septets) * 7 + fill) // 8)
    # seven bits left over are taken for filling, whatever was in them
    assert gsm.unpack(packed, fill).rstrip(b"\r\0") == septets.rstrip(b"\r\0")


@given(
    TEXTS.filter(len),
    st.sampled_from([Charset.GSM7, Charset.GSM7_PACKED]),
    st.sampled_from([Long.UDH8, Long.UDH16]),
    st.sampled_from([STANDARD, VENDOR]),
)
def test_parts_put_together_are_the_text(
    text: str, charset: Charset, long: Long, rules: object
) -> None:
    counted = len(split(text, VENDOR if rules is VENDOR else STANDARD))
    style = TextStyle(charset=charset, long=long)
    pieces = style.pieces(text, counted, 0x77AA)
    assert len(pieces) == counted
    whole = []
    for no, piece in enumerate(pieces, 1):
        assert len(piece.body) <= 160
        body, place, size = udh.read(piece.body) if piece.esm_class else (piece.body, None, 0)
        if counted > 1:
            assert place is not None
            assert (place.total, place.no) == (counted, no)
        whole.append(style.decode(body, piece.data_coding, size))
    said, meant = "".join(whole), text.encode("utf-16-be", "surrogatepass")
    if charset is Charset.GSM7:
        assert said == meant.decode("utf-16-be", "replace")
    else:
        # filling may swallow an "@" or a line's end at the end of a part
        assert len(said) <= len(text)


@given(SEPTETS, st.integers(2, 160), st.integers(1, 6))
def test_cuts_are_whole_characters(septets: bytes, most: int, parts: int) -> None:
    # an escape that is followed by an escape is no character of ours
    septets = septets.replace(b"\x1b\x1b", b"\x1b\x65")
    cuts = cut_in(septets, 1, most, parts)
    assert b"".join(cuts) == septets
    assert all(0 < len(cut) <= most for cut in cuts)
    assert all(not cut.endswith(b"\x1b") for cut in cuts[:-1])
