"""The report and its letters, made from small marts: honest, escaped, self-contained, the same bytes every time."""

import email
import email.policy
import itertools
import re
from collections.abc import Callable
from datetime import date
from functools import partial
from html.parser import HTMLParser
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.context import Run
from pipeline.journey_map import JourneyMap, Moment, Step, SubStep
from pipeline.settings import Audience, Settings
from pipeline.stages import report
from pipeline.warehouse import Session
from tests.unit import feelings_case, findings_case

NIGHT = date(2026, 6, 30)
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7*7 }}\u202e\r\nBcc: x@y'
TEXT, WHOLE, REAL = pa.string(), pa.int64(), pa.float64()
WORTH = (
    "exposed_share", "feasible_share", "retained_customers", "retained_customers_low", "retained_customers_high",
    "retained_value", "retained_value_low", "retained_value_high",
)  # fmt: skip
KINDS = {
    "moment_ranking": dict.fromkeys(("mission", "step", "sub_step", "moment", "type", "micro_moment", "verdict"), TEXT)
    | dict.fromkeys(("eligible", "exposed", "rank", "rank_low", "rank_high"), WHOLE)
    | dict.fromkeys(("effect", "ci_low", "ci_high", "q_value", "naive_difference"), REAL)
    | dict.fromkeys(("smallest_detectable_effect", "overlap", "placebo_effect", "effect_unpooled", "sensitivity"), REAL)
    | dict.fromkeys(("balance_before", "balance_after", "effective_sample_size"), REAL)
    | dict.fromkeys(("shuffled_effect", "unseen_bias"), REAL)
    | {"reason": TEXT}
    | dict.fromkeys(WORTH, REAL)
    | {"effect_strict": REAL, "effect_loose": REAL, "verdict_strict": TEXT, "verdict_loose": TEXT}
    | {"depends_on_identity": pa.bool_()},
    "journeys": dict.fromkeys(("journey_id", "customer_id", "order_id", "mission"), TEXT)
    | {"retained": pa.bool_(), "steps_reached": pa.list_(TEXT), "started_at": pa.timestamp("us")},
    "acted_feelings": dict.fromkeys(("journey_id", "touch_id", "kind"), TEXT),
    "checks": dict.fromkeys(("table_name", "expectation", "column_name", "severity", "observed", "reason"), TEXT)
    | {"success": pa.bool_(), "unexpected": WHOLE},
    "missions": dict.fromkeys(("mission", "label", "description", "status", "signals"), TEXT)
    | {"share": REAL, "journeys": WHOLE, "customers": WHOLE, "stability": REAL},
    "personas": dict.fromkeys(("mission", "facet", "value"), TEXT)
    | dict.fromkeys(("share", "rest_share", "lift", "low", "high", "number", "rest_number"), REAL)
    | dict.fromkeys(("journeys", "customers"), WHOLE),
    "mission_flows": dict.fromkeys(("from_mission", "to_mission"), TEXT)
    | dict.fromkeys(("share", "low", "high"), REAL)
    | {"customers": WHOLE},
    "mission_moods": dict.fromkeys(("place", "mission"), TEXT)
    | dict.fromkeys(("size", "share", "low", "high", "texts", "positive_share", "negative_share"), REAL)
    | dict.fromkeys(("positive_low", "positive_high"), REAL),
    "next_moments": dict.fromkeys(("customer_id", "mission", "moment"), TEXT),
    "cards": dict.fromkeys(("customer_id", "mission", "next_moment", "open_requests", "prevent"), TEXT),
    "touchpoints": {"touch_id": TEXT},
    "runs": {"night": pa.date32()} | dict.fromkeys(("refused_people", "regrouped_strict", "regrouped_loose"), WHOLE),
    "quarantine": dict.fromkeys(("source", "table", "file", "reason"), TEXT)
    | {"night": pa.date32(), "is_dismissed": pa.bool_()},
    "files": {"source": TEXT, "table_name": TEXT, "night": pa.date32(), "file": TEXT}
    | dict.fromkeys(("arrived", "accepted", "superseded", "quarantined", "not_ours", "erased"), WHOLE),
    "factors": {"date": pa.date32(), "region": TEXT, "factor": TEXT, "value": REAL},
    "notes": {"source": TEXT, "number": WHOLE, "told": TEXT},
    "measures": {"table_name": TEXT, "night": pa.date32(), "measure": TEXT, "value": REAL},
    "usual": dict.fromkeys(("table_name", "measure", "told"), TEXT)
    | dict.fromkeys(("usual", "low", "high", "excess"), REAL),
    "check_history": dict.fromkeys(("table_name", "expectation", "column_name", "reason"), TEXT)
    | {"night": pa.date32(), "success": pa.bool_()},
    **feelings_case.KINDS,
    **findings_case.KINDS,
}
INGEST = ("files", "factors", "measures", "usual", "notes")
Rows = dict[str, list[dict[str, object]]]
Build = Callable[..., Path]


