ARG PYTHON_IMAGE=python:3.13-slim-bookworm
FROM ${PYTHON_IMAGE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
RUN python3 -m venv /usr/local/lib/tocsin
COPY constraints.txt pyproject.toml README.md ./
# The dependencies first, so that a change of the code does not install them anew.
RUN /usr/local/lib/tocsin/bin/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"], sep="\n")' > dependencies.txt \
    && /usr/local/lib/tocsin/bin/pip install --constraint constraints.txt --requirement dependencies.txt
COPY rules rules
COPY net net
COPY store store
COPY watcher watcher
COPY workers workers
COPY console console
COPY tocsin tocsin
RUN /usr/local/lib/tocsin/bin/pip install --no-deps . \
    && /usr/local/lib/tocsin/bin/python -m compileall -q /usr/local/lib/tocsin/lib \
    && /usr/local/lib/tocsin/bin/tocsin init /config

FROM ${PYTHON_IMAGE}
# A number, so that an orchestrator can see that it is not root. Nothing below / needs to be writable but /tmp and /data.
RUN mkdir -p /data && chown 10001:10001 /data
COPY --from=build /usr/local/lib/tocsin /usr/local/lib/tocsin
COPY --from=build /config /config
ENV PATH=/usr/local/lib/tocsin/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    TOCSIN_CONFIG=/config \
    TOCSIN_DATA=/data \
    TOCSIN_HOST=0.0.0.0 \
    TOCSIN_LOG=json
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8765
# Of whatever service runs in it: its sign of life in the ledger, and the console's /healthz where it serves one.
HEALTHCHECK --interval=30s --timeout=10s --start-period=20s CMD ["tocsin", "health"]
ENTRYPOINT ["tocsin"]
CMD ["run"]
