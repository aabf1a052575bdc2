"""The sources there are: each module of this package that offers `build_source`."""

import importlib
import pkgutil
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

import kasparro.sources
from kasparro.config import Settings
from kasparro.sources.contract import Source
from kasparro.sources.politeness import Politeness

if TYPE_CHECKING:
    from kasparro.sources.client import PoliteClient

ClientFactory = Callable[[str, Politeness], "PoliteClient"]
"""Makes the polite client of the provider called so under this plan, with its settings applied."""

Builder = Callable[[Settings, ClientFactory], Source]


@cache
def builders() -> dict[str, Builder]:
    """Source name -> the function that builds it. A source's name is that of its module."""
    found: dict[str, Builder] = {}
    for module in pkgutil.iter_modules(kasparro.sources.__path__):
        builder = getattr(importlib.import_module(f"kasparro.sources.{module.name}"), "build_source", None)
        if builder is not None:
            found[module.name] = builder
    return found
