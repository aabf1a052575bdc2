"""Structured logs on standard error: one line an event, run id and source bound, secrets struck out."""

import logging
import sys
from collections.abc import Iterable

import structlog
from structlog.typing import EventDict, Processor

STRUCK = "[secret]"


class StrikeSecrets:
    """A processor that replaces known secret values wherever they stand in an event."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = tuple(secret for secret in secrets if secret)

    def __call__(self, logger: object, method: str, event: EventDict) -> EventDict:
        if not self._secrets:
            return event
        return {key: self._strike(value) for key, value in event.items()}

    def _strike(self, value: object) -> object:
        if isinstance(value, dict):
            return {key: self._strike(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._strike(item) for item in value]
        text = value if isinstance(value, str) else str(value)
        struck = text
        for secret in self._secrets:
            struck = struck.replace(secret, STRUCK)
        return value if struck == text else struck


def configure_logs(*, level: str, as_json: bool, secrets: Iterable[str] = ()) -> None:
    """Set up logging for this process: structlog, and the standard library's loggers through it.

    `level` is a standard level name; events go to standard error, as JSON or for a console.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="timestamp"),
        structlog.processors.StackInfoRenderer(),
    ]
    strike = StrikeSecrets(secrets)
    last: list[Processor] = (
        [structlog.processors.format_exc_info, strike, structlog.processors.JSONRenderer()]
        if as_json
        else [strike, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
            foreign_pre_chain=shared,
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for chatty in ("httpx2", "httpcore2", "alembic", "pyrate_limiter"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
