"""Used once, while the image is built: imports all of Kasparro, and what it loads only when it is needed."""

import sys
from importlib import import_module
from pkgutil import walk_packages

import kasparro

LATER = (
    "alembic.command", "httptools", "multiprocessing.popen_spawn_posix",
    "multiprocessing.resource_tracker", "sqlalchemy.dialects.postgresql.psycopg", "urllib.request",
    "uvicorn.lifespan.on", "uvicorn.loops.uvloop", "uvicorn.supervisors", "uvloop",
)  # fmt: skip

sys.dont_write_bytecode = False
for module in walk_packages(kasparro.__path__, "kasparro."):
    # Those two act as soon as they are imported.
    if not module.name.endswith(("__main__", "migrations.env")):
        import_module(module.name)
for name in LATER:
    import_module(name)
