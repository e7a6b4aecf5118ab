"""One made-up person put into the demo's deliveries, in every form and with every fault; and a reader of everything."""

import csv
import gzip
import hashlib
import html
import json
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

CRM, OTHER_CRM = "Q'); drop table x;--*?[9]", "Q-second-77"
MAIL, MAIL_LONG = "Zyx.Quill42@Post.Example", "zyx+shop@post.example"
PHONE, HANDLE, LOYALTY = "+353 85 710 4477", "@ZyxQuill42", "fh-zz9931"
COOKIE, SHARED_COOKIE = "9f3c77aa01zyxquill", "5b5b5b5bsharedcookie"
FIRST, LAST, BORN, STREET, POSTCODE = "Zyxandra", "Quillfeather", "1931-02-27", "77 Obelisk Mews", "ZQ9 7XX"
REF, ORDERS = "SC-778899", ("ORD-Q-1001", "ORD-Q-1002")
HEIR = "K4000001"  # of the demo: uses the shared cookie too, and mentions the person in a text

OWN = [
    CRM, OTHER_CRM, MAIL, MAIL_LONG, PHONE, "353857104477", HANDLE, "ZyxQuill42", LOYALTY, COOKIE, FIRST, LAST, BORN,
    STREET, POSTCODE, REF, *ORDERS, "INT-Q-1", "INT-Q-2", "msg-q-1", "msg-q-2", "msg-q-3", "msg-q-4", "msg-q-5",
    "POST-Q-1", "POST-Q-3", "ACT-Q-1", "ACT-Q-2", "BAD-Q-1", "BAD-Q-2", "BAD-Q-3", "POST-Q-2",
    "msg-q-late", "INT-Q-late",
    hashlib.sha256(MAIL.lower().encode()).hexdigest(),
]  # fmt: skip


def plant(exports: Path, night: str, *, late: bool = False) -> None:
    """Adds the person to a night's delivery; late: delivers some rows again, and new ones of theirs."""
    ids = {"email": MAIL, "phone": PHONE, "first_name": FIRST, "last_name": LAST, "birth_date": BORN, "street": STREET}
    ids |= {"postcode": POSTCODE, "country": "IE", "social_handle": HANDLE, "loyalty_id": LOYALTY, "city": "Sligo"}
    since = {"created_at": "2026-01-05T10:00:00Z", "updated_at": "2026-01-05T10:00:00Z", "consent_analytics": "true"}
    since |= {"consent_marketing": "true"}
    rows = [{"crm_id": CRM, **ids, **since}, {"crm_id": OTHER_CRM, **ids, "email": MAIL_LONG, **since}]
    if late:
        rows = [{**row, "updated_at": "2026-06-29T10:00:00Z", "crm_id": f"{row['crm_id']}"} for row in rows]
        rows.append({"crm_id": "Q-third", "email": MAIL.upper(), **since})
    else:
        rows.append({"crm_id": "BAD-Q-1", **ids, **since, "created_at": "2026-13-45"})
        rows.append({"crm_id": "", "first_name": FIRST, "last_name": LAST, "birth_date": BORN, **since})
    _add_csv(exports, "crm/customers", night, rows)
    orders = [_order(i, ORDERS[i], CRM) for i in (0, 1)]
    orders.append({**_order(0, "BAD-Q-2", CRM), "amount": "twelve"})
    _add_csv(exports, "crm/orders", night, orders)
    touches = [_touch("INT-Q-1", CRM), _touch("INT-Q-2", OTHER_CRM, order_id=ORDERS[1]), _touch("BAD-Q-3", "")]
    touches[-1]["order_id"] = ORDERS[0]
    touches[1]["type"] = "order_chased"
    touches.append({**_touch("INT-of-another", HEIR), "text": f"please ask {MAIL.lower()}, not me (line\nbreak)"})
    if late:
        touches = [*touches[:2], _touch("INT-Q-late", CRM)]
    _add_csv(exports, "crm/interactions", night, touches)
    _add_events(exports, night, late)
    posts = [{"id": "POST-Q-1", "platform": "x", "author_handle": HANDLE, "created_at": _at(3), "text": "lovely roses"}]
    posts.append({**posts[0], "id": "POST-Q-2", "created_at": "never"})
    _add_lines(exports / f"social/posts/{night}/more.jsonl", [json.dumps(post) for post in posts])
    if not late:
        array = [{"id": "POST-Q-3", "author_handle": HANDLE, "text": f"by {FIRST}"}, {"id": "POST-in-array"}]
        _add_lines(exports / f"social/posts/{night}/array.json", [json.dumps(array)])
        _add_lines(exports / f"social/posts/{night}/pretty.json", [json.dumps(array, indent=1)])
    _add_partner(exports, night)


def _order(nth: int, order_id: str, crm_id: str) -> dict[str, str]:
    """Every order but the first is still ahead of them: what they ask for stands on a card."""
    return {
        "order_id": order_id, "crm_id": crm_id, "ordered_at": _at(nth), "status": "completed", "amount": "20.5",
        "ends_at": "2026-07-20T12:00:00Z" if nth else "",
        "currency": "EUR", "category": "tools_and_soil", "attributes": json.dumps({"note": f"for {FIRST}"}),
    }  # fmt: skip


