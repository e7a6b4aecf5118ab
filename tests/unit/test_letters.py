"""The letters: what each audience is told, in its figures; what is new, wrong or corrected; the form of it."""

import email
import email.policy
import json
import re
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from pipeline import render
from pipeline.mailing import letters
from pipeline.settings import Audience, Settings
from pipeline.stages.deliver import deliver
from pipeline.warehouse import Session
from tests.unit import letter_lint
from tests.unit.letter_lint import Page, faults, html_of, text_of
from tests.unit.test_report import HOSTILE, NIGHT, OTHER, Build, Rows, build, full, rated

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["build"]  # the fixture
OWNER = Audience(name="owner", recipients=("o@x.org",), missions=("On business",))
URL = "https://reports.example.org"


def message(folder: Path, audience: str = "executives") -> EmailMessage:
    raw = (folder / "letters" / f"{audience}.eml").read_bytes()
    return email.message_from_bytes(raw, policy=email.policy.default)  # type: ignore[return-value]


def said(folder: Path, audience: str = "executives") -> str:
    """The text part, on one line."""
    return " ".join(text_of(message(folder, audience)).split())


def quiet(rows: Rows) -> Rows:
    """The same night without an effect that changed."""
    return rows | {"ranking_changes": [row | {"has_changed": False} for row in rows["ranking_changes"]]}


@pytest.fixture(autouse=True)
def _no_pdf(monkeypatch: pytest.MonkeyPatch) -> None:
    """The letters do not need the report's PDF."""
    monkeypatch.setattr(render, "pdf_lacks", lambda: "not wanted here")


