"""The front door: every command of `kasparro`.

Lives here: arguments, progress, tables, exit codes.
May not live here: what the commands do; they call the other rooms.
"""

from kasparro.cli.main import main

__all__ = ["main"]
