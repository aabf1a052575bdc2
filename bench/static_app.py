"""The reference of the API's speed: one bare FastAPI route that answers with bytes made beforehand.

`python -m bench.static_app FILE` serves the bytes of FILE at `/static`, on the same server with the same settings.
"""

import os
import sys
from pathlib import Path

from fastapi import FastAPI, Response

from kasparro.api.server import run_server
from kasparro.config import load_settings

_FILE = "KASPARRO_BENCH_STATIC"


def app() -> FastAPI:
    """The app of one worker."""
    body = Path(os.environ[_FILE]).read_bytes()
    made = FastAPI()

    @made.get("/static")
    async def static() -> Response:
        return Response(body, media_type="application/json")

    return made


if __name__ == "__main__":
    os.environ[_FILE] = sys.argv[1]
    run_server(load_settings(), app, "uvicorn.protocols.http.httptools_impl:HttpToolsProtocol")
