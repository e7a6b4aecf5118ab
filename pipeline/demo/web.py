"""web/events: sessions of customers on their devices, of households on shared ones, and of strangers.

A journey's own events (search, guide, planner, checkout) happen on one device; the checkout carries the order's
id and mostly a login, which tie the cookie to the person. Pages tell by their topics what a journey is for.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pipeline.demo.company import MISSIONS, MOMENT_NAMES, SUB_STEP_NAMES, TOPICS
from pipeline.demo.crm import Crm
from pipeline.demo.history import Journeys
from pipeline.demo.orders import Orders
from pipeline.demo.people import People
from pipeline.demo.recipe import DAY, HOUR, MINUTE, Bools, Floats, Ints, Recipe, Texts, pick, stamp

LATE_SHARE = 0.006
LINES_A_FILE = 250_000
PEOPLE_A_KIOSK, LOGINS_A_KIOSK = 400, 25  # in a harder world
PAGE, IDENTIFY = 0, 1  # kinds; then the track events
TRACKS = (
    "Plants Searched",
    "Care Guide Read",
    "Planner Used",
    "Checkout Started",
    "Member Price Shown",
    "Basket Viewed",
)
OUTCOMES = ("done", "out_of_stock", "card_declined")
MEDIA = ("organic", "paid_search", "direct", "newsletter", "social")
AGENTS = (
    "Mozilla/5.0 (Linux; Android 15) Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Mobile/15E148",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/137.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_7) Safari/605.1.15",
)


@dataclass(frozen=True)
class Events:
    """One entry an event. device: index of the cookie. code: a topic for PAGE, 2 + an index into TRACKS else.
    order: index into the order ids, -1 none. row: index of the CRM row that logs in, -1 none."""

    time: Ints
    device: Ints
    kind: Ints
    topic: Ints
    outcome: Ints
    seconds: Ints
    order: Ints
    row: Ints

    def __len__(self) -> int:
        return len(self.time)


@dataclass(frozen=True)
class Web:
    """events, all nights, in order of time; `night` that delivers each. The rest is what their lines show.
    cookie_person: kind of truth: person of each cookie, -1 for strangers and shared ones; tied: it can be known."""

    events: Events
    night: Ints
    cookies: Texts
    cookie_person: Ints
    tied: Bools
    ips: Texts
    agents: Ints
    order_ids: Texts
    crm_ids: Texts
    emails: Texts


def _events(time: Ints, device: Ints, kind: int, **given: Ints) -> Events:
    n = len(time)
    rest = {"topic": -1, "outcome": 0, "seconds": 0, "order": -1, "row": -1}
    filled = {k: given.get(k, np.full(n, v, dtype=np.int64)) for k, v in rest.items()}
    return Events(time.astype(np.int64), device.astype(np.int64), np.full(n, kind), **filled)


def make_web(recipe: Recipe, people: People, journeys: Journeys, crm: Crm, orders: Orders) -> Web:
    rng = recipe.rng("web")
    n = len(people)
    strangers = max(5, n // 3)
    device = _devices(journeys, n, rng)
    shared = _shared_devices(people, rng)
    parts = [*_visits(journeys, device, crm, rng), *_buying(journeys, device, crm, rng)]
    parts += [_casual(recipe, people, rng), *_dead_baskets(orders, rng)]
    parts += _strangers(recipe, 3 * n + len(shared), strangers, rng)
    parts += _on_shared(recipe, people, crm, shared, first=3 * n, rng=rng)
    kiosks = 1 + n // PEOPLE_A_KIOSK if recipe.hard else 0
    devices = 3 * n + len(shared) + strangers
    parts += _on_kiosks(recipe, crm, kiosks, first=devices, rng=rng) if kiosks else []
    fields = Events.__dataclass_fields__
    whole = Events(**{f: np.concatenate([getattr(p, f) for p in parts]) for f in fields})
    order = np.lexsort((whole.kind, whole.device, whole.time))
    events = Events(**{f: getattr(whole, f)[order] for f in fields})
    return _web(recipe, people, crm, orders, events, devices=devices + kiosks, shared=len(shared), rng=rng)


def _web(
    recipe: Recipe, people: People, crm: Crm, orders: Orders, events: Events, *, devices: int, shared: int,
    rng: np.random.Generator,
) -> Web:  # fmt: skip
    n = len(people)
    high, low = rng.integers(0, 2**62, devices), rng.integers(0, 2**62, devices)
    cookies = np.array([f"{a:016x}{b:016x}" for a, b in zip(high, low, strict=True)], dtype=object)
    owner = np.concatenate([np.repeat(np.arange(n), 3), np.full(devices - 3 * n, -1)])
    tied = np.zeros(devices, bool)
    night = recipe.delivered(events.time, rng, LATE_SHARE)
    tied[events.device[((events.order >= 0) | (events.row >= 0)) & (night < len(recipe.nights))]] = True
    tied[3 * n : 3 * n + shared] = False
    home = np.concatenate([people.household[owner[: 3 * n]], n + np.arange(devices - 3 * n)])
    ips = np.array([f"10.{(h >> 16) & 255}.{(h >> 8) & 255}.{h & 255}" for h in home.tolist()], dtype=object)
    mobile = np.concatenate([_mobile(people.mission[owner[: 3 * n]], rng), rng.random(devices - 3 * n) < 0.5])
    agents = np.where(mobile, rng.integers(0, 2, devices), rng.integers(2, 4, devices))
    rows = crm.rows
    emails = people.email[rows["person"].to_numpy()]
    ids = np.concatenate([orders.ids, orders.dead_ids])
    return Web(events, night, cookies, owner, tied, ips, agents, ids, rows["crm_id"].to_numpy(), emails)


def _mobile(mission: Ints, rng: np.random.Generator) -> Bools:
    return rng.random(len(mission)) < np.array([m.mobile for m in MISSIONS])[mission]


def _devices(journeys: Journeys, n: int, rng: np.random.Generator) -> Ints:
    """The device of each journey: person p owns 3p, 3p+1 and 3p+2, and mostly uses the first."""
    owned = rng.choice([1, 2, 3], size=n, p=[0.55, 0.35, 0.10])[journeys.person]
    other = (rng.random(len(journeys)) * owned).astype(np.int64)
    return 3 * journeys.person + np.where(rng.random(len(journeys)) < 0.7, 0, other)


def _shared_devices(people: People, rng: np.random.Generator) -> Ints:
    """First member of each household in which two people use one tablet."""
    pair = np.flatnonzero(people.household[1:] == people.household[:-1])
    return pair[rng.random(len(pair)) < 0.15]


def _sessions(start: Ints, device: Ints, weights: Floats, rng: np.random.Generator, pages: float) -> Events:
    """Page views of sessions: some pages each, a minute or so apart, on topics drawn by each row's weights."""
    count = 2 + rng.poisson(pages, len(start))
    of = np.repeat(np.arange(len(start)), count)
    place = np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count)
    time = start[of] + place * 50_000 + rng.integers(0, 45_000, len(of))
    return _events(time, device[of], PAGE, topic=pick(rng, weights[of]))


