"""Arrays of JSON, however their elements lie: all come out, a broken one alone is lost, and each can be taken out."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.sources import json_door
from pipeline.sources.elements import apart
from pipeline.sources.rewriting import rewrite

TEXT = st.text('ab"\\{}[],:\n é\x1e', max_size=12)
OBJECT = st.fixed_dictionaries(
    {"id": st.integers(0, 9), "say": TEXT, "of": st.lists(st.dictionaries(TEXT, TEXT, max_size=2), max_size=2)}
)
BETWEEN = st.sampled_from([",", ", ", ",\n", "\n,", ",\n\n  ", " , "])
BREAKS = st.sampled_from(
    [('"id"', '"id'), ('"say": "', '"say": '), ("}", ""), ('": ', '" '), ('"of": [', '"of": '), ("{", "")]
)


def records(path: Path) -> list[tuple[int, str, str | None]]:
    """Every record of a file: its line, its text without what parts it from others, why it cannot be read."""
    batches = json_door.opened(path, "a.json").batches
    rows = [row for batch in batches for row in batch.to_pylist()]
    return [(row["line"], row["raw"].strip(" \r\n[],"), row["broken"]) for row in rows]


def written(path: Path, texts: list[str], between: list[str], indent: str) -> None:
    joined = "".join(text + (between[n] if n < len(texts) - 1 else "") for n, text in enumerate(texts))
    path.write_text(f"[{indent}{joined}{indent}]", encoding="utf-8")


ARRAY = {"deadline": None, "suppress_health_check": list(HealthCheck)}
GIVEN = (
    st.lists(OBJECT, min_size=1, max_size=6),
    st.lists(BETWEEN, min_size=6, max_size=6),
    st.sampled_from(["", "\n"]),
    st.sampled_from([None, 1]),
)


@settings(max_examples=400, **ARRAY)
@given(*GIVEN, st.integers(1, 40))
def test_every_element_is_a_record(
    tmp_path: Path, objects: list[dict], between: list[str], indent: str, deep: int | None, size: int
) -> None:
    texts = [json.dumps(one, indent=deep) for one in objects]
    written(tmp_path / "a", texts, between, indent)
    assert [json.loads(text) for _, text, _ in records(tmp_path / "a")] == objects
    lines = [line for line, *_ in records(tmp_path / "a")]
    assert lines == sorted(set(lines))
    data = (tmp_path / "a").read_bytes()
    pieces = (data[at : at + size] for at in range(0, len(data), size))
    if size > 2:
        assert b"".join(apart(pieces, 1 << 20)) == b"".join(apart([data], 1 << 20))


@settings(max_examples=300, **ARRAY)
@given(*GIVEN[:3], st.data())
def test_an_element_that_is_taken_out_leaves_the_others_as_they_were(
    tmp_path: Path, objects: list[dict], between: list[str], indent: str, data: st.DataObject
) -> None:
    written(tmp_path / "a", [json.dumps(one) for one in objects], between, indent)
    before = records(tmp_path / "a")
    gone = data.draw(st.sets(st.sampled_from([line for line, *_ in before])))
    rewrite(tmp_path / "a", "a.json", tmp_path / "fresh", dict.fromkeys(gone, (1, "")))
    assert records(tmp_path / "fresh") == [row for row in before if row[0] not in gone]


@settings(max_examples=300, **ARRAY)
@given(st.lists(OBJECT, min_size=3, max_size=6), st.sampled_from([",", ",\n"]), st.integers(1, 5), BREAKS)
def test_a_broken_element_takes_no_other_with_it(
    tmp_path: Path, objects: list[dict], between: str, broken: int, how: tuple[str, str]
) -> None:
    texts = [json.dumps(one | {"of": []}) for one in objects]
    broken %= len(texts)
    texts[broken] = texts[broken].replace(*how, 1)
    written(tmp_path / "a", texts, [between] * 6, "")
    found = [text for _, text, fault in records(tmp_path / "a") if not fault]
    assert all(text in found for n, text in enumerate(texts) if n < broken)
    if broken:
        assert all(text in found for n, text in enumerate(texts) if n != broken)


@pytest.mark.parametrize("depth", [100, 100_000])
def test_what_is_nested_too_deeply_harms_nobody(tmp_path: Path, depth: int) -> None:
    deep = '{"id": 1, "x": ' + "[" * depth + "]" * depth + "}"
    (tmp_path / "a").write_text(f'[{{"id": 0, "x": 1}},{deep},{{"id": 2, "x": 1}}]')
    assert [text for _, text, _ in records(tmp_path / "a")] == ['{"id": 0, "x": 1}', deep, '{"id": 2, "x": 1}']


@pytest.mark.parametrize("stray", ["[1,2]", "[]", '[{"id":8},{"id":9}]', "[[],[[1]]]", '["]", "["]', "[1,\n2]"])
@pytest.mark.parametrize(("head", "tail", "between"), [("[", "]", ","), ("[\n", "\n]", ",\n"), ("", "", " ")])
def test_an_array_among_objects_is_a_record_of_its_own(
    tmp_path: Path, stray: str, head: str, tail: str, between: str
) -> None:
    if "\n" in stray and not head:
        return  # a stream of one object a line is read line by line
    first, second, third = '{"id": 1, "of": [2]}', '{"id": 3}', '{"id": 4}'
    (tmp_path / "a").write_text(head + between.join([first, second, stray, third, stray]) + tail)
    found = records(tmp_path / "a")
    assert [text for _, text, _ in found] == [first, second, stray.strip("[],"), third, stray.strip("[],")]
    if "\n" not in head + stray:
        assert [line for line, *_ in found] == [1, 2, 3, 4, 5]
    if head:
        rewrite(tmp_path / "a", "a.json", tmp_path / "fresh", {found[0][0]: (1, "")})
        assert [text for _, text, _ in records(tmp_path / "fresh")] == [text for _, text, _ in found[1:]]
