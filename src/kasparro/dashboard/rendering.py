"""Rendering: a template and the values in it become HTML."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from kasparro import __version__
from kasparro.dashboard import formats
from kasparro.dashboard.asking import address
from kasparro.dashboard.files import file_address

if TYPE_CHECKING:
    from jinja2 import Environment

_FORMATS = (
    formats.price, formats.money, formats.count, formats.percent, formats.share, formats.moment, formats.ago,
    formats.span, formats.size, formats.words, formats.apart, formats.plain, formats.told,
)  # fmt: skip


def render(template: str, values: Mapping[str, Any]) -> str:
    """The HTML of `template`. A value that it needs and isn't there is an error, not a blank."""
    return _templates().get_template(template).render(values)


def warm() -> None:
    """Make ready what the first page would have to wait for: some tenths of a second's work, for a thread."""
    templates = _templates()
    for name in templates.list_templates(["html"]):
        templates.get_template(name)


@cache
def _templates() -> "Environment":
    # A server that starts doesn't wait for what only its pages need.
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("kasparro.dashboard"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    made.filters |= {one.__name__: one for one in _FORMATS}
    made.globals |= {"file": file_address, "address": address, "version": __version__}
    return made
