"""landmark identity on the command line: exit codes, one-line errors, JSON, masks, and what erase and export ask."""

import json
import re
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli import main, parser
from pipeline.identity.decisions import decisions_path
from pipeline.settings import Settings
from tests.unit import identity_case

Ran = tuple[int, str, str]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return identity_case.build(tmp_path_factory.mktemp("identity"))


@pytest.fixture
def run(built: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """Runs `landmark identity …` on the night; returns the exit code and what was printed."""
    decisions_path(built.data).unlink(missing_ok=True)
    monkeypatch.setenv("LANDMARK_HASH_KEY", identity_case.SECRET)

    def ran(*arguments: str) -> Ran:
        try:
            code = main(["identity", *arguments, "--data", str(built.data)])
        except SystemExit as exit_:
            code = int(str(exit_.code))
        out = capsys.readouterr()
        return code, out.out, out.err

    return ran


@pytest.mark.parametrize(
    "arguments",
    [
        ("explain", "CA"), ("explain", "CA", "CB"), ("review",), ("link", "crm_id:A1", "crm_id:D1", "--why", "x"),
        ("unlink", "crm_id:A1", "crm_id:D1", "--why", "x"), ("decisions",), ("ledger",), ("ledger", "CA"),
    ],
)  # fmt: skip
def test_every_question_answers_as_text_and_as_json(run: Callable[..., Ran], arguments: tuple[str, ...]) -> None:
    code, text, _ = run(*arguments)
    assert code == 0 and text.strip()
    code, text, _ = run(*arguments, "--json")
    assert code == 0
    json.loads(text)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("explain", "crm_id:nobody"), 1),
        (("link", "crm_id:A1", "crm_id:A1", "--why", "x"), 1),
        (("forget", "crm_id:A1", "crm_id:D1"), 1),
        (("link", "crm_id:A1", "crm_id:D1"), 2),
        (("explain", "CA", "--picture", "why.gif"), 2),
        (("ledger", "--map", "map.csv"), 2),
        (("ledger", "--night", "2026-6-1"), 2),
        (("review", "--limit", "0"), 2),
        (("review", "--limit", "٣"), 2),
        (("nothing",), 2),
    ],
)
def test_what_fails_says_so_in_one_line(run: Callable[..., Ran], arguments: tuple[str, ...], code: int) -> None:
    got, out, err = run(*arguments)
    assert (got, out) == (code, "")
    told = err.strip().splitlines()
    assert told[-1].startswith("landmark") and (code == 2 or len(told) == 1)
    assert "Traceback" not in err


@pytest.mark.parametrize("text", ["\x1b[31mred", "' or 1=1 --", "../../x", "a\nb", "$(id)", "-"])
def test_hostile_ids_do_nothing(run: Callable[..., Ran], built: Settings, text: str) -> None:
    before = sorted(built.data.rglob("*"))
    for question in (("explain", text), ("ledger", text), ("link", text, "crm_id:A1", "--why", "x"), ("erase", text)):
        code, out, err = run(*question)
        assert code == 1 and out == "" and err.count("\n") == 1 and "\x1b" not in err
    left = [path for path in sorted(built.data.rglob("*")) if path.name not in ("lock", "spill")]
    assert left == [path for path in before if path.name not in ("lock", "spill")]


def test_deciding_tells_when_it_counts_and_what_it_replaces(run: Callable[..., Ran]) -> None:
    assert (
        "counts from the next night that is run; 2026-06-30 stays as it is"
        in (run("link", "crm_id:A1", "crm_id:D1", "--why", "same card", "--by", "ann")[1])
    )
    assert (
        "It replaces: crm_id:A1 and crm_id:D1 were linked by ann: same card"
        in (run("unlink", "crm_id:D1", "crm_id:A1", "--why", "sisters", "--by", "bob")[1])
    )
    assert run("decisions")[1].splitlines() == [
        "link   crm_id:A1 crm_id:D1  by ann: same card  (replaced since)",
        "unlink crm_id:D1 crm_id:A1  by bob: sisters",
    ]
    assert run("forget", "crm_id:A1", "crm_id:D1")[1].startswith("taken back: ")
    assert run("decisions")[1] == "nothing was decided\n"


def test_personal_data_is_printed_on_request_alone(run: Callable[..., Ran]) -> None:
    for question in (("explain", "CA"), ("review",), ("ledger", "CA")):
        assert not any(value in run(*question)[1] for value in ("mira", "1980-02-03", identity_case.PHONE))
    assert "mira" in run("explain", "CA", "--plain")[1]


def test_files_are_written_where_asked(run: Callable[..., Ran], tmp_path: Path) -> None:
    assert run("review", "--csv", str(tmp_path / "pairs.csv"))[0] == 0
    assert run("ledger", "--map", str(tmp_path / "map.parquet"), "--night", "2026-06-28")[0] == 0
    assert run("explain", "CA", "--picture", str(tmp_path / "why.svg"))[0] == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["map.parquet", "pairs.csv", "why.svg"]


def test_erase_without_yes_only_tells(run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def erase(settings: Settings, text: str, *, progress: Any) -> dict[str, Any]:
        asked.append(text)
        return {"customer_id": "CA", "files": 3}

    monkeypatch.setitem(sys.modules, "pipeline.privacy.erasure", _module("pipeline.privacy.erasure", erase=erase))
    code, out, _ = run("erase", "CA")
    assert code == 0 and not asked and "Nothing was removed" in out and "crm_id:A2" in out
    code, out, _ = run("erase", "CA", "--yes", "--json")
    assert (code, asked, json.loads(out)["files"]) == (0, ["CA"], 3)


def test_the_guide_tells_of_every_question_and_of_no_other() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "identity.md").read_text("utf-8")
    parsers: Any = parser()._subparsers
    identity = parsers._group_actions[0].choices["identity"]
    questions = set(identity._subparsers._group_actions[0].choices)
    assert set(re.findall(r"landmark identity ([a-z]+)", guide)) == questions
    options = {option for question in identity._subparsers._group_actions[0].choices.values() for action in
               question._actions for option in action.option_strings}  # fmt: skip
    assert set(re.findall(r"(?<![\w-])--[a-z]+", guide)) <= options


def test_export_prints_where_it_wrote(run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def export(settings: Settings, text: str, to: Path) -> Path:
        return to / text

    monkeypatch.setitem(
        sys.modules, "pipeline.privacy.subject_access", _module("pipeline.privacy.subject_access", export=export)
    )
    assert run("export", "CA", "--to", str(tmp_path)) == (0, f"{tmp_path / 'CA'}\n", "")


def _module(name: str, **functions: Any) -> types.ModuleType:
    module = types.ModuleType(name)
    vars(module).update(functions)
    return module
