"""A night as people see it: from the form in Airflow to the report in its tab and the approved e-mail in a mailbox."""

import email
import email.policy
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from aiosmtpd.controller import Controller

from pipeline.demo import NIGHTS, generate
from pipeline.embedded import driver
from pipeline.embedded.airflow_api import Api
from pipeline.embedded.driver import Access, Home, free_port

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FrameLocator, Page

pytestmark = pytest.mark.slow
NIGHT = NIGHTS[-1]
READERS = ("ann@example.org", "bob@example.org")
PATIENCE_SECONDS = 900.0
A_PAGE = 30_000  # milliseconds that a page may take on a busy machine


class Mailbox:
    """A mail server that keeps what it is given."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, EmailMessage]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.mails += [(to, message) for to in envelope.rcpt_tos]  # type: ignore[misc]
        return "250 OK"

    def to_readers(self) -> dict[str, list[EmailMessage]]:
        return {name: [mail for to, mail in self.mails if to == name] for name in READERS}


@pytest.fixture(scope="module")
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    kept = Mailbox()
    controller = Controller(kept, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield kept, controller.port
    controller.stop()


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory, mailbox: tuple[Mailbox, int]) -> Iterator[tuple[Home, Access]]:
    """An Airflow with the DAGs switched on, whose one audience gets its e-mail only after approval."""
    home = Home(tmp_path_factory.mktemp("ui") / "home")
    generate(home.company, people=300)
    audience = {"name": "executives", "recipients": READERS, "approval": "always"}
    settings = {"AUDIENCES": json.dumps([audience]), "SMTP__HOST": "127.0.0.1", "SMTP__PORT": str(mailbox[1])}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (settings | {"SMTP__STARTTLS": "false"}).items():
            patch.setenv(f"LANDMARK_{name}", value)
        try:
            assert driver.main(["up", "--home", str(home.path)]) == 0
            access = driver.running(home)
            assert access is not None
            yield home, access
        finally:
            assert driver.main(["down", "--home", str(home.path)]) == 0


def wait_for(holds: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := holds()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.5)
    return found


class Person:
    """Somebody at a browser; errors: what the browser complained of since they came to the report."""

    def __init__(self, browser: "Browser", access: Access) -> None:
        self.page: Page = browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
        self.page.set_default_timeout(A_PAGE)
        self.url, self.password = access.url, access.password
        self.asked: list[str] = []
        self.errors: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def log_in(self) -> None:
        self.page.goto(f"{self.url}/")
        self.give_password()
        self.page.get_by_role("link", name="Landmark", exact=True).wait_for()

    def give_password(self) -> None:
        self.page.fill("input[name=username]", "admin")
        self.page.fill("input[name=password]", self.password)
        self.page.click("button[type=submit]")

    def trigger(self, night: str) -> None:
        """Starts a night by landmark_ingest's form."""
        self.page.goto(f"{self.url}/dags/landmark_ingest")
        self.page.get_by_role("button", name="Trigger").click()
        form = self.page.get_by_role("dialog")
        form.get_by_text("Which night").click()
        form.locator("input[type=date]").fill(night)
        form.get_by_role("button", name="Trigger", exact=True).click()
        self.page.wait_for_url(re.compile(r"/dags/landmark_ingest/runs/"))

    def open_run(self, dag: str, run: str, task: str = "") -> None:
        place = f"/tasks/{task}" if task else ""
        self.page.goto(f"{self.url}/dags/{dag}/runs/{quote(run, safe='')}{place}")


