"""The only door to jinja2, vl_convert, css_inline and plutoprint: templates, charts, inlined styles and PDF.

Templates lie in reports/. Text that comes from data is escaped by the environment (autoescape); a chart's text is
escaped by the renderer. Charts are Vega-Lite specs in reports/charts/: a chart is data. Nothing here uses a network.
"""

import base64
import hashlib
import json
import re
from datetime import date
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from pipeline import words
from pipeline.errors import StageError

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

REPORTS = Path(__file__).resolve().parent.parent / "reports"
SCRIPT = "report.js"
_IDLE = re.compile(r' (?:class|role|aria-[a-z]+|pointer-events|xmlns:xlink|version)="[^"]*"')  # of no use in a page
_FILTERS = (
    words.plain, words.heading, words.listed, words.day, words.count, words.percent, words.rounded, words.signed,
    words.in_100, words.sureness, words.clean,
)  # fmt: skip
_GLOBALS = (words.change, words.between, words.span, words.digits)


@cache
def environment() -> "Environment":
    """The templates' environment: an unknown name is an error, and whatever is not marked safe is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

    made = Environment(
        loader=FileSystemLoader(REPORTS),
        autoescape=select_autoescape(disabled_extensions=("txt.j2",), default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {function.__name__: function for function in _FILTERS}
    made.globals |= {function.__name__: function for function in _GLOBALS}
    made.globals["chart"] = chart_svg
    made.globals["style"] = _verbatim
    made.globals["script"] = lambda: _verbatim(SCRIPT)
    made.globals["policy"] = policy
    return made


def page(template: str, **values: object) -> str:
    """The template (a path under reports/) filled with the values."""
    from jinja2 import TemplateError

    try:
        return environment().get_template(template).render(**values)
    except TemplateError as error:
        place = f"reports/{getattr(error, 'name', None) or template}, line {getattr(error, 'lineno', None) or '?'}"
        raise StageError(f"the template cannot be filled: {error}", where=place) from error


def inlined(html: str) -> str:
    """The page with its styles written onto its elements, as mail programs want it; media queries stay."""
    import css_inline

    inliner = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False, keep_style_tags=False)
    return str(inliner.inline(html))


def policy(*, is_scripted: bool = True) -> str:
    """The content security policy of a page: its own style and, if it has one, script, and nothing from anywhere."""
    digest = base64.b64encode(hashlib.sha256((REPORTS / SCRIPT).read_bytes()).digest()).decode("ascii")
    script = f"script-src 'sha256-{digest}'; " if is_scripted else ""
    own = f"{script}style-src 'unsafe-inline'; img-src data:"
    return f"default-src 'none'; {own}; base-uri 'none'; form-action 'none'"


def chart_svg(name: str, rows: list[dict[str, Any]], **params: float) -> "Markup":
    """The chart drawn from the rows, as SVG to stand inside a page; params: values of the spec's own parameters.

    It is hidden from screen readers: the figure around it says in words what it shows.
    """
    from markupsafe import Markup

    svg = _drawn(json.dumps(_spec(name, rows, params)))
    slim = re.sub(r"<[a-z][^<>]*>", lambda tag: _IDLE.sub("", tag[0]), svg)
    return Markup(slim.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1))  # noqa: S704 (its text is escaped)


@lru_cache(maxsize=2048)  # the page and its PDF show the same charts
def _drawn(spec: str) -> str:
    import vl_convert

    return str(vl_convert.vegalite_to_svg(spec, config=_look(), allowed_base_urls=[]))


def chart_png(name: str, rows: list[dict[str, Any]]) -> bytes:
    """The chart drawn from the rows, as PNG at three times its size (sharp on small screens)."""
    import vl_convert

    return bytes(vl_convert.vegalite_to_png(_spec(name, rows), scale=3, config=_look(), allowed_base_urls=[]))


def pdf_lacks() -> str:
    """What this machine lacks to make PDF, and what to do; '' where it can."""
    try:
        import plutoprint
    except ImportError:
        return "plutoprint is not installed (pip has builds for some kinds of machine; a browser prints the page, too)"
    book = plutoprint.Book(plutoprint.PAGE_SIZE_A4)
    book.load_html('<body style="margin:0"><p style="margin:0">x</p></body>')
    return "" if book.get_document_height() else "this machine has no fonts (install some, for example DejaVu)"


def pdf(html: str, made: date) -> bytes:
    """The page as PDF on A4, dated; nothing that it may refer to is loaded, and no script runs."""
    import plutoprint

    class Nothing(plutoprint.ResourceFetcher):
        def fetch_url(self, url: str) -> NoReturn:
            raise OSError(f"the page refers to {url}")

    book = plutoprint.Book(plutoprint.PAGE_SIZE_A4)
    book.custom_resource_fetcher = Nothing()
    book.load_html(html, base_url="report:")
    for name in (plutoprint.PDF_METADATA_CREATION_DATE, plutoprint.PDF_METADATA_MODIFICATION_DATE):
        book.set_metadata(name, f"{made.isoformat()}T00:00:00Z")
    written = BytesIO()
    book.write_to_pdf_stream(written)
    return written.getvalue()


def spec_svg(spec: dict[str, Any]) -> str:
    """A whole Vega-Lite spec, data and all, drawn as SVG; nothing that it may refer to is loaded."""
    import vl_convert

    return str(vl_convert.vegalite_to_svg(spec, allowed_base_urls=[]))


def spec_png(spec: dict[str, Any]) -> bytes:
    """The same as PNG, at twice its size."""
    import vl_convert

    return bytes(vl_convert.vegalite_to_png(spec, scale=2, allowed_base_urls=[]))


def _spec(name: str, rows: list[dict[str, Any]], params: dict[str, float] | None = None) -> dict[str, Any]:
    spec: dict[str, Any] = json.loads((REPORTS / "charts" / f"{name}.vl.json").read_text("utf-8"))
    for param in spec.get("params", ()):
        param["value"] = (params or {}).get(param["name"], param["value"])
        if param["name"] in spec:  # width: Vega-Lite takes no expression there
            spec[param["name"]] = param["value"]
    return spec | {"data": {"values": [{key: _value(value) for key, value in row.items()} for row in rows]}}


def _value(value: object) -> object:
    """A chart's datum: words.clean text, dates as text, the rest as it is."""
    if isinstance(value, str):
        return words.clean(value)
    return value.isoformat() if isinstance(value, date) else value


@cache
def _look() -> dict[str, Any]:
    """What all charts share: fonts, colours, grid."""
    look: dict[str, Any] = json.loads((REPORTS / "charts" / "look.json").read_text("utf-8"))
    return look


def _verbatim(name: str) -> "Markup":
    """A style sheet or script of reports/, to stand inside a page's element for it."""
    from markupsafe import Markup

    return Markup((REPORTS / name).read_text("utf-8"))  # noqa: S704 (the repository's own file)
