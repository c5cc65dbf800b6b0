"""Every line of the log is a JSON object, also what libraries say."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from octavo.kit import logs


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Leaves logging as it was."""
    root, uvicorn = logging.getLogger(), logging.getLogger("uvicorn.error")
    levels = (root.level, uvicorn.level)
    yield
    root.setLevel(levels[0])
    uvicorn.setLevel(levels[1])
    structlog.reset_defaults()


def configure(patch: pytest.MonkeyPatch) -> None:
    """As a server does, in whose process nobody has set up logging before."""
    patch.setattr(logging.getLogger(), "handlers", [])
    logs.configure("json", "info")


def test_what_a_library_logs_is_json_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch)
    structlog.get_logger().info("campaign finished", campaign=1)
    logging.getLogger("some.library").warning("a %s thing", "strange")
    try:
        int("why")
    except ValueError:
        logging.getLogger("uvicorn.error").exception("it failed")

    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["event"], line["level"]) for line in lines] == [
        ("campaign finished", "info"),
        ("a strange thing", "warning"),
        ("it failed", "error"),
    ]
    assert "ValueError: invalid literal" in lines[2]["exception"]
    assert all(line["timestamp"] for line in lines)


def test_a_request_that_is_no_http_is_no_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch)
    logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
    assert capsys.readouterr().err == ""
