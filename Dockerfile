# Two stages: the first installs wheels whose hashes are in the lock, the second carries them and the code, and no tools.
# BASE can name any image with Python 3.11, so that the build also works where nothing can be pulled.
# LOCK=backbone.lock adds the clients of Kafka, Redis and PostgreSQL.
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
ARG LOCK=run.lock
COPY requirements/${LOCK} /build/run.lock
RUN python3 -m venv /opt/keel/venv \
    && /opt/keel/venv/bin/pip install --no-cache-dir --only-binary=:all: --require-hashes --requirement /build/run.lock \
    && /opt/keel/venv/bin/pip uninstall --yes --quiet pip setuptools
WORKDIR /opt/keel/app
COPY contracts contracts
COPY quant quant
COPY runtime runtime
COPY actors actors
COPY adapters adapters
COPY bot bot
# The root file system is read-only when it runs: byte code is written now or never.
RUN /opt/keel/venv/bin/python -m compileall -q /opt/keel/app /opt/keel/venv/lib \
    && install -d -o 65532 -g 65532 -m 0700 /state

FROM ${BASE}
# LightGBM's wheel links against the system's OpenMP runtime; of a base without one the distribution's present one is taken.
# hadolint ignore=DL3008
RUN python3 -c 'import ctypes; ctypes.CDLL("libgomp.so.1")' 2>/dev/null \
    || { apt-get update && apt-get install -y --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/*; }
COPY --from=build /opt/keel /opt/keel
COPY --from=build --chown=65532:65532 /state /var/lib/keel
ENV PATH=/opt/keel/venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    BOT__RUNS__DIRECTORY=/var/lib/keel \
    BOT__HEALTH__PORT=8321
WORKDIR /opt/keel/app
USER 65532:65532
VOLUME ["/var/lib/keel"]
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['BOT__HEALTH__PORT'] + '/livez', timeout=3)"]
ENTRYPOINT ["python", "-m", "bot"]
CMD ["run", "--profile", "canary"]