def rated(mission: str, moment: str, verdict: str, effect: float, **changes: object) -> dict[str, object]:
    ends = {"ci_low": effect - 0.04, "ci_high": effect + 0.04, "naive_difference": effect + 0.06}
    row = {"mission": mission, "moment": moment, "verdict": verdict, "effect": effect, "q_value": 0.0004, "rank": 1}
    place = {"step": "stay", "sub_step": "desk", "type": "engaging", "micro_moment": "do"}
    graphs: dict[str, object] = {"depends_on_identity": False}
    for graph in ("strict", "loose"):
        graphs |= {f"effect_{graph}": effect, f"verdict_{graph}": verdict}
    counts = {"eligible": 1929, "exposed": 1077, "smallest_detectable_effect": 0.04}
    worth = dict(zip(WORTH, (0.56, 0.66, 42.0, 31.0, 55.0, 8400.0, -900.0, 17000.0), strict=True))
    return row | ends | place | graphs | counts | worth | changes


OTHER = {"mission": "rest", "label": "Time off", "journeys": 30, "customers": 30}


def around(label: str) -> Rows:
    """What the marts say of the missions: a topic, a flow and a mood each, `label` for a topic."""
    apart = {"share": 0.8, "rest_share": 0.1, "lift": 8.0, "low": 4.0, "high": 16.0, "journeys": 32, "customers": 30}
    size = {"place": "authors", "size": 31.4, "share": 0.45, "low": 0.3, "high": 0.6}
    mood = {"texts": 40.0, "positive_share": 0.62, "positive_low": 0.5, "positive_high": 0.7, "negative_share": 0.2}
    return {
        "personas": [
            {"mission": "work", "facet": "topic", "value": label} | apart,
            {"mission": "work", "facet": "attributes.guest", "value": "secret9"} | apart | {"customers": 9},
        ],
        "mission_flows": [
            {"from_mission": "work", "to_mission": "work", "share": 0.7, "low": 0.6, "high": 0.8, "customers": 30},
            {"from_mission": None, "to_mission": "work", "share": 1.0, "low": 0.9, "high": 1.0, "customers": 9},
        ],
        "mission_moods": [size | mood | {"mission": "work"}, size | {"mission": None, "size": 200.0}],
    }


def staffed() -> Rows:
    """What staff can do: for twelve customers early_desk is next, and for two there is a long queue to prevent."""
    ahead = [{"customer_id": f"secret{n}", "mission": "work", "moment": "early_desk"} for n in range(12)]
    card = {"mission": "work", "next_moment": "early_desk", "open_requests": None, "prevent": None}
    cards = [card | {"customer_id": f"secret{n}", "prevent": "long_queue" if n < 2 else None} for n in range(12)]
    return {"next_moments": ahead, "cards": cards}


def full(label: str = "On business") -> Rows:
    mission = {
        "mission": "work",
        "label": label,
        "description": label,
        "share": 1.0,
        "stability": 0.9,
        "status": "kept",
    }
    journeys = [
        {"journey_id": f"j{n}", "customer_id": f"secret{n}", "order_id": f"hidden{n}", "mission": "work"}
        | {"retained": n % 2 == 0, "steps_reached": ["desk"]}
        for n in range(40)
    ]
    files = {"source": "crm", "table_name": "orders", "night": NIGHT, "file": "f"}
    counts = {"arrived": 12, "accepted": 9, "superseded": 1, "quarantined": 2, "not_ours": 0, "erased": 0}
    quarantine = {"source": "crm", "table": "orders", "file": "f", "night": NIGHT, "reason": label}
    return {
        "moment_ranking": [
            rated("ALL", "early_desk", "drives", 0.1),
            rated("ALL", "photo_sent", "no_detectable_effect", 0.001),
            rated("work", "early_desk", "drives", 0.218),
            rated("work", "long_queue", "harms", -0.155, exposed=300),
            rated("work", "photo_sent", "no_detectable_effect", 0.002),
            rated("work", "rare_thing", "drives", 0.777, exposed=4),
        ],
        "journeys": journeys,
        "missions": [mission | {"journeys": 40, "customers": 40}, mission | OTHER],
        **staffed(),
        **around(label),
        **feelings_case.felt(label),
        **findings_case.found(label),
        "touchpoints": [{"touch_id": "t"}],
        "runs": [{"night": NIGHT, "refused_people": 3, "regrouped_strict": 25, "regrouped_loose": 1}],
        "quarantine": [quarantine | {"is_dismissed": False}] * 2,
        "files": [files | counts],
    }


