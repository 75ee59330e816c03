# The service alone: Directus and Postgres are images of their own in docker-compose.yml.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore

WORKDIR /app

# The same two lines as in the Makefile; the first stands apart so that its layer is kept.
COPY requirements.txt ./
RUN python -m pip install --require-hashes -r requirements.txt
COPY pyproject.toml README.md ./
COPY citrine_py ./citrine_py
COPY directus ./directus
RUN python -m pip install --no-deps --no-build-isolation -e .

RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin citrine \
    && install --directory --owner=citrine --group=citrine --mode=0700 /data
USER citrine

ENV CITRINE_STORE_FOLDER=/data
VOLUME /data
EXPOSE 8080 8081 8082

HEALTHCHECK --interval=10s --timeout=6s --start-period=60s --retries=3 CMD ["citrine-py", "healthy"]
ENTRYPOINT ["citrine-py"]
CMD ["serve"]
