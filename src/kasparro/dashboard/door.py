"""The door: where reading needs a key, pages are for those who have shown one."""

from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from kasparro.dashboard.files import ROOT

Admit = Callable[[Scope], Awaitable[bool]]
"""Whether who sent a request may read."""


class Door:
    """Lets those into `app` whom `admit` does; the others see `sign_in`. The pages' files are for everybody."""

    def __init__(self, app: ASGIApp, admit: Admit, sign_in: ASGIApp) -> None:
        self._app = app
        self._admit = admit
        self._sign_in = sign_in

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let in, or not."""
        inside = scope["path"].startswith(ROOT + "/") or await self._admit(scope)
        await (self._app if inside else self._sign_in)(scope, receive, send)
