"""What Airflow shows of a stage is what the code says of it."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline import stage_docs
from pipeline.stages import STAGES


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_is_described_by_its_own_words(stage: str) -> None:
    told, module = stage_docs.described(stage), importlib.import_module(f"pipeline.stages.{stage}")
    assert told.startswith(str(module.__doc__).strip().splitlines()[0])
    for need in module.NEEDS:
        assert f"`{need}`" in told
    for model in (stage_docs.SQL / stage).glob("*.sql"):
        assert f"- `{stage}.{model.stem}`: " in told
    assert "-- " not in told


def test_nothing_of_a_stage_is_imported_for_it() -> None:
    code = "import sys; from pipeline.stage_docs import described; described('ranking'); print(sorted(sys.modules))"
    root = Path(__file__).resolve().parents[2]
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root).stdout
    assert not any(f"'{name}'" in out for name in ("numpy", "duckdb", "pipeline.stages.ranking"))
