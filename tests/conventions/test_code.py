"""The house style of code, held by tests: one door a heavy library, data flows one way, stages are named once."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import pipeline
from pipeline.stages import STAGES

ROOT = Path(pipeline.__file__).resolve().parent.parent
PACKAGE = sorted((ROOT / "pipeline").rglob("*.py"))
DOORS = {
    "great_expectations": {"pipeline/quality.py"},
    "jinja2": {"pipeline/render.py"},
    "vl_convert": {"pipeline/render.py"},
    "adbc_driver_postgresql": {"pipeline/sources/database.py"},
    "paramiko": {"pipeline/sources/sftp.py"},
    "airflow": set(),
}


def imports(path: Path) -> set[str]:
    """The top-level packages that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def test_the_package_is_this_one() -> None:
    assert Path(pipeline.__file__).resolve() == ROOT / "pipeline" / "__init__.py"


@pytest.mark.parametrize("path", PACKAGE, ids=lambda p: str(p.relative_to(ROOT)))
def test_heavy_libraries_have_one_door(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    for library, doors in DOORS.items():
        assert library not in imports(path) or name in doors, f"{name} imports {library}"


@pytest.mark.parametrize("path", PACKAGE, ids=lambda p: str(p.relative_to(ROOT)))
def test_nothing_asks_the_clock_or_the_environment(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    text = path.read_text("utf-8")
    assert "os.environ" not in text or name in ("pipeline/settings.py", "pipeline/embedded/driver.py")
    if name not in ("pipeline/embedded/driver.py", "pipeline/mailing/mail.py"):
        assert "datetime.now(" not in text and "date.today(" not in text, "the night is a parameter, never the clock"


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_has_one_name(stage: str) -> None:
    module = importlib.import_module(f"pipeline.stages.{stage}")
    assert set(module.NEEDS) <= set(STAGES[: STAGES.index(stage)])
    assert callable(module.build)


@pytest.mark.parametrize("path", PACKAGE, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_stay_readable(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.count("\n") <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 60, f"{node.name} is too long"


def test_asking_for_help_loads_nothing_heavy() -> None:
    heavy = ("pandas", "duckdb", "pyarrow", "sklearn", "great_expectations", "splink", "numpy", "pydantic", "sqlglot")
    code = f"import sys, pipeline.cli as c; c.parser(); print([m for m in {heavy!r} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert out.stdout.strip() == "[]"


def test_the_project_speaks_of_itself_alone() -> None:
    tracked = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True, cwd=ROOT).stdout.split()
    for name in tracked:
        path = ROOT / name
        if (
            path.suffix in (".py", ".sql", ".md", ".yml", ".toml", ".j2", ".txt", ".css")
            and name != "tests/conventions/test_code.py"
        ):
            text = path.read_text("utf-8")
            for word in ("/" + "work/", "/" + "root/", "pypi" + ".org", "files.python" + "hosted"):
                assert word not in text, f"{name} holds {word}"
