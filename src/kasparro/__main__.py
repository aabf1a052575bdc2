"""`python -m kasparro`."""

from kasparro.cli import main

main()
