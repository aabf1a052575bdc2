"""The provider simulator: CoinGecko and CoinPaprika over HTTP on loopback.

Lives here: a seeded synthetic market, recorded replies, plans with their limits, faults on request.
May not live here: anything of `sources/`; the two are written from the providers' documents apart.
"""

from kasparro.sandbox.faults import Fault, FaultSyntaxError, parse_fault
from kasparro.sandbox.recorded import RecordingError
from kasparro.sandbox.server import PortUnavailableError, RunningSandbox, serve, start
from kasparro.sandbox.settings import SandboxSettingError, SandboxSettings

__all__ = [
    "Fault",
    "FaultSyntaxError",
    "PortUnavailableError",
    "RecordingError",
    "RunningSandbox",
    "SandboxSettingError",
    "SandboxSettings",
    "parse_fault",
    "serve",
    "start",
]
