"""What goes to the terminal: results to standard output, all else to standard error."""

import sys
from typing import Any

import msgspec
from rich.console import Console
from rich.markup import escape

_WIDE = 140  # where there is no terminal, nothing is cut to its width
out = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDE)
err = Console(stderr=True, highlight=False)


_ENCODER = msgspec.json.Encoder(decimal_format="number")


def say_error(message: str, remedy: str = "") -> None:
    """One line that names the cause, and the remedy behind it."""
    end = f". {escape(remedy)}" if remedy else ""
    err.print(f"[bold red]error:[/] {escape(message)}{end}", soft_wrap=True)


def print_json(value: Any) -> None:
    """One JSON document on standard output, on one line; decimals keep their digits."""
    sys.stdout.write(_ENCODER.encode(value).decode() + "\n")
    sys.stdout.flush()
