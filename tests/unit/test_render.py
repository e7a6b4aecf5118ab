"""Templates escape, charts draw without a network, errors name the template."""

import re
import sys
import xml.etree.ElementTree as ET
from datetime import date
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
        svg = str(render.chart_svg("forest_row", [bar(verdict=verdict, is_misleading=False)]))
        return set(re.findall(r'<path transform="[^"]*" d="([^"]*)"', svg))

    assert len({frozenset(marks(v)) for v in ("drives", "harms", "no_detectable_effect")}) == 3


def test_charts_are_the_same_bytes_twice() -> None:
    assert render.chart_png("letter", [bar()]) == render.chart_png("letter", [bar()])
    assert render.chart_svg("forest_row", [bar()]) == render.chart_svg("forest_row", [bar()])


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


def test_a_page_becomes_pdf_and_nothing_that_it_names_is_loaded(tmp_path: Path) -> None:
    pdfium = pytest.importorskip("pypdfium2", reason="pypdfium2 is absent: no PDF was read")
    if render.pdf_lacks():
        pytest.skip(f"no PDF: {render.pdf_lacks()}")
    sheet = tmp_path / "hide.css"
    sheet.write_text("p { display: none }", "utf-8")
    links = f'<link rel="stylesheet" href="{sheet.as_uri()}"><style>@import url("{sheet.as_uri()}");</style>'
    body = "<body><p>Still here</p><script>document.body.remove()</script></body>"
    page = f"<html><head><title>T</title>{links}</head>{body}</html>"
    document = pdfium.PdfDocument(render.pdf(page, date(2026, 6, 30)))
    assert "Still here" in document[0].get_textpage().get_text_range()
    assert document.get_metadata_dict()["CreationDate"].startswith("20260630")
    assert render.pdf(page, date(2026, 6, 30)) == render.pdf(page, date(2026, 6, 30))


def test_a_machine_that_cannot_make_pdf_says_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "plutoprint", None)
    assert "plutoprint is not installed" in render.pdf_lacks()


def test_a_spec_s_parameters_are_set_and_its_width_with_them() -> None:
    svg = str(render.chart_svg("map_curve", [], columns=3, width=333))
    assert 'width="333"' in svg


def test_the_policy_names_the_script_and_nothing_from_outside() -> None:
    assert re.fullmatch(
        r"default-src 'none'; script-src 'sha256-[\w+/]{43}='; style-src 'unsafe-inline'; img-src data:; "
        r"base-uri 'none'; form-action 'none'",
        render.policy(),
    )


def test_charts_fetch_nothing() -> None:
    assert not [p for p in Path(render.REPORTS).rglob("*.json") if '"url"' in p.read_text("utf-8")]
