"""Structured logs on standard error: one line an event, run id and source bound, secrets struck out."""

import logging
import sys
from collections.abc import Iterable

import structlog
from structlog.typing import EventDict, Processor

STRUCK = "[secret]"
_SHORTEST = 3
"""A shorter secret, such as a key that is `x` beside the sandbox, is part of ordinary words: to strike it out of those
would garble them, and give it away."""


class StrikeSecrets:
    """A processor that replaces known secret values wherever they stand in an event."""

    def __init__(self, secrets: Iterable[str]) -> None:
        # The longest first: a secret may be part of another.
        told = {secret for secret in secrets if len(secret) >= _SHORTEST}
        self._secrets = tuple(sorted(told, key=len, reverse=True))

    def __call__(self, logger: object, method: str, event: EventDict) -> EventDict:
        if not self._secrets:
            return event
        return {self._strike_text(key): self._strike(value) for key, value in event.items()}

    def _strike(self, value: object) -> object:
        if isinstance(value, dict):
            return {self._strike(key): self._strike(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._strike(item) for item in value]
        if isinstance(value, str):
            return self._strike_text(value)
        # Whether `str` or `repr` is written is up to the renderer.
        for text in (str(value), repr(value)):
            if (struck := self._strike_text(text)) != text:
                return struck
        return value

    def _strike_text(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, STRUCK)
        return text


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
    console = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
    # Tracebacks become text before secrets are struck out of it, and show no local variables.
    last: list[Processor] = [
        structlog.processors.format_exc_info,
        strike,
        structlog.processors.JSONRenderer() if as_json else console,
    ]
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
    for chatty in ("httpx2", "httpcore2", "alembic", "pyrate_limiter", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
