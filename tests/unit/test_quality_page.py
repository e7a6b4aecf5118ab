"""The quality page: arrivals beside other nights, what was set aside without anybody's data, every check's history."""

import json
import re
from datetime import date, timedelta
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.catalog import Store
from pipeline.quarantine import set_aside
from pipeline.sources.landing import Landing
from tests.unit.dirt_case import Dirt
from tests.unit.ingest_case import CUSTOMER, ORDER, TOUCH, Case, csv_text
from tests.unit.test_report import NIGHT, Page, full, made

if TYPE_CHECKING:
    from playwright.sync_api import Browser

Rows = dict[str, list[dict[str, Any]]]
REASON = "unknown_status: status is not among the known ones"
SECRETS = ("Jane.Doe@example.org", "Jane", "Doe", "+44 7700 900123", "1990-02-03", "DROP TABLE")


def history(label: str = "orders", reason: str = REASON) -> Rows:
    """A night of few orders after six usual ones; a check that holds for the third time and one that ceased to."""
    table = f"crm/{label}"
    nights = [NIGHT - timedelta(days=days) for days in range(6, -1, -1)]
    rows = [{"table_name": table, "night": night, "measure": "rows", "value": 90.0} for night in nights[:-1]]
    told = "30 rows; usual 90 (45 to 180), by 6 nights"
    limits = {"usual": 90.0, "low": 45.0, "high": 180.0, "excess": 15.0}
    check = {"table_name": f"ingest.{label}", "expectation": "ExpectIt", "column_name": "status", "reason": reason}
    measured = check | {"table_name": f"ingest.{table}", "column_name": "rows"}
    outcome = {"severity": "warning", "unexpected": 1, "observed": told}
    return {
        "files": [{"source": "crm", "table_name": label, "night": NIGHT, "file": "f"} | counted(30)],
        "measures": [*rows, rows[0] | {"night": NIGHT, "value": 30.0}],
        "usual": [{"table_name": table, "measure": "rows", "told": told} | limits],
        "checks": [
            measured | outcome | {"success": False},
            check | outcome | {"success": True, "observed": "", "unexpected": 0},
        ],
        "check_history": [
            each | {"night": night, "success": True} for night in nights[3:6] for each in (check, measured)
        ],
        "quarantine": [
            {"source": "crm", "table": label, "file": "f", "night": NIGHT, "reason": reason, "is_dismissed": False},
            {"source": "crm", "table": label, "file": "f", "night": NIGHT, "reason": reason, "is_dismissed": False},
            {"source": "crm", "table": label, "file": "f", "night": nights[0], "reason": reason, "is_dismissed": True},
        ],
    }


def noted() -> Rows:
    """A warning and a note of the CRM, and more files of the web that were left than are told."""
    told = ["note: orders: unknown columns kept: <b>x</b>", "warning: ordinary.csv: read otherwise"]
    rows = [{"source": "crm", "number": n, "told": text} for n, text in enumerate(told, 1)]
    return {"notes": rows + [{"source": "web", "number": n, "told": "left: odd.xlsx"} for n in range(1, 52)]}


def counted(arrived: int) -> dict[str, int]:
    counts = {"accepted": arrived - 3, "superseded": 1, "quarantined": 2, "not_ours": 0, "erased": 0}
    return counts | {"arrived": arrived}


def refused(place: Path, label: str = "orders", reason: str = REASON, raw: str = '{"status": "Jane"}') -> None:
    """Four rows of one fault in the quarantine store."""
    folder = place / "data" / "quarantine" / NIGHT.isoformat()
    folder.mkdir(parents=True)
    row = {"table": label, "night": NIGHT.isoformat(), "file": "f", "record_id": "Jane", "reason": reason, "raw": raw}
    lines = [json.dumps(row | {"line": line}) + "\n" for line in range(2, 6)]
    (folder / "crm__orders.jsonl").write_text("".join(lines), "utf-8")


def page(place: Path, given: Rows, **settings: object) -> Path:
    return made(place, full() | given, **settings) / "quality.html"


def text_of(path: Path) -> str:
    return " ".join(Page(path.read_text("utf-8")).text.split())