def _topic_weights(mission: Ints) -> Floats:
    return np.array([m.topics for m in MISSIONS], dtype=float)[mission]


def _visits(j: Journeys, device: Ints, crm: Crm, rng: np.random.Generator) -> Iterator[Events]:
    """Reading before the order, nearer to it than to the journey before, and a look back after the end."""
    main = np.flatnonzero(~j.addon)
    most = np.minimum(20.5, 0.45 * (j.ordered - j.before) / DAY)
    of = np.repeat(main, 1 + rng.poisson(1.3, len(main)))
    start = j.ordered[of] - HOUR - (rng.random(len(of)) * (most[of] * DAY - 2 * HOUR)).astype(np.int64)
    yield _sessions(start, device[of], _topic_weights(j.mission[of]), rng, 3.4)
    again = main[rng.random(len(main)) < 0.5]
    back = j.ends[again] + (rng.uniform(0.2, 4.2, len(again)) * DAY).astype(np.int64)
    yield _sessions(back, device[again], _topic_weights(j.mission[again]), rng, 1.5)
    login = of[(rng.random(len(of)) < 0.25) & (j.prior[of] > 0)]
    known = crm.of_journey[login]
    when = j.ordered[login] - (rng.random(len(login)) * 0.8 * most[login] * DAY).astype(np.int64)
    there = crm.rows["created"].to_numpy()[known] < when
    yield _events(when[there], device[login[there]], IDENTIFY, row=known[there])
    yield from _research(j, device, most, rng)


