"""What every e-mail to readers keeps to, as rules: what mail programs know, what fits, what reads without pictures.

Outlook on Windows lays pages out with Word's engine: tables alone, padding on cells alone, no flex, no SVG. Gmail cuts
a page at 102 KB. A page is read dark, on 320 pixels, and with pictures off.
"""

import re
from email.message import EmailMessage
from email.utils import getaddresses
from html.parser import HTMLParser

LARGEST_HTML_BYTES = 80_000
LARGEST_MAIL_BYTES = 400_000
LONGEST_SUBJECT = 100
TREE = ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"]
WITHOUT_PICTURE = ["multipart/alternative", "text/plain", "text/html"]
TAGS = set("html head meta title style body div table tbody tr td h1 h2 p b br span a img".split())
UNKNOWN_TO_OUTLOOK = re.compile(
    r"\b(flex|grid|position|float|calc|var|background-image|box-shadow|transform|gap|opacity)\b"
)
LOADS = re.compile(r"url\(|@import|@font-face|expression\(|javascript:", re.IGNORECASE)
NUMBER = re.compile(r"[+−]?\d[\d,.]*\d|[+−]?\d")
VOID = {"meta", "br", "img"}


class Page(HTMLParser):
    """The page's tags, the text that is seen, the text of its style sheet, and whether its tags are in balance."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.seen, self.style = "", ""
        self._open: list[str] = []
        self.is_balanced = True
        self.feed(html)
        self.is_balanced &= not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.is_balanced &= bool(self._open) and self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "style":
            self.style += data
        elif not {"title", "div"} & set(self._open):  # the one div is the line that mail programs show before opening
            self.seen += f" {data}"

    def named(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


def html_of(message: EmailMessage) -> str:
    part = message.get_body(("html",))
    return "" if part is None else str(part.get_content())


def text_of(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    return "" if part is None else str(part.get_content())


def numbers(text: str) -> set[str]:
    """Every figure that a text tells, as it is written; addresses tell none."""
    return set(NUMBER.findall(re.sub(r"https://\S+", "", text)))


def faults(message: EmailMessage) -> list[str]:
    """What the e-mail breaks; nothing where it may go out."""
    page = Page(html_of(message))
    return [
        *_head(message),
        *_tree(message, page),
        *_size(message),
        *_marks(page),
        *_styles(page),
        *_pictures(message, page),
        *_words(message, page),
    ]


def _head(message: EmailMessage) -> list[str]:
    """The lines above the letter: who, to whom, what, and how to leave."""
    found = [f"{name} is missing" for name in ("To", "Date", "Message-ID") if not message[name]]
    if len(getaddresses([str(message["From"])])) != 1:
        found.append("From is not one plain address")
    if not 0 < len(str(message["Subject"])) <= LONGEST_SUBJECT:
        found.append(f"a subject of {len(str(message['Subject']))} letters")
    if not str(message["List-Unsubscribe"]).startswith("<mailto:"):
        found.append("List-Unsubscribe is missing")
    return found


def _tree(message: EmailMessage, page: Page) -> list[str]:
    kinds = [part.get_content_type() for part in message.walk()]
    wanted = TREE if page.named("img") else WITHOUT_PICTURE
    return [] if kinds == wanted else [f"the parts are {kinds}"]


def _size(message: EmailMessage) -> list[str]:
    html, whole = len(html_of(message).encode("utf-8")), len(bytes(message))
    found = [f"{html} bytes of HTML"] if html > LARGEST_HTML_BYTES else []
    return found + ([f"{whole} bytes in all"] if whole > LARGEST_MAIL_BYTES else [])


def _marks(page: Page) -> list[str]:
    """Tags and attributes: tables for layout, said to be so, and nothing that does or loads something."""
    found = [f"the tag {tag}" for tag in sorted({tag for tag, _ in page.tags} - TAGS)]
    found += ["tags that are not in balance"] * (not page.is_balanced)
    for table in page.named("table"):
        if table.get("role") != "presentation":
            found.append("a table that screen readers take for data")
        if any(table.get(name) != "0" for name in ("cellpadding", "cellspacing", "border")):
            found.append("a table without cellpadding, cellspacing and border of 0")
    found += [f"the attribute {name}" for _, given in page.tags for name in given if name.startswith("on")]
    found += [f"a link to {a['href']}" for a in page.named("a") if not a["href"].startswith("https://")]
    if page.named("html")[0].get("lang") != "en":
        found.append("no language")
    if len(page.named("h1")) != 1:
        found.append("not one first heading")
    return found


def _styles(page: Page) -> list[str]:
    """Styles: on the elements, of what Outlook's engine knows; the sheet holds media queries alone."""
    found = []
    for tag, given in page.tags:
        style = given.get("style", "")
        found += [f"{name} on {tag}" for name in UNKNOWN_TO_OUTLOOK.findall(style)]
        if "padding" in style and tag != "td":
            found.append(f"padding on {tag}")
        if "width" in given and given["width"].isdigit() and int(given["width"]) > 600:
            found.append(f"{tag} is {given['width']} wide")
        if LOADS.search(style):
            found.append(f"{tag} loads something")
    if LOADS.search(page.style):
        found.append("the sheet loads something")
    outside = re.sub(r"@media[^{]*\{(?:[^{}]*\{[^{}]*\})*\s*\}", "", page.style).strip()
    if outside:
        found.append(f"styles that are not on their elements: {outside[:60]}")
    if "prefers-color-scheme: dark" not in page.style or "max-width" not in page.style:
        found.append("no styles for the dark, or for small screens")
    return found


def _pictures(message: EmailMessage, page: Page) -> list[str]:
    """Pictures come with the letter, once each, and say in words what they show."""
    brought = [str(part["Content-ID"]).strip("<>") for part in message.walk() if part.get_content_maintype() == "image"]
    shown = [image["src"].removeprefix("cid:") for image in page.named("img")]
    found = [] if brought == shown else [f"pictures {shown} of {brought}"]
    for image in page.named("img"):
        alt = image.get("alt", "")
        if not numbers(alt) or not image.get("width"):
            found.append("a picture without its findings in words, or without a width")
    return found


def _words(message: EmailMessage, page: Page) -> list[str]:
    """Both parts tell the same figures; the text is text, in lines that travel."""
    text = text_of(message)
    found = [f"not in both parts: {figure}" for figure in sorted(numbers(text) ^ numbers(page.seen))]
    if re.search(r"</?(p|b|td|tr|table|div|span)\b", text) or len(text) < 80:
        found.append("the text part is no text")
    if any(len(line) > 998 for line in bytes(message).splitlines()):
        found.append("a line of over 998 octets")
    return found
