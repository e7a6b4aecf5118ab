# Landmark and Airflow in one image, with the pinned versions that the tests ran with.
FROM python:3.12.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    UV_NO_CACHE=1 \
    UV_SYSTEM_PYTHON=1 \
    AIRFLOW_HOME=/opt/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/app/dags \
    AIRFLOW__CORE__LOAD_EXAMPLES=False

RUN useradd --uid 50000 --create-home landmark \
    && install --directory --owner landmark --mode 0700 /opt/airflow /opt/airflow/logs /opt/airflow/auth /var/lib/landmark

# Fonts for the report's PDF.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends fontconfig-config fonts-dejavu-core \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /app

# The dependencies first: a change of code does not install them again.
COPY pyproject.toml README.md ./
COPY constraints/py3.12.txt constraints/
RUN pip install uv==0.13.9 \
    && uv pip install --compile-bytecode --constraint constraints/py3.12.txt --requirement pyproject.toml --extra airflow

COPY pipeline pipeline
COPY landmark_airflow landmark_airflow
COPY expectations expectations
COPY sql sql
COPY reports reports
COPY dags dags
RUN uv pip install --no-deps --editable . && python -m compileall -q pipeline expectations landmark_airflow dags

USER landmark
CMD ["airflow", "version"]
