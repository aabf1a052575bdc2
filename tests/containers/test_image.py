"""The image by itself: what is in it, and how it refuses."""

import pytest

from kasparro import __version__
from tests.containers.engine import IMAGE, Docker, Done
from tests.containers.old_server import old_server
from tests.containers.stack import Stack

pytestmark = pytest.mark.usefixtures("stack")

LARGEST = 250_000_000
UNWANTED = ("gcc", "g++", "cc", "c++", "clang", "as", "ld", "make", "pip", "pip3", "apt-get", "dpkg", "perl", "curl")
SOMEWHERE = ("-e", "DATABASE_URL=postgresql://kasparro@127.0.0.1:1/kasparro")


def test_it_is_small(docker: Docker) -> None:
    assert docker.inspect(IMAGE)["Size"] < LARGEST


def test_it_holds_no_compiler_and_no_package_manager(docker: Docker) -> None:
    looked = docker.start(
        "--entrypoint", "sh", IMAGE, "-c", f"for one in {' '.join(UNWANTED)}; do command -v $one; done; :"
    )

    assert (looked.code, looked.out) == (0, "")


def test_it_runs_as_nobody_special_on_a_root_that_cannot_be_written(docker: Docker) -> None:
    assert docker.start("--entrypoint", "id", IMAGE, "-u").out.strip() == "10001"
    assert docker.start("--cap-drop", "ALL", IMAGE, "--version").out.strip() == __version__
    assert docker.start("--cap-drop", "ALL", IMAGE, "kasparro", "--version").out.strip() == __version__


def test_it_tells_nothing_of_where_it_was_built(docker: Docker) -> None:
    told = docker("history", "--no-trunc", IMAGE) + str(docker.inspect(IMAGE)["Config"])

    assert "PIP_" not in told
    assert "://" not in told.replace("http://127.0.0.1", "")


def test_it_has_a_health_check_and_labels(docker: Docker) -> None:
    config = docker.inspect(IMAGE)["Config"]

    assert config["Healthcheck"]["Test"][1] == "/opt/kasparro/bin/python"
    assert config["Labels"]["org.opencontainers.image.title"] == "Kasparro"


@pytest.mark.parametrize("tool", ["pg_dump", "pg_restore", "psql"])
def test_it_can_back_up_the_server_of_the_compose_file(docker: Docker, tool: str) -> None:
    assert "(PostgreSQL) 18" in docker.start("--entrypoint", tool, IMAGE, "--version").out


@pytest.mark.parametrize("command", ["up", "serve", "worker"])
class TestRefusals:
    """One line that says what is wrong, and a code of its own."""

    def test_no_database_named(self, docker: Docker, command: str) -> None:
        refused(docker.start(IMAGE, command), 3, "DATABASE_URL is not set")

    @pytest.mark.parametrize(
        "secret", ["API_ADMIN_KEY_FILE", "DATABASE_URL_FILE", "PGPASSFILE", "COINGECKO_API_KEY_FILE"]
    )
    def test_a_secret_missing(self, docker: Docker, command: str, secret: str) -> None:
        refused(docker.start(*SOMEWHERE, "-e", f"{secret}=/run/none", IMAGE, command), 3, "a secret is missing", secret)

    def test_a_secret_empty(self, docker: Docker, command: str) -> None:
        refused(docker.start(*SOMEWHERE, "-e", "API_ADMIN_KEY_FILE=/dev/null", IMAGE, command), 3, "is empty")

    def test_a_database_that_does_not_answer(self, docker: Docker, command: str) -> None:
        refused(docker.start(*SOMEWHERE, IMAGE, command), 4, "the database can't be reached")


def test_a_volume_that_cannot_be_written(docker: Docker) -> None:
    # A tmpfs of root's, as a volume that somebody else filled would be.
    mine = ("--tmpfs", "/var/lib/kasparro:uid=0,mode=0755")

    refused(docker.start(*SOMEWHERE, *mine, IMAGE), 5, "can't be written by user 10001")


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_database_that_is_too_old(docker: Docker, command: str) -> None:
    with old_server() as port:
        url = f"DATABASE_URL=postgresql://kasparro@127.0.0.1:{port}/kasparro"
        refused(
            docker.start("--network=host", "-e", url, "-e", f"API_PORT={port + 1}", IMAGE, command),
            4,
            "PostgreSQL 14.9",
            "15 or newer",
        )


def test_the_sandbox_refuses_a_ledger_that_takes_real_data(docker: Docker) -> None:
    script = "echo real > /tmp/ledger && PROVIDERS_FILE=/tmp/ledger kasparro-sandbox"

    refused(docker.start("--entrypoint", "sh", IMAGE, "-c", script), 2, "this ledger takes real data")


def test_secrets_are_not_made_in_a_volume_that_cannot_be_written(docker: Docker) -> None:
    mine = ("--tmpfs", "/run/kasparro/secrets:uid=0,mode=0755")

    refused(docker.start(*mine, "--entrypoint", "kasparro-secrets", IMAGE), 5, "can't be written by user 10001")


def test_the_bare_image_migrates_ingests_and_serves_by_itself(stack: Stack, docker: Docker) -> None:
    stack.kasparro("db", "shell", "-c", "CREATE DATABASE bare")
    name = f"{stack.name}_bare"
    url = f"postgresql://kasparro:{stack.secret('database-password')}@db/bare"
    providers = (
        "-e",
        "COINGECKO_BASE_URL=http://sandbox:9000/api/v3",
        "-e",
        "COINPAPRIKA_BASE_URL=http://sandbox:9000/v1",
    )
    docker(
        "run", "-d", "--name", name, "--network", f"{stack.name}_default", "--read-only", "--tmpfs", "/tmp",
        "--cap-drop", "ALL", "-e", f"DATABASE_URL={url}", *providers, IMAGE,
    )  # fmt: skip
    try:
        asking = (
            "import json, time, urllib.request\n"
            "while True:\n"
            "    try: last = json.load(urllib.request.urlopen('http://127.0.0.1:8000/health'))['last_etl_run']\n"
            "    except OSError: last = None\n"
            "    if last: break\n"
            "    time.sleep(0.5)\n"
            "print(last['success'], last['records_processed'])"
        )
        said = docker("exec", name, "timeout", "60", "/opt/kasparro/bin/python", "-c", asking)
        assert said.startswith("True ")
        assert int(said.split()[1]) > 3_000
        # The key that it made is where only the volume's owner finds it.
        assert len(docker("exec", name, "cat", "/var/lib/kasparro/api-key")) > 24
    finally:
        docker("rm", "-f", "-v", name)
        stack.kasparro("db", "shell", "-c", "DROP DATABASE bare WITH (FORCE)")


def refused(done: Done, code: int, *words: str) -> None:
    """It said why in one line and ended with `code`."""
    said = [line for line in done.err.splitlines() if "serving on" not in line]
    assert (done.code, len(said)) == (code, 1), done.err
    assert said[0].startswith("error: ")
    for word in words:
        assert word in said[0]