def _touch(interaction_id: str, crm_id: str, order_id: str = "") -> dict[str, str]:
    return {
        "interaction_id": interaction_id, "crm_id": crm_id, "order_id": order_id, "occurred_at": _at(2),
        "channel": "store", "type": "store_visit", "text": f"I am {FIRST},\nwrite to {MAIL}",
    }  # fmt: skip


def _at(nth: int) -> str:
    return f"2026-03-{10 + nth:02d}T12:00:00Z"


def _add_events(exports: Path, night: str, late: bool) -> None:
    def event(number: object, **given: Any) -> str:
        return json.dumps({"messageId": f"msg-q-{number}", "type": "page", "timestamp": _at(1), **given})

    lines = [
        event(1, anonymousId=COOKIE, userId=CRM),
        event(2, anonymousId=COOKIE, properties={"order_id": ORDERS[0]}),
        event(3, anonymousId=COOKIE, type="identify", traits={"email": MAIL}),
        event(4, anonymousId=SHARED_COOKIE, userId=CRM),
        event(5, anonymousId=COOKIE, timestamp="2026-13-45T99"),
        json.dumps(
            {"messageId": "heir-1", "type": "page", "timestamp": _at(5), "anonymousId": SHARED_COOKIE, "userId": HEIR}
        ),
        event(1, anonymousId=COOKIE, userId=CRM)[:-12],
        event(2, anonymousId=COOKIE, properties={"order_id": ORDERS[0]}),
    ]
    if late:
        lines = [lines[0], event("late", anonymousId=COOKIE), lines[6]]
    _add_lines(exports / f"web/events/{night}/more.jsonl.gz", lines)


def _add_partner(exports: Path, night: str) -> None:
    mail = hashlib.sha256(MAIL.lower().encode()).hexdigest()
    row = {"activity_id": "ACT-Q-1", "customer_ref": REF, "email_sha256": mail, "first_name": FIRST, "last_name": LAST}
    row |= {"postcode": POSTCODE, "occurred_at": _at(4), "activity_type": "delivery", "loyalty_id": LOYALTY.upper()}
    nameless = {**dict.fromkeys(row), "activity_id": "ACT-Q-2", "customer_ref": REF, "occurred_at": _at(5)}
    nobody = {**nameless, "activity_id": "ACT-of-nobody", "customer_ref": "SC-2", "occurred_at": "never"}
    other = {**dict.fromkeys(row), "activity_id": "ACT-of-another", "customer_ref": "SC-1", "occurred_at": _at(4)}
    path = exports / f"partner/spadework/{night}/more.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [row, *({**more, "activity_type": "planting"} for more in (other, nameless, nobody))]
    pq.write_table(pa.Table.from_pylist(rows), path)


def _add_csv(exports: Path, table: str, night: str, rows: list[dict[str, str]]) -> None:
    path = next((exports / table / night).glob("*.csv"))
    with path.open(newline="", encoding="utf-8") as handle:
        header = next(csv.reader(handle))
    with path.open("a", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, header, extrasaction="ignore", restval="")
        writer.writerows(rows)


def _add_lines(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = "".join(line + "\n" for line in lines).encode()
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)


def everything(data: Path) -> Iterator[tuple[str, str]]:
    """Every file under the folder, decoded: where, and its text."""
    for path in sorted(p for p in data.rglob("*") if p.is_file()):
        where = path.relative_to(data).as_posix()
        content = path.read_bytes()
        yield where, where
        if content[:4] == b"PAR1":
            yield from _parquet(path, where)
        elif content[:2] == b"\x1f\x8b":
            yield where, gzip.decompress(content).decode("utf-8", "replace")
        elif path.suffix == ".eml":
            for part in message_from_bytes(content, policy=policy.default).walk():
                yield where, " ".join(map(str, part.values()))
                if part.get_content_maintype() == "text":
                    yield where, html.unescape(part.get_content())
        else:
            yield where, content.decode("utf-8", "replace")
            yield where, html.unescape(content.decode("utf-8", "replace"))


def _parquet(path: Path, where: str) -> Iterator[tuple[str, str]]:
    table = pq.read_table(path)
    yield where, str(table.schema.metadata)
    for name in table.column_names:
        values = (
            table.column(name).unique() if pa.types.is_string(table.schema.field(name).type) else table.column(name)
        )
        yield f"{where}:{name}", "\x1f".join(map(str, values.to_pylist()))


def holding(data: Path, values: list[str]) -> dict[str, list[str]]:
    """Which of the values stand where, whatever their case and however JSON may write them."""
    wanted = {value: {value.casefold(), json.dumps(value)[1:-1].casefold()} for value in values}
    found: dict[str, list[str]] = {}
    for where, text in everything(data):
        plain = text.casefold()
        for value, forms in wanted.items():
            if any(form in plain for form in forms) and where not in found.setdefault(value, []):
                found[value].append(where)
    return {value: places for value, places in found.items() if places}