def test_it_tells_what_arrived_what_was_set_aside_and_what_did_not_hold(tmp_path: Path) -> None:
    refused(tmp_path)
    path = page(tmp_path, history() | noted())
    text = text_of(path)
    for said in (
        "This night: 30 arrived = 27 accepted + 1 replaced + 2 set aside + 0 of no account here + 0 erased on request.",
        "✕ 30 rows; usual 90 (45 to 180), by 6 nights",
        "unknown status: status is not among the known ones2",
        'status "xxxx"',
        "crm/orders rows ✕ warning: 30 rows; usual 90 (45 to 180), by 6 nights",
        "ingest: 2 checks, 1 did not hold",
        "2026-06-30, f, line 2 status",
        "crm ✕ warning: ordinary.csv: read otherwise orders: unknown columns kept: <b>x</b> web left: odd.xlsx left:",
        "left: odd.xlsx and 1 more, which are in the night’s log",
        "Of all nights so far, 2 rows are still open: somebody may repair and release them",
        "crm, orders 22026-06-30 1",
    ):
        assert said in text, said
    labels = [tag["aria-label"] for tag in Page(path.read_text("utf-8")).named("span") if tag.get("role") == "img"]
    assert "did not hold on 1 of 4 nights: 2026-06-30" in labels
    assert "held on each of 4 nights" in labels
    assert path.read_text("utf-8").count("line 2<") == 1 and "line 5<" not in path.read_text("utf-8"), "three examples"


def test_the_report_leads_to_it_and_it_leads_back(tmp_path: Path) -> None:
    path = page(tmp_path, history())
    assert 'href="quality.html"' in (path.parent / "report.html").read_text("utf-8")
    assert 'href="report.html"' in path.read_text("utf-8")


def test_it_asks_for_nothing_and_runs_nothing(tmp_path: Path) -> None:
    html = unescape(page(tmp_path, history()).read_text("utf-8"))
    assert "script-src" not in html and "<script" not in html
    assert "default-src 'none'" in html
    assert not re.search(r'(?:src|href)="(?!#|report\.html")', html)


def test_the_same_tables_give_the_same_page(tmp_path: Path) -> None:
    refused(tmp_path)
    first = page(tmp_path, history()).read_bytes()
    assert page(tmp_path, history()).read_bytes() == first


def test_a_first_night_has_a_page_too(tmp_path: Path) -> None:
    text = text_of(page(tmp_path, {"files": [], "checks": [], "quarantine": []}))
    assert "Nothing has arrived so far." in text
    assert "No row of this night’s delivery was set aside." in text
    assert "Nothing was odd about this night’s files." in text
    assert "All checks of this night hold." in text


def test_the_mail_tells_of_a_delivery_s_volume_alone(tmp_path: Path) -> None:
    given = history()
    given["checks"].append(given["checks"][0] | {"column_name": "shift of status", "observed": "54 %; usual 3 %"})
    folder = page(tmp_path, given).parent
    told = json.loads((folder / "letters" / "executives.json").read_text("utf-8"))["troubles"]
    assert told == ["Only 30 rows of orders (crm) arrived; 90 are usual."]
    assert "54 %; usual 3 %" in text_of(folder / "quality.html")


