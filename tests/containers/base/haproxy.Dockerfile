FROM debian:bookworm-slim
RUN apt-get update -qq && apt-get install -qq -y --no-install-recommends haproxy >/dev/null && rm -rf /var/lib/apt/lists/*
STOPSIGNAL SIGUSR1
USER haproxy
ENTRYPOINT ["haproxy", "-W", "-db"]
CMD ["-f", "/usr/local/etc/haproxy/haproxy.cfg"]
