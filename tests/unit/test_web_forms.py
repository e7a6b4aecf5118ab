"""Web events in their exporters' own forms, and Snowplow's own figures beside what is taken in."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

from pipeline.settings import Settings, SourceSettings
from pipeline.sources import web_vendors
from tests.unit.ingest_case import Case

N1 = "2026-01-05"
# sessions that Snowplow's model cuts off: it leaves out events of a session that lasts more than three days
LONG = {"long session": 2, "Unexpired session": 1}
# page views that arrived late, and one without an id, which it leaves out
NOT_THEIRS = {"late arriving: device created/sent >3 days": 1, "NULL page_view_id": 1}


@dataclass
class Web(Case):
    """A web source in this vendor's form."""

    vendor: str = "snowplow"

    @property
    def settings(self) -> Settings:
        settings = super().settings
        return settings.model_copy(update={"sources": {**settings.sources, "web": SourceSettings(form=(self.vendor,))}})


def expected(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"snowplow_web_{name}_expected.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_snowplow_s_page_views_sessions_and_users_agree_with_its_own_model(tmp_path: Path, shared: Path) -> None:
    folder = shared / "data" / "web" / "snowplow"
    case = Web(tmp_path)
    case.deliver(f"web/events/{N1}/events.csv", (folder / "snowplow_web_events.csv").read_bytes())
    case.night(N1, "web")
    (account,) = case.ask("web", "select arrived, accepted, superseded, quarantined, not_ours from ingest.files")
    assert account[0] == 160 == sum(account[1:])
    events = case.connection("web")
    session = "properties ->> 'domain_sessionid'"
    views = dict(
        events.execute(f"select {session}, count(*) from ingest.events where type = 'page' group by 1").fetchall()
    )
    pinged = {s for (s,) in events.execute(f"select {session} from ingest.events where event = 'page_ping'").fetchall()}
    for row in expected(folder, "sessions"):
        theirs, ours = int(row["page_views"]), views.get(row["domain_sessionid"], 0)
        if ours:
            assert ours == theirs + LONG.get(row["user_id"], 0), row["user_id"]
        else:  # it counts a page of which only pings arrived
            assert (theirs, row["domain_sessionid"] in pinged) == (1, True)
    ids = {
        message for (message,) in events.execute("select message_id from ingest.events where type = 'page'").fetchall()
    }
    theirs = {row["page_view_id"] for row in expected(folder, "page_views")}
    assert theirs <= ids
    more = "select user_id, count(*) from ingest.events where type = 'page' and message_id not in (select unnest(?))"
    assert dict(events.execute(f"{more} group by 1", [sorted(theirs)]).fetchall()) == LONG | NOT_THEIRS
    people = {a for (a,) in events.execute("select distinct anonymous_id from ingest.events").fetchall()}
    assert {row["original_domain_userid"] for row in expected(folder, "users")} - {""} <= people


def test_snowplow_s_tsv_says_the_same_as_its_csv(tmp_path: Path, shared: Path) -> None:
    with (shared / "data" / "web" / "snowplow" / "snowplow_web_events.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    head = web_vendors.TABLES[0].tsv_header.split()
    for row in rows:
        page = row["contexts_com_snowplowanalytics_snowplow_web_page_1_0_0"]
        data = (
            [{"schema": "iglu:com.snowplowanalytics.snowplow/web_page/jsonschema/1-0-0", "data": json.loads(page)[0]}]
            if page
            else []
        )
        row["contexts"] = json.dumps({"schema": "iglu:contexts", "data": data}, separators=(",", ":"))
    plain = [[" ".join(row.get(name, "").split()) for name in head] for row in rows]
    found = []
    for ending in ("tsv.gz", "csv"):
        case = Web(tmp_path / ending)
        text = "".join("\t".join(cells) + "\n" for cells in plain)
        if ending == "csv":
            text = (
                ",".join(head)
                + "\n"
                + "".join(",".join('"' + c.replace('"', '""') + '"' for c in cells) + "\n" for cells in plain)
            )
        case.deliver(f"web/events/{N1}/a.{ending}", text)
        case.night(N1, "web")
        (account,) = case.ask("web", "select arrived, accepted + superseded + quarantined + not_ours from ingest.files")
        assert account == (160, 160)
        told = "select message_id, type, event, user_id, anonymous_id, occurred_at, url, order_id from ingest.events"
        found.append(case.ask("web", f"{told} order by all"))
    assert found[0] == found[1]
    assert len({row[0] for row in found[0] if row[1] == "page"}) == 48


def test_a_tab_file_has_no_quotes_and_a_torn_line_costs_itself_alone(tmp_path: Path) -> None:
    case = Case(tmp_path)
    rows = [
        "messageId\ttype\ttimestamp\tanonymousId\tname",
        'm1\tpage\t2026-01-02\ta\tsay "hi',
        "m2\tpage",
        "m3\tpage\t2026-01-02\ta\tx",
    ]
    case.deliver(f"web/events/{N1}/a.tsv", "\n".join(rows) + "\n")
    case.night(N1, "web")
    assert case.ask("web", "select message_id, name from ingest.events order by 1") == [("m1", 'say "hi'), ("m3", "x")]
    assert case.reasons("web") == [("a.tsv", 3, "m2", "unreadable: 2 fields where the header has 5")]


POSTHOG = {
    "uuid": "u1",
    "event": "$pageview",
    "distinct_id": "d1",
    "timestamp": "2026-01-02T10:00:00.000Z",
    "properties": {"$device_id": "dev", "$current_url": "https://x.org/a?b", "$pathname": "/a", "color": "red"},
}


def test_posthog_s_people_are_visitors_until_they_are_identified(tmp_path: Path) -> None:
    case = Web(tmp_path, vendor="posthog")
    identify = {"$anon_distinct_id": "d1", "$is_identified": True, "$set": {"email": "a@x.org"}}
    rows = [
        POSTHOG,
        POSTHOG | {"uuid": "u2", "event": "$identify", "distinct_id": "K1", "properties": identify},
        POSTHOG
        | {
            "uuid": "u3",
            "event": "buy",
            "distinct_id": "K1",
            "properties": json.dumps({"$is_identified": True, "order_id": "O1"}),
        },
        POSTHOG | {"uuid": "u4", "event": "see", "properties": {}},
    ]
    case.deliver(f"web/events/{N1}/a.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    case.night(N1, "web")
    found = "select message_id, type, event, anonymous_id, user_id, email, order_id from ingest.events order by all"
    assert case.ask("web", found) == [
        ("u1", "page", None, "dev", None, None, None),
        ("u2", "identify", None, "d1", "K1", "a@x.org", None),
        ("u3", "track", "buy", None, "K1", None, "O1"),
        ("u4", "track", "see", "d1", None, None, None),
    ]
    page = "select name, path, properties ->> 'color' from ingest.events where message_id = 'u1'"
    assert case.ask("web", page) == [("/a", "/a", "red")]


def ga4(name: str, at: str, **params: str | int) -> str:
    listed = [
        {"key": k, "value": {"int_value" if isinstance(v, int) else "string_value": str(v)}} for k, v in params.items()
    ]
    row = {
        "event_date": "20260102",
        "event_timestamp": at,
        "event_name": name,
        "event_params": listed,
        "user_pseudo_id": "p1",
    }
    row |= {"ecommerce": {"transaction_id": "O1", "purchase_revenue": 9.5}} if name == "purchase" else {}
    return json.dumps(row, separators=None if name == "purchase" else (",", ":")) + "\n"


def test_ga4_s_parameters_and_microseconds_are_read(tmp_path: Path) -> None:
    case = Web(tmp_path, vendor="ga4")
    url = 'https://x.org/a/b?say="hi"&x=1'
    text = ga4("page_view", "1767348000123456", ga_session_id=7, page_location=url, page_title="A \\ B")
    text += ga4("purchase", "1767348001000000", page_location="https://x.org") + ga4("x", "soon")
    case.deliver(f"web/events/{N1}/a.jsonl", text)
    case.night(N1, "web")
    found = "select type, event, name, url, path, order_id, amount, cast(occurred_at as varchar) from ingest.events"
    assert case.ask("web", f"{found} order by 1") == [
        ("page", None, "A \\ B", url, "/a/b", None, None, "2026-01-02 10:00:00.123456"),
        ("track", "purchase", None, "https://x.org", None, "O1", 9.5, "2026-01-02 10:00:01"),
    ]
    (bad,) = case.reasons("web")
    assert bad[3] == "bad_time: timestamp is not an ISO 8601 time"


def test_what_is_no_json_where_json_should_be_stops_no_night(tmp_path: Path) -> None:
    hostile = '"key":"page_title","value":{"string_value":"\\q"'
    for vendor, columns in (("ga4", "event_name,event_timestamp,user_pseudo_id,event_params"), ("snowplow", "")):
        case = Web(tmp_path / vendor, vendor=vendor)
        head = columns or "event_id,event,domain_userid,contexts_com_snowplowanalytics_snowplow_web_page_1_0_0"
        cells = ["page_view", "page_view", "v1", hostile]
        case.deliver(
            f"web/events/{N1}/a.csv", f"{head}\n" + ",".join('"' + c.replace('"', '""') + '"' for c in cells) + "\n"
        )
        case.night(N1, "web")
        (bad,) = case.reasons("web")
        assert bad[3] in ("bad_time: timestamp is not an ISO 8601 time", "missing_value: timestamp is empty")
