"""`/dashboard/pass`: a key for a pass, so that a browser can read where reading needs a key."""

from fastapi import APIRouter, Request, Response

from kasparro.api.exchange import Current
from kasparro.api.gate import needs
from kasparro.api.passes import COOKIE, LASTS
from kasparro.store.keys import Scope

router = APIRouter(include_in_schema=False)


@router.post("/dashboard/pass", dependencies=[needs(Scope.READ)])
async def give_pass(request: Request, exchange: Current) -> Response:
    """A cookie that no script can read and no other site can have sent. It opens what is read, and nothing else."""
    given = Response(None, 204, {"cache-control": "no-store"})
    given.set_cookie(
        COOKIE, request.app.state.gate.issue_pass(exchange), max_age=int(LASTS.total_seconds()), httponly=True,
        samesite="strict", secure=request.url.scheme == "https",
    )  # fmt: skip
    return given