def journey_map(brand: str) -> JourneyMap:
    moments = ("early_desk", "long_queue", "photo_sent", "rare_thing")
    sub_step = SubStep("desk", "true", tuple(Moment(name, "true", "engaging", "do") for name in moments))
    return JourneyMap(brand, "EUR", 14, 10, 21, 90, (Step("stay", (sub_step,)),))


def made(place: Path, rows: Rows, brand: str = "Acme", **settings: object) -> Path:
    """Builds the report of given marts in an empty folder; returns the folder that it is written to."""
    given = {"data": place / "data", "hash_key": "k"} | settings
    run = Run(NIGHT, Settings(**given), journey_map(brand))
    for table, kinds in KINDS.items():
        folder = place / ("ingest" if table in INGEST else "marts")
        folder.mkdir(exist_ok=True)
        table_of_rows = pa.Table.from_pylist(rows.get(table, []), schema=pa.schema(list(kinds.items())))
        pq.write_table(table_of_rows, folder / f"{table}.parquet")
    output = place / "output"
    output.mkdir(exist_ok=True)
    with Session(run.settings, "report", output, place / "spill") as session:
        session.attach("marts", [place / "marts"])
        session.attach("ingest", [place / "ingest"])
        report.build(run, session)
    return place / "data" / "reports" / NIGHT.isoformat()


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Builds the report of given marts; returns the folder that it is written to."""
    return partial(made, tmp_path)


def letter(folder: Path, audience: str = "executives") -> dict[str, str | bytes]:
    data = (folder / "letters" / f"{audience}.eml").read_bytes()
    message = email.message_from_bytes(data, policy=email.policy.default)
    return {part.get_content_type(): part.get_content() for part in message.walk() if not part.is_multipart()} | {
        "subject": str(message["Subject"])
    }


class Page(HTMLParser):
    """What a browser would make of a page: its tags with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_the_report_says_what_to_do_and_how_sure(build: Build) -> None:
    text = " ".join(Page((build(full()) / "report.html").read_text("utf-8")).text.split())
    assert "About 22 in 100 more customers come back (18 to 26) on the mission On business." in text
    assert "Of all 1,929 such journeys that were followed so far, 852 went without it." in text
    gain = "about 42 (31 to 55) more customers would come back, worth about 8,400 (−900 to 17,000) EUR more in orders"
    assert f"on 66 % in the best tenth of places and weeks. Everywhere as often as there, {gain} in 90 days." in text
    assert "days it happened on 56 % of such journeys. If it stopped, about 42 (31 to 55) more customers would" in text
    assert "Stop polishing: Photo sent: no effect was seen; more than 4 in 100 either way is ruled out." in text
    assert "This night: 12 arrived = 9 accepted + 1 replaced + 2 set aside." in text
    assert "3 people refuse analytics." in text


def test_what_exceeds_chance_is_told_of_groups_pairs_and_nights(build: Build) -> None:
    text = " ".join(Page((build(full("Nord")) / "report.html").read_text("utf-8")).text.split())
    for said in (
        "Long queueRegion Nord +18.0 (+12 to +24) +2.0 (−3 to +7)400",
        "Early deskPhoto sent +18.0 (+12 to +24)",
        "Of 2 effects, 1 changed since the night of 29 June 2026 by more than noise.",
        "−11.0 (−15 to −7) ▼ drives customers awaythen: no effect seen",
        "Step: stay+18.0",
        "Wanting to do+18.0",
        "earlier orders, order guests.",
        "Journeys of an order that got to desk (event = 'desk'): 900 of 800 customers",
        "what came before on the way (early desk).",
        "landmark explain moment long_queue --mission M --night 2026-06-30",
        "journey map abc123; deliveries def456",
    ):
        assert said in text
    assert "Members" not in text, "a group of few journeys is not shown"