def _research(j: Journeys, device: Ints, most: Floats, rng: np.random.Generator) -> Iterator[Events]:
    """The search of the journey, and what was found there."""
    start = j.ordered - HOUR - (rng.random(len(j)) * (most * DAY - 2 * HOUR)).astype(np.int64)
    search = np.flatnonzero(j.reached[:, SUB_STEP_NAMES.index("browse")])
    empty = j.on[search, MOMENT_NAMES.index("nothing_in_stock")].astype(np.int64)
    yield _track("Plants Searched", start, search, device, rng, outcome=empty)
    guide = np.flatnonzero(j.on[:, MOMENT_NAMES.index("care_guide_read")])
    yield _track("Care Guide Read", start + 4 * MINUTE, guide, device, rng)
    plan = np.flatnonzero(j.on[:, MOMENT_NAMES.index("planner_used")])
    yield _track("Planner Used", start + 9 * MINUTE, plan, device, rng)


def _track(name: str, time: Ints, rows: Ints, device: Ints, rng: np.random.Generator, **given: Ints) -> Events:
    when = time[rows] + rng.integers(0, 3 * MINUTE, len(rows))
    seconds = rng.integers(15, 700, len(rows))
    return _events(when, device[rows], 2 + TRACKS.index(name), seconds=seconds, **given)


def _buying(j: Journeys, device: Ints, crm: Crm, rng: np.random.Generator) -> Iterator[Events]:
    """Checkout, tied to the order by its id; who orders otherwise (by phone, in the store) has at least logged in."""
    start = j.ordered - 14 * MINUTE
    reached = j.reached[:, SUB_STEP_NAMES.index("checkout")]
    rows = np.flatnonzero(reached)
    declined = 2 * j.on[rows, MOMENT_NAMES.index("card_declined")].astype(np.int64)
    member = np.flatnonzero(j.on[:, MOMENT_NAMES.index("member_price_shown")])
    yield _track("Checkout Started", start, rows, device, rng, outcome=declined, order=rows)
    yield _track("Member Price Shown", start + 4 * MINUTE, member, device, rng, order=member)
    login = np.flatnonzero(~j.addon & (rng.random(len(j)) < np.where(reached, 0.55, 0.9)))
    yield _events(j.ordered[login] - 15 * MINUTE, device[login], IDENTIFY, row=crm.of_journey[login])