@pytest.fixture
def next_night(build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Builds a report whose night before told what the first rows tell."""

    def built(before: Rows, now: Rows, **settings: object) -> Path:
        build(before, **settings)
        told = json.loads((tmp_path / "output" / letters.TOLD).read_text("utf-8"))
        kept = json.dumps({name: record | {"night": "2026-06-29"} for name, record in told.items()}).encode()
        monkeypatch.setattr(Session, "previous_file", lambda *_: kept)
        return build(now, **settings)

    return built


# -- the same figures as the marts ----------------------------------------------------------------------------------


def test_both_parts_tell_the_figures_of_the_marts(build: Build) -> None:
    rows = full()
    folder = build(rows)
    told = [row for row in rows["moment_ranking"] if (row["mission"], row["moment"]) == ("work", "early_desk")]
    (row,) = told
    effect, low, high = (round(float(str(row[name])) * 100) for name in ("effect", "ci_low", "ci_high"))
    gain = [f"{row[name]:,.0f}" for name in ("retained_customers", "retained_customers_low", "retained_customers_high")]
    spend = [f"{row[name]:,.0f}".replace("-", "−") for name in ("retained_value", "retained_value_low")]
    for part in (said(folder), " ".join(Page(html_of(message(folder))).seen.split())):
        assert f"+{effect} in 100" in part
        assert f"About {effect} in 100 more customers come back ({low} to {high})" in part
        assert f"Worth about {gain[0]} ({gain[1]} to {gain[2]}) more customers and {spend[0]} ({spend[1]} to" in part
    alt = Page(html_of(message(folder))).named("img")[0]["alt"]
    assert f"Early desk (On business) +{effect} (+{low} to +{high})" in alt


def test_the_letter_answers_its_five_questions_in_its_first_screen(build: Build) -> None:
    text = said(build(full()))
    order = ["Invest in two moments, stop polishing one", "no earlier e-mail", "Make it happen", "We are very sure",
             "Worth about", "STOP POLISHING", "How to read this"]  # fmt: skip
    places = [text.index(words) for words in order]
    assert places == sorted(places)


# -- audiences ------------------------------------------------------------------------------------------------------


def of_two_missions() -> Rows:
    rows = full()
    rows["missions"][1] = dict(rows["missions"][1]) | OTHER
    rest = [rated("rest", "early_desk", "no_detectable_effect", 0.001), rated("rest", "photo_sent", "drives", 0.09)]
    return rows | {"moment_ranking": [*rows["moment_ranking"], *rest]}


def test_an_audience_of_a_mission_is_told_of_that_mission_alone(build: Build) -> None:
    folder = build(of_two_missions(), audiences=(OWNER, OWNER.model_copy(update={"name": "o2", "missions": ("rest",)})))
    work, rest = said(folder, "owner"), said(folder, "o2")
    assert "Acme, 30 June 2026, On business" in work
    assert "Early desk: +22 in 100" in work
    assert "Photo sent: +9 in 100" not in work
    assert "STOP POLISHING Photo sent: no effect was seen" in work
    assert "Acme, 30 June 2026, Time off" in rest
    assert "1. Photo sent: +9 in 100" in rest
    assert "STOP POLISHING Early desk: no effect was seen" in rest
    assert "On business" not in rest


def test_an_audience_none_of_whose_missions_is_there_gets_no_letter_and_no_old_one(build: Build) -> None:
    lost = OWNER.model_copy(update={"missions": ("no_such",)})
    folder = build(full(), audiences=(lost.model_copy(update={"missions": ("work",)}),))
    assert (folder / "letters" / "owner.eml").exists()
    folder = build(full(), audiences=(lost,))
    assert not list((folder / "letters").iterdir())


def test_numbers_and_dates_are_written_as_the_audience_writes_them(build: Build) -> None:
    for locale, day, worth in (
        ("de_DE", "30. Juni 2026", "8.400 (−900 to 17.000) EUR"),
        ("fr_FR", "30 juin 2026", "8\u202f400 (−900 to 17\u202f000) EUR"),
        ("en_US", "June 30, 2026", "8,400 (−900 to 17,000) EUR"),
    ):
        audience = Audience(name="executives", recipients=("a@x.org",), locale=locale)
        folder = build(full(), audiences=(audience,))
        assert day in text_of(message(folder))
        assert worth in text_of(message(folder))
        assert faults(message(folder)) == []


# -- what is new ----------------------------------------------------------------------------------------------------


def test_what_changed_since_the_last_letter_is_told_first(next_night: Callable[..., Path]) -> None:
    before = full() | {"moment_ranking": [row for row in full()["moment_ranking"] if row["moment"] != "early_desk"]}
    text = said(next_night(before, full()))
    assert "New since 29 June 2026. New among the moments to invest in: Early desk (On business)." in text
    assert "Long queue (On business): −16 in 100, after −5." in text
    gone = said(next_night(full(), quiet(before)))
    assert "No longer among them: Early desk (On business)." in gone


def test_a_moment_that_is_told_of_another_mission_is_not_new(next_night: Callable[..., Path]) -> None:
    before = quiet(of_two_missions())
    kept = [row for row in before["moment_ranking"] if row["moment"] != "early_desk"]
    other = [rated("rest", "early_desk", "drives", 0.21), rated("work", "early_desk", "no_detectable_effect", 0.001)]
    text = said(next_night(before, before | {"moment_ranking": kept + other}))
    assert "Early desk (Time off) is told of these journeys now, not of On business." in text
    assert "No longer among them" not in text


def test_a_night_on_which_nothing_changed_says_just_that(next_night: Callable[..., Path]) -> None:
    folder = next_night(full(), quiet(full()))
    sent = message(folder)
    assert sent["Subject"] == "Nothing changed: still early desk first"
    assert [part.get_content_type() for part in sent.walk()] == letter_lint.WITHOUT_PICTURE
    text = said(folder)
    assert text.startswith("Nothing changed since 29 June 2026 Acme, 30 June 2026 No moment named here changed by more")
    assert "1. Early desk: +22 in 100 (+18 to +26), On business" in text
    assert "Make it happen" not in text
    assert len(text) < len(said(next_night({}, full()))) * 0.8


def test_what_moved_and_is_not_named_is_no_news(next_night: Callable[..., Path]) -> None:
    row = {"verdict": "no_detectable_effect", "previous_verdict": "no_detectable_effect", "moment": "photo_sent"}
    moved = quiet(full())
    moved["ranking_changes"] = [full()["ranking_changes"][0] | row]
    assert "Nothing changed since 29 June 2026" in said(next_night(full(), moved))


def test_letters_of_other_missions_are_not_compared(next_night: Callable[..., Path]) -> None:
    text = said(next_night(full(), of_two_missions()))
    assert "There is no earlier e-mail to compare with." in text


# -- what is wrong --------------------------------------------------------------------------------------------------


def troubled() -> Rows:
    rows = full()
    files = {"source": "web", "table_name": "events", "night": NIGHT.replace(day=29), "file": "g"}
    counts = {"arrived": 90, "accepted": 90, "superseded": 0, "quarantined": 0, "not_ours": 0, "erased": 0}
    return rows | {"files": [*rows["files"], files | counts]}


def test_trouble_with_the_data_is_said_at_the_top_of_both_parts(next_night: Callable[..., Path]) -> None:
    folder = next_night(full(), quiet(troubled()))
    assert said(folder).startswith("TROUBLE WITH THE DATA OF THIS NIGHT - No events (web) arrived.")
    seen = " ".join(Page(html_of(message(folder))).seen.split())
    assert seen.startswith("Trouble with the data of this night. No events (web) arrived.")
    assert json.loads((folder / "letters/executives.json").read_text("utf-8"))["troubles"] == [
        "No events (web) arrived."
    ]
    assert "Nothing changed" not in str(message(folder)["Subject"]), "a night with trouble is no quiet night"


WARNS = {"table_name": "identity.customers", "expectation": "E", "column_name": "records", "severity": "warning"}
CHECKS = {"checks": [WARNS | {"success": False, "unexpected": 3, "observed": "", "reason": "Nobody is in so often."}]}


def test_a_check_that_begins_to_warn_is_trouble_and_one_that_goes_on_is_not(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = build(full() | CHECKS)
    assert "- A check of customers failed: Nobody is in so often." in said(folder)
    outcomes = pa.Table.from_pylist([WARNS | {"is_passed": False, "reason": "Nobody is in so often."}])
    monkeypatch.setattr(Session, "previous", lambda _, stage, table: outcomes if table == "check_outcomes" else None)
    assert "TROUBLE" not in said(build(full() | CHECKS))


# -- what is corrected ----------------------------------------------------------------------------------------------


def restated() -> Rows:
    rows = full()
    rows["moment_ranking"][2] = rated("work", "early_desk", "drives", 0.15)
    return rows


def mailed(folder: Path) -> None:
    """Sends the night's letter (into the outbox)."""
    data = folder.parents[1]
    from pipeline.catalog import Catalog, Store

    Store(data).update(lambda _: Catalog(published=NIGHT.isoformat()))
    deliver(Settings(data=data, hash_key="k"), NIGHT)


def test_a_night_made_again_with_other_figures_is_announced_as_a_correction(build: Build) -> None:
    folder = build(full())
    mailed(folder)
    build(restated())
    sent = message(folder)
    assert sent["Subject"] == "Correction: Long queue: 16 in 100 fewer customers come back"
    assert sent["In-Reply-To"] == "<landmark.2026-06-30.executives@localhost>"
    assert "Early desk (On business): +15 (+11 to +19) in 100, not +22 (+18 to +26)." in said(folder)
    assert said(folder).startswith("CORRECTION of the e-mail of 30 June 2026")
    assert faults(sent) == []
    mailed(folder)
    again = build(restated())
    assert message(again)["Message-ID"] == sent["Message-ID"]
    outbox = sorted(path.name for path in (folder.parents[1] / "outbox").glob("*.eml"))
    assert outbox == ["2026-06-30-executives-2.eml", "2026-06-30-executives.eml"]


def test_a_night_made_again_with_the_same_figures_is_the_same_letter(build: Build) -> None:
    folder = build(full())
    mailed(folder)
    before = (folder / "letters" / "executives.eml").read_bytes()
    assert (build(full()) / "letters" / "executives.eml").read_bytes() == before


def test_a_night_that_nobody_was_told_of_is_not_corrected(build: Build) -> None:
    build(full())
    assert "Correction" not in str(message(build(restated()))["Subject"])


# -- form -----------------------------------------------------------------------------------------------------------

MANY = [
    rated(mission, f"moment_{n}_with_a_name_that_goes_on_and_on", "drives", 0.3 - n / 50, retained_customers=90.0 - n)
    for mission in ("ALL", "work")
    for n in range(9)
]


@pytest.mark.parametrize(
    "rows",
    [full(), {}, full(HOSTILE), full("Geschäftsreise mit Übernachtung – früh, 早い, مبكر"), troubled(), restated(),
     full() | {"moment_ranking": MANY}],
    ids=["full", "nothing", "hostile", "tongues", "trouble", "restated", "many"],
)  # fmt: skip
@pytest.mark.parametrize("url", [URL, ""], ids=["linked", "filed"])
def test_every_letter_keeps_the_rules(build: Build, rows: Rows, url: str) -> None:
    assert faults(message(build(rows, report_url=url))) == []


def test_a_quiet_letter_keeps_the_rules(next_night: Callable[..., Path]) -> None:
    assert faults(message(next_night(full(), quiet(full()), report_url=URL))) == []


@pytest.mark.parametrize(
    ("was", "becomes", "fault"),
    [
        ("<td class=", '<td onclick="x" class=', "the attribute onclick"),
        ("</h1>", '</h1><svg width="9"></svg>', "the tag svg"),
        ("<h1 ", '<h1 style="padding: 1px" ', "padding on h1"),
        ('style="margin: 0;', 'style="display: flex; margin: 0;', "flex on"),
        ('role="presentation"', "", "screen readers"),
        (' alt="', ' title="', "without its findings in words"),
        ("cid:", "https://tracker.example/", "pictures"),
        ("https://reports", "http://reports", "a link to"),
        ("</h1>", " 4711</h1>", "not in both parts: 4711"),
        ("</h1>", "x" * 90_000 + "</h1>", "bytes of HTML"),
        ("@media (prefers-color-scheme", "@media (monochrome", "no styles for the dark"),
        ("</body>", "</div></body>", "not in balance"),
        (' lang="en"', "", "no language"),
    ],
)
def test_the_rules_find_what_breaks_them(build: Build, was: str, becomes: str, fault: str) -> None:
    sent = message(build(full(), report_url=URL))
    html = html_of(sent)
    assert was in html
    changed = html.replace(was, becomes, 1) if was != "<h1 " else re.sub(r"<h1[^>]*", f"{becomes.strip()}", html)
    part = sent.get_body(("html",))
    assert part is not None
    part.set_content(changed, subtype="html")  # type: ignore[attr-defined]
    assert any(fault in one for one in faults(sent)), faults(sent)


# -- in a browser ---------------------------------------------------------------------------------------------------


def shown(browser: "Browser", sent: EmailMessage, width: int, dark: bool, pictures: bool) -> dict[str, Any]:
    """How wide the letter comes out, how low the stop list ends, what was asked for, and what its text stands on."""
    html = html_of(sent).replace("cid:moments@landmark", "data:image/png;base64," if not pictures else _picture(sent))
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if not request.url.startswith("data:") else None)
    page.set_content(html)
    found = page.evaluate(MEASURE)
    page.close()
    return dict(found) | {"asked": asked}