def test_no_value_of_a_row_is_on_it_whatever_form_the_row_has(tmp_path: Path) -> None:
    case = Case(tmp_path)
    jane = {
        "email": SECRETS[0],
        "first_name": "Jane",
        "last_name": "Doe",
        "phone": SECRETS[3],
        "birth_date": SECRETS[4],
    }
    night = "2026-01-02"
    customers = [CUSTOMER | jane | {"crm_id": ""}, CUSTOMER | jane, CUSTOMER | jane | {"created_at": "DROP TABLE"}]
    broken = 'Jane,"Doe,Jane.Doe@example.org\n'
    case.deliver(f"crm/customers/{night}/jane.csv", csv_text([CUSTOMER | jane, *customers]) + broken)
    case.deliver(
        f"crm/orders/{night}/o.jsonl",
        json.dumps(ORDER) + "\n" + json.dumps(ORDER | {"order_id": "2", "status": "Jane"}) + '\n{"Jane": Doe\n',
    )
    case.deliver(f"crm/interactions/{night}/i.csv", csv_text([TOUCH]))
    case.night(night, "crm")
    found = set_aside.examples(case.settings, date.fromisoformat(night))
    told = json.dumps([examples for _, examples in sorted(found.items())])
    assert not [secret for secret in SECRETS if secret in told]
    shapes = {wrong[2].partition(":")[0]: rows[0]["shape"] for wrong, rows in found.items()}
    assert shapes["bad_time"] == 'created_at "xxxx xxxxx"'
    assert shapes["unknown_status"] == 'status "xxxx"'
    assert '"email": "xxxx.xxx@xxxxxxx.xxx"' in shapes["missing_value"] and '"crm_id": ""' in shapes["missing_value"]
    assert {"unreadable", "duplicate"} <= set(shapes)


def test_an_example_is_read_as_its_source_writes(tmp_path: Path) -> None:
    case, night = Dirt(tmp_path, stop=(), told={"crm": {"encoding": "utf-16-le", "decimals": "comma"}}), "2026-01-02"
    text = csv_text([ORDER | {"Größe": "x", "amount": "1.5"}]).replace('"', "").replace(",", ";")
    case.deliver(f"crm/orders/{night}/o.csv", text.encode("utf-16-le"))
    case.night(night, "crm")
    ((where, (told,)),) = set_aside.examples(case.settings, date.fromisoformat(night)).items()
    assert where == ("crm", "orders", "bad_number: amount is not a number")
    assert told == {"night": night, "file": "o.csv", "line": 2, "shape": 'amount "9.9"'}


def test_what_was_wrong_is_one_whatever_the_value() -> None:
    assert set_aside.wrong("negative_amount: amount is -3.5") == "negative_amount: amount"
    assert set_aside.wrong("future_time: ordered_at is 2026-01-03 00:00:01") == "future_time: ordered_at"
    assert set_aside.wrong(REASON) == REASON
    assert set_aside.wrong("duplicate") == "duplicate: an exact repeat within the night"


def test_a_landed_file_that_is_gone_costs_the_names_of_its_columns_only(tmp_path: Path) -> None:
    refused(tmp_path, raw="Jane,Doe,1990-02-03")
    assert Landing(tmp_path / "data", "crm").files() == []
    found = set_aside.examples(Case(tmp_path).settings, NIGHT)
    assert [row["shape"] for row in found["crm", "orders", REASON]] == ["xxxx,xxx,9999-99-99"] * 3
    assert Store(tmp_path / "data").read().published is None


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_it_is_no_wider_than_the_window(
    tmp_path: Path, chromium: "Browser", width: int, scheme: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is absent: it was not looked at")
    refused(tmp_path)
    opened = chromium.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    asked: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    path = page(tmp_path, history() | noted())
    opened.goto(path.as_uri())
    opened.evaluate("document.querySelectorAll('details').forEach(box => box.open = true)")
    found = axe.Axe().run(opened).response["violations"]
    wide = opened.evaluate("document.documentElement.scrollWidth")
    scrolled = opened.evaluate(
        "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth).length"
    )
    opened.close()
    assert [(each["id"], [node["html"][:120] for node in each["nodes"]][:3]) for each in found] == []
    assert wide <= width and not scrolled
    assert asked == [path.as_uri()]


def test_payloads_are_text(tmp_path: Path, chromium: "Browser") -> None:
    hostile = '"><script>window.hit=1</script><img src=x onerror=window.hit=2>{{ 7*7 }}'
    refused(tmp_path, label=hostile, reason=hostile, raw=hostile)
    opened = chromium.new_page()
    said: list[str] = []
    opened.on("console", lambda message: said.append(message.text))
    opened.goto(page(tmp_path, history(label=hostile, reason=hostile), brand=hostile).as_uri())
    hit, shown = opened.evaluate("window.hit"), opened.evaluate("document.body.innerText")
    opened.close()
    assert (hit, said) == (None, [])
    assert hostile in shown
