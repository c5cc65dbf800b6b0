"""Torn lines, short writes, reading forwards and backwards."""

import json
import os
from pathlib import Path

import pytest

from octavo.drivers.protocol import Verdict
from octavo.drivers.sandbox import journal
from octavo.drivers.sandbox.checkpoint import Checkpoint
from octavo.drivers.sandbox.journal import Follower, Journal
from octavo.drivers.sandbox.outbox import (
    OutboxRecord,
    last_submission_to,
    outbox_line,
    outbox_path,
    outbox_record,
    read_outbox,
    stamp,
)
from tests.common.sandbox import EPOCH, message

HERE, THERE = "+33600000001", "+33600000002"


def line(to: str, seq: int, ids: tuple[str, ...] = ("a-1",), sender: str = "Octavo") -> str:
    sent = message(to, seq)._replace(sender=sender)
    verdict = Verdict.ACCEPTED if ids else Verdict.REFUSED
    return outbox_line(OutboxRecord(0, EPOCH, *sent, verdict, ids), stamp(EPOCH))


def write(tmp_path: Path, content: str) -> None:
    path = outbox_path(tmp_path)
    path.parent.mkdir(exist_ok=True)
    path.write_text(content, encoding="ascii")


def seqs(tmp_path: Path, *, to: str | None = None, last: bool = False) -> list[int]:
    return [record.seq for record in read_outbox(tmp_path, to=to, last=last)]


def test_lines_are_read_first_to_last_or_only_the_last(tmp_path: Path) -> None:
    write(tmp_path, line(HERE, 1) + line(THERE, 2) + line(HERE, 3) + line(THERE, 4))
    assert seqs(tmp_path) == [1, 2, 3, 4]
    assert seqs(tmp_path, to=HERE) == [1, 3]
    assert seqs(tmp_path, last=True) == [4]
    assert seqs(tmp_path, to=HERE, last=True) == [3]
    assert seqs(tmp_path, to="+33600000009", last=True) == []


def test_there_may_be_no_outbox(tmp_path: Path) -> None:
    assert seqs(tmp_path) == seqs(tmp_path, last=True) == []
    assert last_submission_to(tmp_path, HERE) is None


@pytest.mark.parametrize(
    "torn",
    [
        line(HERE, 9)[:40],
        line(HERE, 9)[:-1],  # lacks its newline only: it was not counted as written
        line(HERE, 9)[:40] + line(HERE, 9),
        line(HERE, 9)[:-1] + line(HERE, 9),
        "#\n",
        "\n",
        "null\n",
        "[1]\n",
        "{}\n",
        '"at"\n',
        "9" * 5_000 + "\n",
        "[" * 100_000 + "\n",
        line(HERE, 9).replace('"a-1"', "5"),
        line(HERE, 9).replace('"seq":9', '"seq":"9"'),
        line(HERE, 9).replace('"seq":9', '"seq":true'),
        line(HERE, 9).replace("accepted", "mislaid"),
        line(HERE, 9).replace('Z"', '"'),
    ],
)
def test_torn_and_foreign_lines_are_skipped(tmp_path: Path, torn: str) -> None:
    write(tmp_path, line(HERE, 1) + torn)
    file = Journal(outbox_path(tmp_path))
    assert file.append([line(HERE, 2), line(HERE, 3)]) == 2
    file.close()
    assert seqs(tmp_path) == [1, 2, 3]
    assert seqs(tmp_path, to=HERE) == [1, 2, 3]
    assert seqs(tmp_path, last=True) == [3]
    write(tmp_path, line(HERE, 1) + torn)
    assert seqs(tmp_path) == seqs(tmp_path, last=True) == [1]


@pytest.mark.parametrize("cut", [1, 50, len(line(HERE, 1)) - 1, len(line(HERE, 1)), 300])
def test_a_short_write_is_made_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    whole_write = os.write
    cuts = [cut, cut]

    def short(fd: int, data: bytes) -> int:
        return whole_write(fd, data[: cuts.pop()] if cuts else data)

    file = Journal(outbox_path(tmp_path))
    monkeypatch.setattr(os, "write", short)
    assert file.append([line(HERE, seq) for seq in range(5)]) == 5
    file.close()
    assert seqs(tmp_path) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("cut", range(0, 3 * len(line(HERE, 1)), 7))