def _casual(recipe: Recipe, people: People, rng: np.random.Generator) -> Events:
    """Idle visits at any time: they tell little about anything."""
    who = rng.integers(0, len(people), len(people) // 2)
    start = recipe.start + (rng.random(len(who)) * (recipe.end - recipe.start)).astype(np.int64)
    weights = _topic_weights(people.mission[who]) + 6
    return _sessions(start, 3 * who, weights, rng, 2.0)


def _dead_baskets(orders: Orders, rng: np.random.Generator) -> Iterator[Events]:
    """What is left of an order that came to nothing."""
    time = orders.dead_ordered - rng.integers(MINUTE, 20 * MINUTE, len(orders.dead_ordered))
    order = len(orders.ids) + np.arange(len(time))
    yield _events(time, 3 * orders.dead_person, 2 + TRACKS.index("Basket Viewed"), order=order)


def _strangers(recipe: Recipe, first: int, count: int, rng: np.random.Generator) -> Iterator[Events]:
    """Visitors who never say who they are."""
    of = np.repeat(np.arange(count), 1 + rng.poisson(0.8, count))
    start = recipe.start + (rng.random(len(of)) * (recipe.end - recipe.start)).astype(np.int64)
    mission = rng.choice(len(MISSIONS), size=count, p=[m.share for m in MISSIONS])[of]
    yield _sessions(start, first + of, _topic_weights(mission), rng, 3.0)
    found = np.flatnonzero(rng.random(len(of)) < 0.4)
    empty = (rng.random(len(found)) < 0.2).astype(np.int64)
    yield _track("Plants Searched", start, found, first + of, rng, outcome=empty)


def _on_shared(
    recipe: Recipe, people: People, crm: Crm, shared: Ints, *, first: int, rng: np.random.Generator
) -> Iterator[Events]:
    """A tablet that two people of a household use in turn: each logs in, then reads."""
    created = crm.rows["created"].to_numpy()
    row_of = np.unique(crm.rows["person"].to_numpy(), return_index=True)[1]
    turn = np.tile(np.arange(4), len(shared))
    tablet = np.repeat(np.arange(len(shared)), 4)
    person = shared[tablet] + turn % 2
    row = row_of[person]
    start = created[row] + (rng.random(len(row)) * np.maximum(recipe.end - created[row], 0)).astype(np.int64)
    yield _events(start, first + tablet, IDENTIFY, row=row)
    yield _sessions(start + MINUTE, first + tablet, _topic_weights(people.mission[person]), rng, 2.0)


def _on_kiosks(recipe: Recipe, crm: Crm, kiosks: int, *, first: int, rng: np.random.Generator) -> list[Events]:
    """Screens in the stores at which anybody logs in, reads a page and walks away: one cookie each."""
    created = crm.rows["created"].to_numpy()
    row = rng.integers(0, len(created), kiosks * LOGINS_A_KIOSK)
    device = first + np.repeat(np.arange(kiosks), LOGINS_A_KIOSK)
    start = created[row] + (rng.random(len(row)) * np.maximum(recipe.end - created[row], 0)).astype(np.int64)
    topic = rng.integers(0, len(TOPICS), len(row))
    return [_events(start, device, IDENTIFY, row=row), _events(start + MINUTE, device, PAGE, topic=topic)]


def lines(web: Web, night: int, rng: np.random.Generator) -> Iterator[list[str]]:
    """The night's events as JSON lines, one list a file."""
    rows = np.flatnonzero(web.night == night)
    medium = np.array(MEDIA, dtype=object)
    for at in range(0, len(rows), LINES_A_FILE):
        part = rows[at : at + LINES_A_FILE]
        media = medium[(web.events.device[part] * 7 + web.events.time[part] // DAY) % len(MEDIA)]
        yield _lines(web, part, media, rng)


def _lines(web: Web, part: Ints, media: Texts, rng: np.random.Generator) -> list[str]:
    e = web.events
    time = e.time[part]
    received = stamp(time + rng.integers(0, 5000, len(part)))
    device = e.device[part]
    heads = zip(
        part.tolist(), e.kind[part].tolist(), web.cookies[device], stamp(time), received, web.ips[device],
        web.agents[device].tolist(), media, strict=True,
    )  # fmt: skip
    columns = (e.topic, e.outcome, e.seconds, e.order, e.row)
    tails = zip(*(c[part].tolist() for c in columns), strict=True)
    return [_line(web, head, tail) for head, tail in zip(heads, tails, strict=True)]


def _line(web: Web, head: tuple[int, int, str, str, str, str, int, str], tail: tuple[int, int, int, int, int]) -> str:
    number, kind, cookie, time, received, ip, agent, medium = head
    topic, outcome, seconds, order, row = tail
    context = f'"ip":"{ip}","userAgent":"{AGENTS[agent]}","campaign":{{"medium":"{medium}"}}'
    if kind == PAGE:
        name = TOPICS[topic]
        what, body = "page", f'"name":"{name}","properties":{{"topic":"{name}"}}'
        context += f',"page":{{"path":"/{name}","url":"https://fernhollow.example/{name}"}}'
    elif kind == IDENTIFY:
        what, body = "identify", f'"userId":"{web.crm_ids[row]}","traits":{{"email":"{web.emails[row]}"}}'
    else:
        tie = f',"order_id":"{web.order_ids[order]}"' if order >= 0 else ""
        result = f'"outcome":"{OUTCOMES[outcome]}","duration_seconds":{seconds}{tie}'
        what, body = "track", f'"event":"{TRACKS[kind - 2]}","properties":{{{result}}}'
    return (
        f'{{"messageId":"w{number:09d}","type":"{what}","anonymousId":"{cookie}","timestamp":"{time}",'
        f'"receivedAt":"{received}","context":{{{context}}},{body}}}\n'
    )
