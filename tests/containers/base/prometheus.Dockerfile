FROM debian:bookworm-slim
RUN apt-get update -qq && apt-get install -qq -y --no-install-recommends prometheus >/dev/null && rm -rf /var/lib/apt/lists/* \
    && ln -s /usr/bin/prometheus /usr/bin/promtool /bin/ 2>/dev/null; install -d -o nobody -g nogroup /prometheus
USER nobody
WORKDIR /prometheus
VOLUME /prometheus
ENTRYPOINT ["/usr/bin/prometheus"]
CMD ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"]
