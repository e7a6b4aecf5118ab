"""The report in a real Chromium: alone, silent, accessible, inert; filters, order and links; no script, no loss."""

import base64
import hashlib
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline import render
from tests.unit.test_report import NIGHT, Build, build, full, made, rated

__all__ = ["build"]
sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is absent: nothing was seen in a browser")
PAYLOADS = (
    "<script>window.hit=1</script>",
    "<img src=x onerror=window.hit=2>",
    '"><svg onload=window.hit=3>',
    "</style><script>window.hit=4</script>",
    "</title></textarea><iframe src=javascript:window.hit=5>",
    "' onmouseover='window.hit=6' x='",
    "<a href=javascript:window.hit=7>x</a>",
    "{{ 7 * 7 }}${7*7}<%= 7 %>",
    "<math><mtext></math><style><img src onerror=window.hit=8>",
    "http://evil.example/x.png",
)
Open = Callable[..., Any]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of two missions."""
    return (
        made(tmp_path_factory.mktemp("report"), full("A mission with a rather long name, and long queues"))
        / "report.html"
    )


@pytest.fixture
def opened(chromium: Any) -> Iterator[Open]:
    """Opens a report: a page with `asked` (requests beyond the file) and `said` (what the console and errors said)."""
    contexts = []

    def show(path: Path, hash_: str = "", width: int = 1440, **options: Any) -> Any:
        context = chromium.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.asked, page.said = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.on("dialog", lambda dialog: (page.said.append("dialog"), dialog.dismiss()))
        page.goto(f"{path.as_uri()}{hash_}")
        return page

    yield show
    for context in contexts:
        context.close()


def rows(page: Any, table: str = "#ranking .forest") -> list[str]:
    """The moments that a reader sees in a table, in their order."""
    seen = page.locator(f"{table} tbody tr").filter(visible=True)
    return [text.splitlines()[0].removesuffix(" desk").strip() for text in seen.locator("th").all_inner_texts()]


def test_nothing_leaves_the_file_and_nothing_is_said(path: Path, opened: Open) -> None:
    page = opened(path)
    assert page.asked == [path.as_uri()]
    assert page.said == []
    assert page.locator("#tools").is_visible()


def test_the_policy_allows_this_script_and_no_other(path: Path, opened: Open) -> None:
    page = opened(path)
    script = page.locator("script").inner_text()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in page.locator("meta[http-equiv]").get_attribute("content")
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.hit = 1'}))"
    )
    assert page.evaluate("window.hit") is None


def test_a_filter_shows_what_fits_and_its_link_shows_the_same(path: Path, opened: Open) -> None:
    page = opened(path)
    assert rows(page) == ["Early desk", "Photo sent", "Early desk", "Long queue", "Photo sent"]
    page.locator("#pick-mission").select_option("work")
    page.locator("#pick-finding").select_option("harms")
    assert rows(page) == ["Long queue"]
    assert page.locator("#said").inner_text() == "1 figure shown"
    assert page.url.endswith("#mission=work&finding=harms")
    again = opened(path, page.url.partition("#")[1] + page.url.partition("#")[2])
    assert rows(again) == ["Long queue"]
    assert again.locator("#pick-finding").input_value() == "harms"
    page.get_by_role("button", name="Show all").click()
    assert len(rows(page)) == 5
    page.locator("#pick-step").select_option("stay")
    assert len(rows(page)) == 5
    assert not page.said


def test_a_table_of_which_nothing_fits_says_so_and_a_picked_mission_is_unfolded(path: Path, opened: Open) -> None:
    page = opened(path)
    page.locator("#pick-finding").select_option("cannot_tell")
    assert "Nothing here fits what is picked above." in page.locator("#changes").inner_text()
    page.get_by_role("button", name="Show all").click()
    assert "Nothing here fits" not in page.locator("main").inner_text()
    assert page.locator("#map-work table").is_hidden()
    page.locator("#pick-mission").select_option("work")
    assert page.locator("#map-work table").is_visible()
    assert page.locator("#map-ALL").is_hidden()


def test_a_column_puts_rows_in_order_and_its_link_too(path: Path, opened: Open) -> None:
    page = opened(path)
    head = page.locator("#plot-work th", has_text="Change in 100")
    head.get_by_role("button").click()
    assert rows(page, "#plot-work") == ["Early desk", "Photo sent", "Long queue"]
    assert head.get_attribute("aria-sort") == "descending"
    head.get_by_role("button").press("Enter")
    assert rows(page, "#plot-work") == ["Long queue", "Photo sent", "Early desk"]
    again = opened(path, page.url[page.url.index("#") :])
    assert rows(again, "#plot-work") == ["Long queue", "Photo sent", "Early desk"]


def test_what_cannot_be_told_comes_last_in_any_order(path: Path, opened: Open) -> None:
    page = opened(path)
    page.locator("#ranking-work summary").click()
    head = page.locator("#figures-work th", has_text="Change in 100").get_by_role("button")
    for _ in range(2):
        head.click()
        assert rows(page, "#figures-work")[-1] == "Rare thing"


def test_a_link_opens_what_is_folded(path: Path, opened: Open) -> None:
    page = opened(path, "#trial-long_queue")
    assert page.locator("#trial-long_queue").get_attribute("open") is not None
    assert page.locator("#trial-long_queue dl").is_visible()
    page = opened(path, "#mission=work&at=trial-long_queue")
    assert page.locator("#trial-long_queue dl").is_visible()
    page.locator("#plot-work a", has_text="Long queue").click()
    assert page.url.endswith("#mission=work&at=trial-long_queue")
    assert page.evaluate("document.activeElement.id") == "trial-long_queue"


@pytest.mark.parametrize(
    "hash_", ["#mission=nobody", "#sort=x:y:z", "#sort=plot-work:99:up", "#%E0%A4%A", "#at=<b>&mission=%22"]
)
def test_a_broken_link_breaks_nothing(path: Path, opened: Open, hash_: str) -> None:
    page = opened(path, hash_)
    assert page.said == []
    assert page.locator("h1").is_visible()


def test_every_row_of_figures_says_where_it_comes_from(path: Path, opened: Open) -> None:
    page = opened(path)
    page.locator("#plot-work tr", has_text="Long queue").locator(".rank").click()
    told = page.locator("#source").inner_text()
    command = f"landmark explain moment long_queue --mission work --night {NIGHT}"
    assert f"Mart moment_ranking, row mission = work, moment = long_queue. {command}" in told
    page.keyboard.press("Escape")
    assert page.locator("#source").is_hidden()
    untold = page.evaluate(
        "Array.from(document.querySelectorAll('main table tbody tr, main dl.facts'))"
        ".filter(e => !e.closest('[title]') && !e.querySelector('[title]')).map(e => e.textContent)"
    )
    assert untold == []


def test_framed_a_report_leads_nowhere_else(path: Path, opened: Open, tmp_path: Path) -> None:
    assert opened(path).locator("#data_quality a[target]").inner_text() == "the quality of the data"
    frame = tmp_path / "frame.html"
    frame.write_text(f'<iframe src="{path.as_uri()}" sandbox="allow-scripts"></iframe>', "utf-8")
    framed = opened(frame).frame_locator("iframe")
    assert "the quality of the data has each table" in " ".join(framed.locator("#data_quality").inner_text().split())
    assert framed.locator("#data_quality a[target]").count() == 0


def test_without_script_the_whole_report_is_there(path: Path, opened: Open) -> None:
    page = opened(path, java_script_enabled=False)
    assert page.locator("#tools").is_hidden()
    assert rows(page) == ["Early desk", "Photo sent", "Early desk", "Long queue", "Photo sent"]
    page.locator("nav a", has_text="How we know").click()
    assert page.url.endswith("#method")


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(path: Path, opened: Open, width: int, scheme: str) -> None:
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe is absent: accessibility was not looked at"
    )
    page = opened(path, width=width, color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(box => box.open = true)")
    found = axe.Axe().run(page).response["violations"]
    assert [(each["id"], [node["html"][:120] for node in each["nodes"]][:3]) for each in found] == []


@pytest.mark.parametrize("width", [1440, 1024, 800, 390, 320])
def test_the_page_is_no_wider_than_the_window(path: Path, opened: Open, width: int) -> None:
    page = opened(path, width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_payloads_in_every_text_are_text(build: Build, opened: Open) -> None:
    hostile = " ".join(PAYLOADS)
    given = full(hostile)
    for table, found in given.items():
        for row in found:
            row |= {key: hostile for key in ("topic", "reason", "description", "table_name", "factor") if key in row}
        assert table
    given["factors"] = [{"date": NIGHT.replace(day=1), "region": hostile, "factor": hostile, "value": 1.0}]
    check = {"table_name": hostile, "expectation": hostile, "column_name": hostile, "severity": "warning"}
    given["checks"] = [check | {"success": False, "unexpected": 1, "observed": hostile, "reason": hostile}]
    page = opened(build(given, brand=hostile) / "report.html")
    page.evaluate("document.querySelectorAll('details').forEach(box => box.open = true)")
    page.mouse.wheel(0, 20_000)
    for row in page.locator("[data-trace]").all()[:40]:
        row.dispatch_event("click")
        row.dispatch_event("mouseover")
    assert page.evaluate("window.hit") is None
    assert page.asked == [page.url.partition("#")[0]]
    assert page.said == []
    shown = page.evaluate("document.body.innerText")
    assert all(payload in shown for payload in PAYLOADS)
    assert page.locator("main :is(script, img, iframe, math, object)").count() == 0


def large() -> dict[str, list[dict[str, object]]]:
    """Six missions with forty moments each."""
    given = full()
    given["moment_ranking"] = [
        rated(mission, f"moment_{n}", "drives" if n % 3 else "harms", 0.01 * (n % 3 and n) or -0.1, rank=n + 1)
        for mission in ("ALL", "work", "rest", "a", "b", "c", "d")
        for n in range(40)
    ]
    return given


def test_a_large_report_is_quick_to_make_and_to_open(build: Build, opened: Open) -> None:
    started = time.monotonic()
    path = build(large()) / "report.html"
    assert time.monotonic() - started < 20
    assert path.stat().st_size < 5e6
    page = opened(path)
    page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
    assert page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime") < 1000


def test_the_pdf_says_what_the_page_says(build: Build) -> None:
    pdfium = pytest.importorskip("pypdfium2", reason="pypdfium2 is absent: the PDF was not read")
    if render.pdf_lacks():
        pytest.skip(f"no PDF: {render.pdf_lacks()}")
    hostile = "<script>x</script> file:///etc/hostname"
    document = pdfium.PdfDocument((build(full(hostile), brand="Acme") / "report.pdf").read_bytes())
    text = " ".join(re.sub(r"\s+", " ", page.get_textpage().get_text_range()) for page in document)
    for said in (
        "About 22 in 100 more customers come back (18 to 26)",
        "Of all 1,929 such journeys that were followed so far, 852 went without it.",
        "12 arrived = 9 accepted + 1 replaced + 2 set aside.",
        "landmark explain moment long_queue",
        "<script>x</script> file:///etc/hostname",
        f"1 of {len(document)}",
    ):
        assert said in text
    assert "Copy link" not in text
    assert document.get_metadata_dict()["CreationDate"].startswith(NIGHT.isoformat().replace("-", ""))
