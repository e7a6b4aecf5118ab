"""Templates escape, charts draw without a network, errors name the template."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from jinja2 import DictLoader

from pipeline import render
from pipeline.errors import StageError

HOSTILE = '</text></svg><script>alert(1)</script>" onload="alert(2)'
CHARTS = sorted(path.name.removesuffix(".vl.json") for path in (render.REPORTS / "charts").glob("*.vl.json"))


def bar(**changes: object) -> dict[str, object]:
    row = {"moment": "a", "label": "A", "verdict": "drives", "points": 5.0, "low": 2.0, "high": 8.0}
    return row | {"naive": 9.0, "is_misleading": True, "told": "+5 (+2 to +8)"} | changes


@pytest.fixture
def templates(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    made: dict[str, str] = {}
    monkeypatch.setattr(render.environment(), "loader", DictLoader(made))
    return made


def test_html_is_escaped_and_text_is_not(templates: dict[str, str]) -> None:
    templates |= {"a.html.j2": "{{ x }}", "a.txt.j2": "{{ x }}"}
    assert render.page("a.html.j2", x="<b>&") == "&lt;b&gt;&amp;"
    assert render.page("a.txt.j2", x="<b>&") == "<b>&"


def test_an_unknown_name_is_an_error_that_names_the_template(templates: dict[str, str]) -> None:
    templates["a.html.j2"] = "{{ nobody }}"
    with pytest.raises(StageError, match=r"reports/a\.html\.j2.*nobody"):
        render.page("a.html.j2")


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_is_whole_svg_whose_text_is_escaped(name: str) -> None:
    svg = str(render.chart_svg(name, [bar(label=HOSTILE), bar(moment="b", verdict="harms", is_misleading=False)]))
    tags = {re.sub(r"\{.*\}", "", element.tag) for element in ET.fromstring(svg).iter()}
    assert tags <= {"svg", "g", "path", "line", "rect", "text", "defs", "clipPath", "title"}
    assert not any(key.startswith("on") for element in ET.fromstring(svg).iter() for key in element.attrib)
    assert 'aria-hidden="true"' in svg


def test_a_chart_tells_verdicts_apart_by_shape_as_well_as_colour() -> None:
    def marks(verdict: str) -> set[str]:
        svg = str(render.chart_svg("forest_wide", [bar(verdict=verdict, is_misleading=False)]))
        return set(re.findall(r'<path transform="[^"]*" d="([^"]*)"', svg))

    assert len({frozenset(marks(v)) for v in ("drives", "harms", "no_detectable_effect")}) == 3


def test_charts_are_the_same_bytes_twice() -> None:
    assert render.chart_png("letter", [bar()]) == render.chart_png("letter", [bar()])
    assert render.chart_svg("forest_wide", [bar()]) == render.chart_svg("forest_wide", [bar()])


def test_colours_of_charts_are_those_that_the_style_sheet_turns_dark() -> None:
    used = set()
    for path in (render.REPORTS / "charts").glob("forest*.vl.json"):
        used |= set(re.findall(r'"#[0-9a-f]{6}"', path.read_text("utf-8")))
    styled = (render.REPORTS / "styles.css").read_text("utf-8")
    assert used and all(f"={colour}]" in styled for colour in used)


def test_styles_are_put_onto_elements_and_media_queries_stay() -> None:
    page = "<style>p{color:red}@media (max-width:9px){p{color:blue !important}}</style><p>x</p>"
    inlined = render.inlined(f"<html><head>{page}</head></html>")
    assert re.search(r'<p style="color:\s*red', inlined)
    assert "@media" in inlined
    assert inlined.count("color:red") + inlined.count("color: red") == 1


def test_charts_fetch_nothing() -> None:
    assert not [p for p in Path(render.REPORTS).rglob("*.json") if '"url"' in p.read_text("utf-8")]