def test_what_is_not_counted_as_written_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    whole_write = os.write
    cuts = [cut]

    def filling(fd: int, data: bytes) -> int:
        if not cuts:
            raise OSError("disk full")
        return whole_write(fd, data[: cuts.pop()])

    file = Journal(outbox_path(tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", filling)
        whole = file.append([line(HERE, seq) for seq in range(3)])
    assert file.append([line(HERE, 8)]) == 1
    file.close()
    assert seqs(tmp_path) == [*range(whole), 8]


def test_the_mark_that_ends_a_torn_line_is_not_counted_as_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "torn")
    file = Journal(outbox_path(tmp_path))
    whole_write = os.write
    cuts = [len(line(HERE, 1))]

    def filling(fd: int, data: bytes) -> int:
        if not cuts:
            raise OSError("disk full")
        return whole_write(fd, data[: cuts.pop()])

    monkeypatch.setattr(os, "write", filling)
    assert file.append([line(HERE, 1)]) == 0
    file.close()
    assert seqs(tmp_path) == []


@pytest.mark.parametrize("chunk", [1, 7, 64, 65_536])
def test_backwards_is_the_reverse_whatever_the_chunk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(journal, "CHUNK", chunk)
    path = tmp_path / "file"
    path.write_bytes(b"one\n\ntwo\nthree is longer\ntorn")
    assert list(journal.backwards(path)) == [b"three is longer", b"two", b"", b"one"]
    path.write_bytes(b"torn only")
    assert list(journal.backwards(path)) == []
    path.write_bytes(b"")
    assert list(journal.backwards(path)) == []


def test_a_follower_gives_each_line_once_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    follower = Follower(path, 0)
    assert follower.read() == []
    path.write_bytes(b"one\ntw")
    assert follower.read() == [b"one\n"]
    assert (follower.read(), follower.offset) == ([], 4)
    path.write_bytes(b"one\ntwo\n" + b"x" * 100_000 + b"\nend\n")
    assert [len(read) for read in follower.read()] == [4, 100_001]
    assert follower.read() == [b"end\n"]


@pytest.mark.parametrize(("offset", "first"), [(0, 0), (8, 8), (9, 0)])
def test_an_offset_past_the_end_means_another_file(tmp_path: Path, offset: int, first: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"one\ntwo\n")
    assert Follower(path, offset).offset == first


def test_the_last_submission_is_one_that_was_taken(tmp_path: Path) -> None:
    write(
        tmp_path,
        line(HERE, 1, sender="A") + line(HERE, 2, sender="B") + line(HERE, 3, ids=(), sender="C"),
    )
    found = last_submission_to(tmp_path, HERE)
    assert found is not None
    assert (found.seq, found.sender) == (2, "B")
    found = last_submission_to(tmp_path, HERE, sender="A")
    assert found is not None
    assert found.seq == 1
    assert last_submission_to(tmp_path, HERE, sender="C") is None


def test_a_line_is_plain_json_in_ascii() -> None:
    fields = json.loads(line(HERE, 1))
    assert list(fields) == [
        "link", "at", "campaign", "seq", "pass", "to", "sender", "text", "parts", "reference",
        "answer", "ids",
    ]  # fmt: skip
    assert fields["at"] == "2027-01-15T08:00:00.000000Z"
    record = outbox_record(line(HERE, 1).encode("ascii"))
    assert record is not None
    assert record.at == EPOCH


@pytest.mark.parametrize("content", [b"", b"x", b"-1", b"\0\0\0", "٣".encode(), b"9" * 5_000])
def test_an_unreadable_checkpoint_is_the_beginning(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "0.reported"
    path.write_bytes(content)
    assert Checkpoint(path).offset == 0


def test_a_checkpoint_that_cannot_be_saved_stays_as_it_was(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "0.reported")
    checkpoint.save(5)
    (tmp_path / "0.reported.new").mkdir()
    checkpoint.save(6)
    assert (checkpoint.offset, Checkpoint(tmp_path / "0.reported").offset) == (5, 5)
