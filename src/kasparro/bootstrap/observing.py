"""What this process tells of itself, as the settings have it."""

from kasparro.config import LogFormat, LogLevel, Settings
from kasparro.observability.logs import configure_logs
from kasparro.observability.traces import configure_traces


def set_up_logs(settings: Settings, *, quietest: LogLevel) -> None:
    """Set up this process' logs: at LOG_LEVEL, or `quietest` where it is unset."""
    configure_logs(
        level=settings.log_level or quietest, as_json=settings.log_format is LogFormat.JSON, secrets=settings.secrets()
    )


def set_up_traces(settings: Settings) -> None:
    """Send this process' traces, where OTEL_EXPORTER_OTLP_ENDPOINT says to. It begins a thread: not for a process that
    makes others without starting them anew."""
    if settings.otel_exporter_otlp_endpoint:
        configure_traces(str(settings.otel_exporter_otlp_endpoint))
