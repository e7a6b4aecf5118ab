"""The docs tell what is there: every column that may arrive, every setting and command that they name."""

import re
from pathlib import Path

from pipeline.cli import parser
from pipeline.settings import Settings
from pipeline.sources.forms import FORMS
from pipeline.sources.vendors import TABLES, VENDORS
from pipeline.stages import STAGES

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def test_every_column_that_may_arrive_is_listed() -> None:
    text = (ROOT / "docs" / "deliveries.md").read_text("utf-8")
    for form in FORMS:
        place = f"{form.source}/{'<partner>' if form.table == '*' else form.table}"
        section = text.split(f"### {place}\n\n")[1].split("\n\n")[0]
        listed = {word.strip("*., \n") for word in re.split(r"[,;]| and |one of ", section)}
        assert {column.path for column in form.columns} <= listed, form.name
        required = {column.path for column in form.columns if column.required}
        assert required == set(re.findall(r"\*\*(.+?)\*\*", section)), form.name


def test_every_vendor_s_table_that_counts_is_listed_and_has_its_model_and_a_case() -> None:
    text = (ROOT / "docs" / "vendor-forms.md").read_text("utf-8")
    cases = {path.read_text("utf-8").split("\n")[0] for path in (ROOT / "tests" / "models" / "ingest").glob("*.yml")}
    named = [(re.search(r"\(`([a-z_0-9]+)`\)", part.split("\n")[0]), part) for part in text.split("\n### ")[1:]]
    sections = {found[1]: part for found, part in named if found}
    assert set(sections) == set(VENDORS)
    for table in TABLES:
        if table.is_used:
            assert f"`{table.table}`" in sections[table.vendor], table.name
        assert (ROOT / "sql" / "ingest" / f"{table.name}.sql").exists() == table.is_used, table.name
        assert (f"model: ingest.{table.name}" in cases) == table.is_used, table.name


def test_the_readme_s_settings_exist() -> None:
    table = README.split("| setting | default | meaning |")[1].split("\n\n")[0]
    named = {
        name.split(".")[0]
        for row in table.splitlines()[2:]
        for name in re.findall(r"`([a-z_.<>]+)`", row.split("|")[1])
    }
    assert named
    assert named <= set(Settings.model_fields)


def test_the_readme_s_commands_and_stages_exist() -> None:
    commands = set(parser()._subparsers._group_actions[0].choices)  # type: ignore[union-attr]
    assert (
        set(re.findall(r"landmark (run|stage|marts|check|draft|demo|identity|explain|quarantine|prune)\b", README))
        <= commands
    )
    for stage in STAGES:
        assert f"`{stage}`" in README
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in re.findall(r"make ([a-z-]+)", README):
        assert re.search(rf"^{target}:", makefile, re.M), target


def test_the_pictures_of_the_readme_are_there() -> None:
    for path in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / path).exists(), path
