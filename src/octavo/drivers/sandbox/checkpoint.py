"""A small file that says how far a journal has been dealt with."""

from pathlib import Path


class Checkpoint:
    """A byte offset on disk. What comes after it is dealt with again after a crash."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.offset = self._load()

    def save(self, offset: int) -> None:
        """Replaces the offset at once. A disk that refuses leaves the old one: save again later."""
        if offset == self.offset:
            return
        fresh = self._path.with_name(self._path.name + ".new")
        try:
            fresh.write_text(f"{offset}\n", encoding="ascii")
            fresh.replace(self._path)
        except OSError:
            return
        self.offset = offset

    def _load(self) -> int:
        """The saved offset; 0, the safe side, when there is none or it cannot be read."""
        try:
            saved = self._path.read_bytes().strip()
        except FileNotFoundError:
            return 0
        return int(saved) if saved.isdigit() and len(saved) < 20 else 0
