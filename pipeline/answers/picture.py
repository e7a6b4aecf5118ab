"""The picture of explain: splink's waterfall chart of every pair that the pair model weighed, of the path and near it.

The chart is splink's own definition, drawn here without a browser or a network. Where the odds before comparing are not
known (records that keys tie are one before the model weighs them) the bars begin at even odds.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline import render
from pipeline.answers.words import kind_in_words
from pipeline.catalog import write_bytes
from pipeline.errors import IdentityError
from pipeline.words import clean

Document = dict[str, Any]
MOST_PAIRS = 12


def draw(document: Document, path: Path) -> None:
    """Writes the picture of an answer of explain as .svg, .png or .html; raises IdentityError where it has no pair."""
    pairs = [tie for tie in _ties(document) if tie["comparisons"]][:MOST_PAIRS]
    if not pairs:
        raise IdentityError(
            "there is no pair to draw: the pair model was not asked about these records",
            where="--picture",
            value=document["customer_id"],
            fix="The text tells the whole path",
        )
    write_bytes(path, _WRITERS[path.suffix.lower()](document, pairs))


def _ties(document: Document) -> list[Document]:
    return [*document.get("path", []), *(one["tie"] for one in document["kept_out"] if one["tie"])]


def _svg(document: Document, pairs: list[Document]) -> bytes:
    return render.spec_svg(_stacked(document, pairs)).encode()


def _png(document: Document, pairs: list[Document]) -> bytes:
    return render.spec_png(_stacked(document, pairs))


def _html(document: Document, pairs: list[Document]) -> bytes:
    from pipeline.answers.words import explained

    drawn = [render.spec_svg(_framed(_chart(document, pair))) for pair in pairs]
    return render.page("identity.html.j2", title=_who(document), charts=drawn, text=explained(document)).encode()


_WRITERS: dict[str, Callable[[Document, list[Document]], bytes]] = {".svg": _svg, ".png": _png, ".html": _html}


def _who(document: Document) -> str:
    ids = [document["customer_id"], document.get("other_customer_id")]
    return " and ".join(clean(one) for one in ids if one)


def _stacked(document: Document, pairs: list[Document]) -> Document:
    return _framed({"vconcat": [_chart(document, pair) for pair in pairs], "spacing": 40})


def _framed(spec: Document) -> Document:
    return {"$schema": "https://vega.github.io/schema/vega-lite/v5.json", "background": "white", "padding": 12} | spec


def _chart(document: Document, pair: Document) -> Document:
    """splink's waterfall of one pair, without its slider over many."""
    from splink.internals.charts import load_chart_definition

    spec: Document = load_chart_definition("match_weights_waterfall.json")
    told = {key: value for key, value in spec.items() if key not in ("$schema", "config", "params", "data", "title")}
    told["transform"] = [step for step in spec["transform"] if "record_number" not in json.dumps(step)]
    return told | {"data": {"values": _bars(pair)}, "title": _title(document, pair), "height": 300}


def _title(document: Document, pair: Document) -> Document:
    names = {one["n"]: f"{one['kind']}:{one['value']}" for one in document["records"]}
    names |= {one["n"]: f"{one['kind']}:{one['value']}" for k in document["kept_out"] for one in k["records"]}
    known = pair["start_bits"] is not None
    return {
        "text": clean(f"{names[pair['left']]} and {names[pair['right']]}"),
        "subtitle": "match weight, bits: each comparison's, and what they come to"
        if known
        else "match weight, bits, from even odds on: keys had tied them already",
    }


def _bars(pair: Document) -> list[Document]:
    """The rows that splink's chart is drawn of: the start, the comparisons, the final score."""
    start = pair["start_bits"] or 0.0
    final = start + sum(one["bits"] for one in pair["comparisons"])
    rows = [_bar("Prior", start)] if pair["start_bits"] is not None else []
    rows += [
        _bar(kind_in_words(one["name"]), one["bits"], label=one["says"], left=one["left"], right=one["right"])
        for one in pair["comparisons"]
    ]
    rows.append(_bar("Final score", final))
    return [row | {"bar_sort_order": place} for place, row in enumerate(rows)]


def _bar(name: str, bits: float, *, label: str = "", left: str = "", right: str = "") -> Document:
    return {
        "column_name": name,
        "label_for_charts": clean(label or name),
        "log2_bayes_factor": round(bits, 2),
        "bayes_factor": 2.0**bits,
        "value_l": clean(left)[:24],
        "value_r": clean(right)[:24],
    }
