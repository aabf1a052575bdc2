FROM debian:bookworm-slim
RUN apt-get update -qq && apt-get install -qq -y --no-install-recommends python3-venv python3-pip >/dev/null \
    && rm -rf /var/lib/apt/lists/* && ln -s /usr/bin/python3.11 /usr/local/bin/python3 && ln -s python3 /usr/local/bin/python
COPY ca-certificates.crt /etc/ssl/certs/
CMD ["python3"]