def text_of(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def report_run(api: Api) -> str:
    """The id of the night's run of landmark_report, once it waits for approval; fails where anything failed."""

    def waits() -> str | None:
        for dag in ("landmark_ingest", "landmark_build", "landmark_report"):
            found = api.call("GET", f"/api/v2/dags/{dag}/dagRuns?limit=100")["dag_runs"]
            assert not [run["dag_run_id"] for run in found if run["state"] == "failed"], dag
        for run in api.runs("landmark_report", NIGHT):
            states = {task["task_id"]: task["state"] for task in api.tasks("landmark_report", run["dag_run_id"])}
            if states.get("approve") == "awaiting_input":
                return str(run["dag_run_id"])
        return None

    return str(wait_for(waits, "a report that waits for approval"))


def test_a_night_from_the_form_to_the_mailbox(
    airflow: tuple[Home, Access], mailbox: tuple[Mailbox, int], chromium: "Browser"
) -> None:
    home, access = airflow
    api = Api(access.url)
    api.log_in("admin", access.password)
    person = Person(chromium, access)
    person.log_in()
    person.trigger(NIGHT)
    run = report_run(api)
    headline = _the_report_is_in_its_tab(person, run)
    _the_report_is_in_the_list(person, headline)
    assert not any(mailbox[0].to_readers().values()), "mailed before it was approved"
    person.open_run("landmark_report", run, "approve/required_actions")
    person.page.get_by_role("button", name="Approve").click()
    wait_for(lambda: api.run_state("landmark_report", run) in ("success", "failed"), "the delivery")
    assert api.run_state("landmark_report", run) == "success"
    for reader, mails in mailbox[0].to_readers().items():
        assert len(mails) == 1, reader
        assert mails[0]["Subject"] == headline
    _the_mail_s_link_leads_to_the_report(mailbox[0].to_readers()[READERS[0]][0], chromium, access)
    _every_log_tells_in_five_lines(home)
    _the_tasks_are_documented(person)


def _the_report_is_in_its_tab(person: Person, run: str) -> str:
    """Returns the headline: the run's note says it."""
    person.open_run("landmark_report", run)
    person.page.get_by_role("link", name="Report", exact=True).wait_for()
    person.errors.clear()
    person.asked.clear()
    person.page.get_by_role("link", name="Report", exact=True).click()
    bar = person.page.frame_locator("iframe").locator("header")
    shown = person.page.frame_locator("iframe").frame_locator("iframe")
    assert shown.locator("section h2").first.inner_text() == "What to do"
    headline = bar.locator("p").inner_text().replace("newest", "").strip()
    assert headline
    person.page.get_by_text(headline, exact=True).wait_for()
    _its_script_runs(shown)
    _it_is_shut_in(person)
    return headline


def _its_script_runs(shown: "FrameLocator") -> None:
    """The report's own script is let through: choosing a mission leaves fewer figures, and says how many."""
    choice = shown.locator("#tools select").first
    choice.select_option(index=1)
    shown.locator("#said", has_text="shown").wait_for()
    choice.select_option(index=0)


def _it_is_shut_in(person: Person) -> None:
    """The report runs in an origin of its own, asks for nothing, and the browser has nothing to complain of."""
    frame = next(frame for frame in person.page.frames if "/report.html" in frame.url)
    assert frame.evaluate("window.origin") == "null"
    assert frame.evaluate("fetch('/api/v2/dags').then(() => 'let out', () => 'shut in')") == "shut in"
    assert [error for error in person.errors if "/api/v2/dags" not in error] == []
    elsewhere = [url for url in person.asked if not url.startswith((person.url, "data:"))]
    assert elsewhere == []


def _the_report_is_in_the_list(person: Person, headline: str) -> None:
    person.page.goto(f"{person.url}/")
    person.page.get_by_role("link", name="Landmark", exact=True).click()
    frame = person.page.frame_locator("iframe")
    row = frame.locator("tbody tr").first
    assert headline in row.inner_text()
    row.get_by_role("link").first.click()
    assert frame.frame_locator("iframe").locator("section h2").first.inner_text() == "What to do"
    frame.get_by_role("link", name="All reports").click()
    frame.locator("tbody tr").first.wait_for()


def _the_mail_s_link_leads_to_the_report(mail: EmailMessage, browser: "Browser", access: Access) -> None:
    """A reader who is not logged in gets there through the login."""
    link = re.search(r"http://\S+", text_of(mail))
    assert link is not None
    reader = Person(browser, access)
    reader.page.goto(link[0])
    assert "/auth/login" in reader.page.url
    reader.give_password()
    reader.page.get_by_role("heading", name="What to do").wait_for()
    assert reader.page.url.startswith(link[0])


def _every_log_tells_in_five_lines(home: Home) -> None:
    """What each stage's task printed of itself: five lines, with counts, after the line that it begins."""
    logs = sorted((home.airflow / "logs").glob("dag_id=landmark_*/run_id=*/task_id=*/attempt=1.log"))
    told = {path.parent.name.partition("=")[2]: _printed(path) for path in logs}
    assert {"crm.pull", "web.ingest", "identity", "ranking", "marts", "report", "deliver_approved"} <= set(told)
    for task, lines in told.items():
        starts = [place for place, line in enumerate(lines) if re.match(rf"{NIGHT} [a-z]+( [a-z]+)?: [\d.]+ s, ", line)]
        if task.partition(".")[2] or task in ("identity", "emotion", "journeys", "missions", "ranking", "marts"):
            assert len(starts) == 1, task
        for start in starts:
            labels = [line.split()[0] for line in lines[start + 1 : start + 5]]
            assert labels == ["read", "made", "checked", "noted"], task
            assert re.search(r"\d", " ".join(lines[start + 1 : start + 5])), task


def _printed(log: Path) -> list[str]:
    lines = []
    for raw in log.read_text("utf-8").splitlines():
        with suppress(ValueError):
            entry = json.loads(raw)
            if entry.get("logger") == "task.stdout":
                lines.append(entry["event"])
    return lines


def _the_tasks_are_documented(person: Person) -> None:
    person.page.goto(f"{person.url}/dags/landmark_build/tasks/ranking")
    person.page.get_by_role("button", name="Documentation").click()
    person.page.get_by_role("dialog").get_by_text("which moments change whether customers come back").wait_for()
    person.page.goto(f"{person.url}/assets")
    person.page.get_by_role("link", name="marts", exact=True).click()
    person.page.get_by_text("a night's published tables").wait_for()