def test_nothing_beyond_chance_is_said_so(build: Build) -> None:
    quiet = full() | {"moment_groups": [], "moment_pairs": []}
    quiet["ranking_changes"] = [findings_case.changed("early_desk", False)]
    text = " ".join(Page((build(quiet) / "report.html").read_text("utf-8")).text.split())
    assert "Nothing changed beyond noise since the night of 29 June 2026: 1 effects" in text
    assert "Beyond their missions, no group was seen to be moved by other moments" in text
    assert "No moment was seen to do more, or less, because another came before it." in text
    first = " ".join(Page((build(full() | {"ranking_changes": []}) / "report.html").read_text("utf-8")).text.split())
    assert "There is no night before this one to compare with." in first


def test_letter_and_report_and_both_parts_say_the_same(build: Build) -> None:
    parts = letter(build(full()))
    html, text = Page(str(parts["text/html"])), " ".join(str(parts["text/plain"]).split())
    for said in (
        "About 22 in 100 more customers come back (18 to 26)",
        "it happened on 56 % of these journeys in the last 90 days, and could on 66 %",
        "about 42 (31 to 55) more",
        "very sure",
    ):
        assert said in " ".join(html.text.split())
        assert said in text
    assert parts["subject"] == "Early desk: 22 in 100 more customers come back"
    alt = html.named("img")[0]["alt"] or ""
    assert "Early desk (On business) +22 (+18 to +26)" in alt
    assert "Photo sent (all journeys) 0 (−4 to +4)" in alt
    assert bytes(parts["image/png"]).startswith(b"\x89PNG")


def test_what_staff_can_do_is_told_in_counts(build: Build) -> None:
    text = " ".join(Page((build(full()) / "report.html").read_text("utf-8")).text.split())
    assert "Staff have cards of 12 customers" in text
    assert "Early deskOn business bring it about 12" in text
    assert "prevent it" not in text.split("What staff can do now")[2].split("What changed")[0], "two customers"
    none = " ".join(Page((build(full() | {"cards": []}) / "report.html").read_text("utf-8")).text.split())
    assert "there is nothing for staff to do" in none


def test_small_groups_and_persons_are_nowhere(build: Build) -> None:
    folder = build(full())
    parts = letter(folder)
    everything = (folder / "report.html").read_text("utf-8") + str(parts["text/html"]) + str(parts["text/plain"])
    for hidden in ("+78", "78 in 100", "77.7", "secret", "hidden1"):
        assert hidden not in everything
    assert "Rare thing: too few journeys had it, or went without it." in " ".join(Page(everything).text.split())


def test_nothing_known_is_said_so_with_the_reason(build: Build) -> None:
    folder = build({})
    text = " ".join(Page((folder / "report.html").read_text("utf-8")).text.split())
    assert "We cannot tell yet which moments make customers come back" in text
    assert "No journey was followed yet for the 90 days" in text
    parts = letter(folder)
    assert parts["subject"] == "We cannot tell yet what makes customers come back (Acme)"
    assert "image/png" not in parts
    assert "No journey was followed yet" in str(parts["text/plain"])


def test_a_mission_s_card_flows_and_mood_outside_are_told(build: Build) -> None:
    text = " ".join(Page((build(full("Desk rooms")) / "report.html").read_text("utf-8")).text.split())
    assert "What they read Desk rooms80 %10 %" in text
    assert "is followed by one on the same mission 70 times in 100 (60 to 80)" in text
    assert "First journey" not in text
    assert "31 (45 %, 30 to 60)62 % of texts positive (50 to 70), 20 % negative" in text
    assert "200 (45 % of all)" in text


def test_hostile_text_is_text_everywhere(build: Build) -> None:
    folder = build(full(HOSTILE), brand=HOSTILE)
    pages = [(folder / "report.html").read_text("utf-8"), str(letter(folder)["text/html"])]
    for html in pages:
        page = Page(html)
        assert page.named("script") == ([{}] if html is pages[0] else [])  # the report's own
        assert all((a.get("src") or "").startswith("cid:") for a in page.named("img"))
        assert not [key for _, attributes in page.tags for key in attributes if key.startswith("on")]
        assert "<script>alert(1)</script>" in page.text
        assert "{{ 7*7 }}" in page.text
        assert "\u202e" not in html
    assert "Bcc" not in email.message_from_bytes((folder / "letters" / "executives.eml").read_bytes())


def test_the_page_stands_alone(build: Build) -> None:
    html = (build(full()) / "report.html").read_text("utf-8")
    page = Page(html)
    assert not [a for tag in ("link", "img", "iframe", "object") for a in page.named(tag)]
    assert page.named("script") == [{}]
    assert {a["href"] for a in page.named("a") if not (a["href"] or "").startswith("#")} == {"quality.html"}
    assert "url(" not in html
    assert "@import" not in html
    assert set(re.findall(r"https?://[^\s\"'<]+", html)) <= {"http://www.w3.org/2000/svg"}


