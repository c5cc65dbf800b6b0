"""Logs: one event a fact, past tense, data beside the message; no personal data."""

import logging
import sys

import structlog


def configure(form: str, level: str) -> None:
    """Sets up structlog and the standard library's logging on standard error.

    `form` is "console", "json" or "auto" (console on a terminal).
    """
    console = form == "console" or (form == "auto" and sys.stderr.isatty())
    renderer: structlog.types.Processor = (
        structlog.dev.ConsoleRenderer() if console else structlog.processors.JSONRenderer()
    )
    number = logging.getLevelNamesMapping()[level.upper()]
    common: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*common, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    _take_standard(max(number, logging.WARNING), common, renderer)


def _take_standard(
    level: int, common: list[structlog.types.Processor], renderer: structlog.types.Processor
) -> None:
    """What libraries log comes out in the same form."""
    handler = logging.StreamHandler(sys.stderr)
    meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=common, processors=[meta, renderer])
    )
    logging.basicConfig(level=level, handlers=[handler])
    # It warns of every request that is no HTTP: whoever scans ports would fill the log.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
