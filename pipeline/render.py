"""The only door to jinja2, vl_convert and css_inline: templates, charts and inlined styles.

Templates lie in reports/. Text that comes from data is escaped by the environment (autoescape); a chart's text is
escaped by the renderer. Charts are Vega-Lite specs in reports/charts/: a chart is data. Nothing here uses a network.
"""

import json
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline import words
from pipeline.errors import StageError

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

REPORTS = Path(__file__).resolve().parent.parent / "reports"
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
    made.globals["style"] = _style
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


def chart_svg(name: str, rows: list[dict[str, Any]]) -> "Markup":
    """The chart drawn from the rows, as SVG to stand inside a page.

    It is hidden from screen readers: the figure around it says in words what it shows.
    """
    import vl_convert
    from markupsafe import Markup

    svg = str(vl_convert.vegalite_to_svg(_spec(name, rows), config=_look(), allowed_base_urls=[]))
    return Markup(svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1))  # noqa: S704 (its text is escaped)


def chart_png(name: str, rows: list[dict[str, Any]]) -> bytes:
    """The chart drawn from the rows, as PNG at three times its size (sharp on small screens)."""
    import vl_convert

    return bytes(vl_convert.vegalite_to_png(_spec(name, rows), scale=3, config=_look(), allowed_base_urls=[]))


def spec_svg(spec: dict[str, Any]) -> str:
    """A whole Vega-Lite spec, data and all, drawn as SVG; nothing that it may refer to is loaded."""
    import vl_convert

    return str(vl_convert.vegalite_to_svg(spec, allowed_base_urls=[]))


def spec_png(spec: dict[str, Any]) -> bytes:
    """The same as PNG, at twice its size."""
    import vl_convert

    return bytes(vl_convert.vegalite_to_png(spec, scale=2, allowed_base_urls=[]))


def _spec(name: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    spec: dict[str, Any] = json.loads((REPORTS / "charts" / f"{name}.vl.json").read_text("utf-8"))
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


def _style(name: str) -> "Markup":
    """A style sheet of reports/, to stand inside a page's style element."""
    from markupsafe import Markup

    return Markup((REPORTS / name).read_text("utf-8"))  # noqa: S704 (the repository's own file)
