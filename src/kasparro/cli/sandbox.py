"""`kasparro sandbox`: both providers, simulated, on loopback."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kasparro.cli.console import out

if TYPE_CHECKING:
    from kasparro.sandbox.server import RunningSandbox


def sandbox(
    port: Annotated[int, typer.Option(help="The port on 127.0.0.1; 0 takes a free one.")] = 9000,
    recorded: Annotated[
        Path | None,
        typer.Option(help="Serve recorded responses from this directory.", exists=True, file_okay=False),
    ] = None,
    seed: Annotated[int, typer.Option(help="The seed of the synthetic market.")] = 1,
    coingecko_coins: Annotated[int, typer.Option(help="How many coins CoinGecko lists.")] = 1000,
    coinpaprika_coins: Annotated[int, typer.Option(help="How many coins CoinPaprika lists.")] = 2000,
    coingecko_plan: Annotated[str, typer.Option(help="keyless, demo, pro or unlimited.")] = "demo",
    coinpaprika_plan: Annotated[str, typer.Option(help="free, paid or unlimited.")] = "free",
    frozen_at: Annotated[datetime | None, typer.Option(help="Stop the market's clock at this time (UTC).")] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(help="A fault, such as 'coingecko:/coins/markets?page=3 status=429 times=1'."),
    ] = None,
    latency_ms: Annotated[int, typer.Option(help="Wait so long before each answer.")] = 0,
) -> None:
    """Serve CoinGecko and CoinPaprika on loopback: to try, teach and test with no key and no internet.

    Example: `kasparro sandbox --port 9000 --coingecko-coins 5000`
    """
    from kasparro.sandbox.faults import parse_fault
    from kasparro.sandbox.server import serve
    from kasparro.sandbox.settings import SandboxSettings

    settings = SandboxSettings(
        port=port,
        recorded=recorded,
        seed=seed,
        coingecko_coins=coingecko_coins,
        coinpaprika_coins=coinpaprika_coins,
        coingecko_plan=coingecko_plan,
        coinpaprika_plan=coinpaprika_plan,
        frozen_at=frozen_at.replace(tzinfo=UTC) if frozen_at and frozen_at.tzinfo is None else frozen_at,
        faults=tuple(parse_fault(text) for text in fault or ()),
        latency_ms=latency_ms,
    )
    serve(settings, _ready)


def _ready(running: "RunningSandbox") -> None:
    for note in running.notes:
        out.print(note, markup=False, soft_wrap=True)
    out.print("the sandbox answers; in another terminal:", soft_wrap=True)
    typer.echo(f"export COINGECKO_BASE_URL={running.coingecko_url} COINPAPRIKA_BASE_URL={running.coinpaprika_url}")