def test_the_page_is_built_for_screen_readers(build: Build) -> None:
    page = Page((build(full()) / "report.html").read_text("utf-8"))
    assert [len(page.named(tag)) for tag in ("h1", "main", "header", "footer", "nav")] == [1, 1, 1, 1, 1]
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids))
    linked = {(a["href"] or "")[1:] for a in page.named("a") if a["href"] != "quality.html"}
    assert linked <= set(ids)
    assert {section.name for section in report.SECTIONS} <= linked
    assert page.named("th")
    assert all(a.get("scope") in ("col", "row", "colgroup") for a in page.named("th"))
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_the_same_marts_give_the_same_bytes(build: Build) -> None:
    def everything() -> dict[str, bytes]:
        folder = build(full())
        return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.*"))}

    first = everything()
    letters = {"letters/executives.eml", "letters/executives.json"}
    assert set(first) == {"report.html", "quality.html", "report.pdf"} | letters
    assert everything() == first


def test_a_pdf_of_before_does_not_stay_where_none_can_be_made(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = build(full())
    (folder / "report.pdf").write_bytes(b"other figures")
    monkeypatch.setattr(report.render, "pdf_lacks", lambda: "no fonts")
    build(full())
    assert not (folder / "report.pdf").exists()
    assert (folder / "report.html").exists()


def test_each_audience_has_its_letter_and_the_link_where_one_is_set(build: Build) -> None:
    audiences = (Audience(name="desk", recipients=("a@x.org",)), Audience(name="board", recipients=("b@x.org",)))
    folder = build(full(), audiences=audiences, report_url="https://reports.example/landmark/")
    for name in ("desk", "board"):
        html = str(letter(folder, name)["text/html"])
        assert 'href="https://reports.example/landmark/2026-06-30/report.html"' in html
        assert f"“{name}”" in html


def told(html: str) -> str:
    """The words of a page, without tags and line breaks."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"balance_after": 0.3}, "those with it and those without stay unlike each other"),
        ({"exposed": 40}, "it rests on few journeys"),
        ({"ci_low": -0.01}, "its range holds no effect, too"),
    ],
)
def test_a_weak_finding_is_called_a_hint_in_report_and_letter(
    build: Build, changes: dict[str, object], told: str
) -> None:
    rows = full()
    rows["moment_ranking"] = [rated("work", "early_desk", "drives", 0.07, **changes)]
    folder = build(rows)
    html, both = (folder / "report.html").read_text("utf-8"), letter(folder)
    for text in (html, both["text/plain"], both["text/html"]):
        assert f"A hint, no more: {told}." in " ".join(str(text).split())
    rows["moment_ranking"] = [rated("work", "early_desk", "drives", 0.07)]
    assert "A hint, no more" not in (build(rows) / "report.html").read_text("utf-8")


def test_a_finding_that_depends_on_who_is_who_says_so_in_report_and_letter(build: Build) -> None:
    rows = full()
    changes = {"verdict_strict": "no_detectable_effect", "effect_strict": 0.01, "depends_on_identity": True}
    rows["moment_ranking"][2] = rated("work", "early_desk", "drives", 0.218, **changes)
    folder = build(rows)
    clause = "depends on who is who: no effect seen where doubtful records are kept apart"
    page = told((folder / "report.html").read_text("utf-8"))
    assert page.count(clause) == 3  # the card, the plot's words, the table
    assert "25 customers are grouped differently" in page
    assert "1 of 4 does." in page
    sent = letter(folder)
    assert clause in " ".join(str(sent["text/plain"]).split())
    assert clause in told(str(sent["text/html"]))


def test_where_only_the_size_depends_on_who_is_who_both_sizes_are_told(build: Build) -> None:
    rows = full()
    changes = {"effect_strict": 0.1, "effect_loose": 0.3, "depends_on_identity": True}
    rows["moment_ranking"][2] = rated("work", "early_desk", "drives", 0.218, **changes)
    page = told((build(rows) / "report.html").read_text("utf-8"))
    assert "+10 in 100 where doubtful records are kept apart, +30 in 100 where likely records are joined" in page


def test_where_nothing_depends_on_who_is_who_only_the_method_speaks_of_it(build: Build) -> None:
    page = told((build(full()) / "report.html").read_text("utf-8"))
    assert "depends on who is who:" not in page
    assert "and says so: none does." in page
