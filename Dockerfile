# syntax=docker/dockerfile:1
FROM python:3.13-slim AS build
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
WORKDIR /src
RUN pip install --no-cache-dir uv==0.13.9
COPY pyproject.toml uv.lock README.md LICENSE ./
RUN uv sync --frozen --no-dev --no-install-project --group assets
COPY app app
COPY scripts scripts
RUN .venv/bin/python -m scripts.assets
COPY lexicons lexicons
COPY rules rules
RUN uv sync --frozen --no-dev --no-editable

FROM python:3.13-slim
RUN groupadd --gid 10001 shenyan \
    && useradd --uid 10001 --gid 10001 --create-home --shell /usr/sbin/nologin shenyan \
    && install -d -o shenyan -g shenyan /var/lib/shenyan /var/cache/shenyan
COPY --from=build /src/.venv /src/.venv
ENV PATH=/src/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    SHENYAN_SERVER__HOST=0.0.0.0 \
    SHENYAN_RULES__CACHE_DIR=/var/cache/shenyan \
    SHENYAN_STORAGE__URL=sqlite:////var/lib/shenyan/shenyan.db \
    SHENYAN_STORAGE__SPOOL_DIR=/var/lib/shenyan/spool
USER 10001
WORKDIR /var/lib/shenyan
VOLUME ["/var/lib/shenyan"]
EXPOSE 8900
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8900/readyz', timeout=2)"]
ENTRYPOINT ["shenyan"]
CMD ["serve", "--config", "/etc/shenyan/shenyan.toml"]
