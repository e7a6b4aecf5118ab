"""The docs tell what is there: every column that may arrive, every setting and command that they name."""

import re
from pathlib import Path

from pipeline.cli import parser
from pipeline.settings import Settings
from pipeline.sources.forms import FORMS
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
    assert set(re.findall(r"landmark (run|stage|marts|check|draft|demo|identity|explain)\b", README)) <= commands
    for stage in STAGES:
        assert f"`{stage}`" in README
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in re.findall(r"make ([a-z-]+)", README):
        assert re.search(rf"^{target}:", makefile, re.M), target


def test_the_pictures_of_the_readme_are_there() -> None:
    for path in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / path).exists(), path