def _picture(sent: EmailMessage) -> str:
    import base64

    pictures = [part for part in sent.walk() if part.get_content_type() == "image/png"]
    return "data:image/png;base64," + base64.b64encode(pictures[0].get_content()).decode()


MEASURE = """() => {
  const light = (c) => {
    const [r, g, b] = c.match(/[\\d.]+/g).slice(0, 3).map(v => v / 255)
      .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const c = getComputedStyle(at).backgroundColor;
      if (!/, 0\\)$|transparent/.test(c)) return c;
    }
    return 'rgb(255, 255, 255)';
  };
  let worst = [99, ''];
  for (const node of document.querySelectorAll('td, p, h1, h2, b, span, a')) {
    const own = [...node.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!own) continue;
    const [a, b] = [light(getComputedStyle(node).color), light(ground(node))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < worst[0]) worst = [ratio, node.outerHTML.slice(0, 200)];
  }
  const press = document.querySelector('.button').getBoundingClientRect();
  return { width: document.documentElement.scrollWidth, link: press.bottom, contrast: worst };
}"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_in_the_letter(build: Build, chromium: "Browser", dark: bool) -> None:
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe is absent: accessibility was not looked at"
    )
    page = chromium.new_page(color_scheme="dark" if dark else "light")
    page.set_content(html_of(message(build(troubled(), report_url=URL))))
    found = axe.Axe().run(page).response["violations"]
    page.close()
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []


@pytest.mark.parametrize("pictures", [True, False], ids=["pictures", "no pictures"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [640, 320])
def test_in_a_browser_it_fits_and_reads(
    build: Build, chromium: "Browser", width: int, dark: bool, pictures: bool
) -> None:
    sent = message(build(troubled(), report_url=URL))
    found = shown(chromium, sent, width, dark, pictures)
    assert found["width"] <= width, "it scrolls sideways"
    assert found["contrast"][0] >= 4.5, found["contrast"]
    assert found["asked"] == []
    if width == 640:
        assert found["link"] <= 900, "what to do, what to stop and the link are one screen"
