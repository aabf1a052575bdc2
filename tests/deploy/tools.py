"""The tools that look at what is shipped for clouds: where they are, and a visible skip where they aren't."""

import os
import shutil
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
CHECKERS = PROJECT / ".venv-deploy" / "bin"
"""Where `make deploy-check` installs them."""

thorough = pytest.mark.skipif(not os.environ.get("DEPLOY_CHECK"), reason="takes a while: make deploy-check")


def tool(name: str) -> str:
    """The program `name`; the test is skipped where it isn't installed."""
    found = shutil.which(name, path=f"{CHECKERS}{os.pathsep}{os.environ.get('PATH', '')}")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found
