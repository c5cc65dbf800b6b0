"""Files of JSON lines, appended by several links and processes, that may hold torn lines.

A line counts when it is whole: ended by a newline and readable. What a crash or a full disk tore
is skipped by every reader.
"""

import os
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

CHUNK = 32_768

SPOILER = "#\n"
"""Ends a torn line. A bare newline would not do: it would make whole a line that lacks only that,
and that was counted as not written."""


class Journal:
    """The writing end of one file. Raises OSError when the file cannot be opened.

    `end` is where the last append ended, or a little before when others append at the same time.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._fd = os.open(path, flags, 0o660)
        self.end = 0
        self._clean = True

    def append(self, lines: Sequence[str]) -> int:
        """Appends ASCII lines, each with its newline, in one write.

        Returns how many, from the first, are whole in the file: the disk refused the others.
        After a short write the torn line is written again from its start, as another process may
        have appended in between.
        """
        whole = 0
        while whole < len(lines):
            rest = lines[whole:]
            try:
                size = os.lseek(self._fd, 0, os.SEEK_END)
                mark = "" if self._at_line_start(size) else SPOILER
                written = os.write(self._fd, (mark + "".join(rest)).encode("ascii"))
            except OSError:
                break
            self.end = size + written
            whole += _whole(rest, written - len(mark))
            self._clean = whole == len(lines)
        return whole

    def close(self) -> None:
        """Closes the file."""
        os.close(self._fd)

    def _at_line_start(self, size: int) -> bool:
        if not size or (size == self.end and self._clean):
            return True
        return os.pread(self._fd, 1, size - 1) == b"\n"


def _whole(lines: Sequence[str], size: int) -> int:
    """How many of `lines` fit in the first `size` bytes."""
    count = 0
    for line in lines:
        size -= len(line)
        if size < 0:
            break
        count += 1
    return count


class Follower:
    """Reads what is appended to a file, from `offset` on. The file need not exist yet."""

    def __init__(self, path: Path, offset: int) -> None:
        self._path = path
        self.offset = offset if offset <= self.size() else 0

    def read(self) -> list[bytes]:
        """The next lines, about 32 KiB of them; none when there is no new one."""
        if self.size() <= self.offset:
            return []
        with self._path.open("rb") as file:
            file.seek(self.offset)
            lines = file.readlines(CHUNK)
        if lines and not lines[-1].endswith(b"\n"):
            lines.pop()
        self.offset += sum(map(len, lines))
        return lines

    def size(self) -> int:
        """The bytes in the file now."""
        try:
            return self._path.stat().st_size
        except FileNotFoundError:
            return 0


def forwards(path: Path) -> Iterator[bytes]:
    """The lines of a file, first to last; none when there is no file."""
    try:
        with path.open("rb") as file:
            yield from (line for line in file if line.endswith(b"\n"))
    except FileNotFoundError:
        return


def backwards(path: Path) -> Iterator[bytes]:
    """The lines of a file, last to first, without their newlines; none when there is no file."""
    try:
        yield from islice(_pieces_backwards(path), 1, None)
    except FileNotFoundError:
        return


def _pieces_backwards(path: Path) -> Iterator[bytes]:
    """What newlines separate, last to first: the first one is what follows the last newline."""
    with path.open("rb") as file:
        position = file.seek(0, os.SEEK_END)
        head = b""
        while position:
            size = min(CHUNK, position)
            position -= size
            file.seek(position)
            head, *pieces = (file.read(size) + head).split(b"\n")
            yield from reversed(pieces)
        yield head
