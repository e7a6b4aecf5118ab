"""The answers' documents as lines of plain text, for a terminal: nothing in them can move its cursor or colour it."""

from collections.abc import Sequence
from typing import Any

from pipeline.answers.ties import the_cut
from pipeline.words import clean, listed, plain

Document = dict[str, Any]

UNITS = "(A bit doubles the odds that two records are one person: +10 bits multiply them by a thousand.)"
_KINDS = {
    "email": "e-mail",
    "phone": "phone",
    "loyalty_id": "loyalty number",
    "social_handle": "social handle",
    "device": "device",
    "anonymous_id": "cookie",
    "birth_date": "birth date",
    "email_local": "e-mail's name",
    "order_id": "visit that names an order",
    "decision": "decision",
    "model": "pair model",
    "own": "oldest of them",
}
_CONTRADICTIONS = {
    "is_other_birth": "two birth dates",
    "is_other_loyalty": "two loyalty numbers",
    "is_other_name": "two first names",
}
_PENDING = " (counts from the next night that is run)"
SHOWN_RECORDS = 40


def kind_in_words(kind: str) -> str:
    """A kind of value, comparison or tie as people call it."""
    return _KINDS.get(kind, plain(kind))


def sure(probability: float | None) -> str:
    """A probability in per cent, never rounded up to certainty."""
    if probability is None:
        return "not compared"
    if probability < 0.01:
        return "under 1 %"
    if probability >= 0.99995:
        return "100 %" if probability == 1.0 else "over 99.99 %"
    return f"{probability * 100:.2f} %" if probability >= 0.99 else f"{probability * 100:.0f} %"


def of(number: int, noun: str) -> str:
    """1 record, 2 records."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def explained(document: Document) -> list[str]:
    """The answer of explain."""
    lines = _heading(document)
    lines += ["", "records"] + [_record(record) for record in document["records"][:SHOWN_RECORDS]]
    if len(document["records"]) > SHOWN_RECORDS:
        lines.append(f"  … and {len(document['records']) - SHOWN_RECORDS} more (all of them with --json)")
    if document["is_one"]:
        lines += _path(document)
        lines += _hanging(document["identifiers"])
    lines += _stopped(document["stopped"])
    lines += _kept_out(document)
    if document["decisions"]:
        lines += ["", "decided by people"]
        lines += [f"  {clean(one['told'])}{_PENDING if one['is_pending'] else ''}" for one in document["decisions"]]
    return [*lines, "", UNITS]


def _heading(document: Document) -> list[str]:
    who, records = document["customer_id"], len(document["records"])
    night = f"night {document['night']}"
    if not document["is_one"]:
        first = f"{who} and {document['other_customer_id']} · {night} · two customers"
    elif records == 1:
        first = f"{who} · {night} · one record, tied to no other"
    else:
        first = f"{who} · {night} · {records} records are one customer; the weakest step is {sure(document['weakest'])}"
    refused = ["refuses analytics: in no mart, only counted"] if document["is_refused"] else []
    return [clean(first), *refused]


def _record(record: Document) -> str:
    known = ", ".join(f"{_short(name)} {value}" for name, value in record["known"].items() if value)
    since = f"since {record['since'][:10]}" if record["since"] else "date not known"
    name = f"{record['kind']}:{record['value']}"
    by = kind_in_words(record["matched_by"]) if record["matched_by"] else "nothing"
    tied = "the oldest" if by == _KINDS["own"] else f"tied by {by}, {sure(record['match_probability'])}"
    return f"{record['n']:>3}  {clean(f'{name}  {since}  {tied}')}" + (f"  ({clean(known)})" if known else "")


def _short(column: str) -> str:
    return {"phones": "phone", "loyalty_id": "loyalty"}.get(column, plain(column))


def _path(document: Document) -> list[str]:
    if len(document["records"]) < 2:
        return []
    ends = document["between"]
    title = f"path of evidence from {ends[0]} to {ends[1]}" if ends else "path of evidence (the strongest ties)"
    lines = ["", title]
    for tie in document["path"]:
        lines += tie_lines(tie)
    if document["pieces"] > 1:
        lines.append(
            f"  nothing that stands tonight joins its {document['pieces']} parts: they were one on an earlier night, or"
            " only all their records together say so"
        )
    return lines


def tie_lines(tie: Document) -> list[str]:
    """A tie and its weights: one line for what ties, one each for what speaks for it and against it."""
    place = f"{tie['left']:>3} – {tie['right']}"
    if tie["decision"]:
        lines = [f"{place}  decided: {clean(tie['decision'])}"]
    elif tie["keys"]:
        lines = [f"{place}  {sure(tie['strength'])}  {listed([_key(key) for key in tie['keys']])}"]
    else:
        lines = [f"{place}  {sure(tie['probability'])}  the pair model"]
    return lines + [f"         {line}" for line in _weights(tie)]


def _key(key: Document) -> str:
    kind = kind_in_words(key["kind"])
    if key["holders"] is None:
        return f"the same {kind}"
    held = "these two records alone" if key["holders"] == 2 else f"{key['holders']} records"
    return f"the same {kind}, which {held} gave"


def _weights(tie: Document) -> list[str]:
    lines = []
    for title, sign in (("for", 1), ("against", -1)):
        told = [_comparison(one) for one in tie["comparisons"] if one["bits"] * sign > 0]
        if told:
            lines.append(f"{title}: {', '.join(told)} bits")
    if tie["start_bits"] is not None and not tie["keys"]:
        start = _signed(tie["start_bits"])
        lines.append(f"before comparing: {start} bits (two records are seldom one person's, and households share)")
    return lines


def _comparison(one: Document) -> str:
    """phone the same +8.7; where they are not the same, both values."""
    seen = [value for value in (one["left"], one["right"]) if value] if one["says"] in ("alike", "unlike") else []
    values = f" ({clean(' / '.join(seen))})" if seen else ""
    return f"{clean(kind_in_words(one['name']))} {one['says']}{values} {_signed(one['bits'])}"


def _signed(bits: float) -> str:
    return f"{'+' if bits > 0 else '−' if bits < 0 else ''}{abs(bits):.1f}"


def _hanging(identifiers: Sequence[Document]) -> list[str]:
    if not identifiers:
        return []
    lines = ["", "also theirs"]
    for one in identifiers:
        span = ""
        if one["valid_from"] or one["valid_to"]:
            span = f", from {one['valid_from'] or 'the beginning'} to {one['valid_to'] or 'now'}"
        by = kind_in_words(one["matched_by"])
        lines.append("  " + clean(f"{kind_in_words(one['kind'])} {one['value']} by {by}{span}"))
    return lines


def _stopped(stopped: Sequence[Document]) -> list[str]:
    lines = ["", "values that tie nobody: too many unlike people share them"] if stopped else []
    for one in stopped:
        where = listed([str(n) for n in one["records"]])
        value = clean(f"{kind_in_words(one['kind'])} {one['value']}")
        lines.append(f"  {value}: {of(one['people'], 'name')} (here: {where})")
    return lines


def _kept_out(document: Document) -> list[str]:
    if not document["kept_out"]:
        return ["", "nobody else comes near"] if document["is_one"] else []
    lines = ["", "nearly the same, and kept apart" if document["is_one"] else "why they are two"]
    for one in document["kept_out"]:
        lines.append(f"  {clean(one['customer_id'])} ({of(len(one['records']), 'record')})")
        if document["is_one"]:
            lines += [f"  {_record(record)}" for record in one["records"][:3]]
        rivals = [other["customer_id"] for other in document["kept_out"] if other is not one and _is_likely(other)]
        lines += [f"    {reason}" for reason in reasons(one, rivals)]
        lines += [f"  {line}" for line in (tie_lines(one["tie"]) if one["tie"] else [])]
    return lines


def reasons(one: Document, rivals: Sequence[str] = ()) -> list[str]:
    """Why a neighbour is not the same customer, the strongest reason first.

    rivals: other neighbours that are as likely the same.
    """
    if one["decision"]:
        return [f"decided: {clean(one['decision'])}"]
    if one["contradictions"]:
        found = one["contradictions"][:3]
        return [f"{c['left']} and {c['right']} contradict: {contradictions(c['what'])}" for c in found]
    chance = sure(one["probability"])
    if one["probability"] is None:
        return ["no key ties them, and they have too little in common for the pair model to give it 1 %"]
    if not _is_likely(one):
        return [f"{chance} one person, by the pair model: {sure(the_cut())} is wanted"]
    if rivals:
        return [f"{chance} taken alone, but {listed(list(rivals))} fits as well: whose it is stays open"]
    return [f"{chance} for the nearest records; over all records of both sides, or beside others that fit, too little"]


def _is_likely(one: Document) -> bool:
    return one["probability"] is not None and one["probability"] >= the_cut() and not one["contradictions"]


def contradictions(what: Sequence[str]) -> str:
    """What forbids that two records are one person."""
    return listed([_CONTRADICTIONS.get(name, plain(name.removeprefix("is_"))) for name in what])


def reviewed(document: Document) -> list[str]:
    """The answer of review."""
    pairs = document["pairs"]
    if not pairs:
        return [f"night {document['night']}: no pair is in doubt"]
    lines = [f"night {document['night']}: {of(document['doubtful'], 'pair')} in doubt; these first"]
    for place, pair in enumerate(pairs, 1):
        chance = "" if pair["probability"] is None else f"{sure(pair['probability'])} one person: "
        lines += ["", f"{place}. {chance}{clean(pair['reason'])}"]
        lines += [f"  {_record(side)}" for side in pair["sides"]]
        lines += [f"  {line}" for line in tie_lines(pair["tie"])[0 if pair["tie"]["keys"] else 1 :]]
        if pair["contradictions"]:
            lines.append(f"         contradicts: {contradictions(pair['contradictions'])}")
        if pair["rivals"]:
            lines.append(f"         fits as well: {listed([clean(one) for one in pair['rivals']])}")
        lines += [f"     {_change(pair)}", f"     {clean(pair['link'])} …", f"     {clean(pair['unlink'])} …"]
    return [*lines, "", UNITS]


def _change(pair: Document) -> str:
    """What an answer would change."""
    one, other = (
        f"{of(records, 'record')} with {of(orders, 'order')}"
        for records, orders in zip(pair["records"], pair["orders"], strict=True)
    )
    if pair["is_one"]:
        return f"one customer now; unlink parts {one} from {other}"
    left, right = clean(pair["left_customer_id"]), clean(pair["right_customer_id"])
    return f"two customers now; link joins {one} ({left}) and {other} ({right})"


def told_history(document: Document) -> list[str]:
    """The answer of ledger: a customer's story, or how many events each night had."""
    if document["customer_id"] is None:
        return [
            f"{one['night']}  " + ", ".join(f"{count:,} {clean(event)}" for event, count in one["events"].items())
            for one in document["nights"]
        ]
    who = clean(document["customer_id"])
    if not document["entries"]:
        return [f"{who}: nothing up to {document['night']}"]
    return [f"{who}, up to night {document['night']}"] + [
        f"  {entry['night']}  {_event(entry, document['customer_id'])}" for entry in document["entries"]
    ]


def _event(entry: Document, who: str) -> str:
    """One entry of the ledger, told of the customer that was asked for."""
    event, other, is_first = entry["event"], clean(entry["other_customer_id"] or ""), entry["customer_id"] == who
    other = other if is_first else clean(entry["customer_id"] or "")
    if event == "decide":
        return clean(f"decided: {entry['evidence']}")
    records = f" ({clean(entry['evidence'])})" if entry["evidence"] else ""
    if event in ("tie", "untie"):
        return _tied(entry)
    told = {
        "mint": "minted: a new customer",
        "merge": f"merged into {other}" if is_first else f"{other} merged into it",
        "split": f"split off from {other}" if is_first else f"{other} split off from it",
        "move": f"records came from {other}" if is_first else f"records went to {other}",
        "refuse": "refuses analytics from this night on",
        "return": "no longer refuses analytics",
        "erase": "erased",
    }
    return told.get(event, clean(event)) + records


def _tied(entry: Document) -> str:
    value = entry["identifier_value"]
    identifier = clean(f"{entry['identifier_kind']}{' (erased)' if value is None else f':{value}'}")
    span = ""
    if entry["valid_from"] or entry["valid_to"]:
        span = f" from {(entry['valid_from'] or 'the beginning')[:16]} to {(entry['valid_to'] or 'now')[:16]}"
    by = f" by {kind_in_words(entry['evidence'])}" if entry["evidence"] not in (None, "own") else ""
    return f"{'tied' if entry['event'] == 'tie' else 'untied'} {identifier}{span}{by}"


def told_decisions(decisions: Sequence[Document]) -> list[str]:
    """The answer of decisions."""
    lines = [
        f"{one['action']:<6} {':'.join(one['left'])} {':'.join(one['right'])}  by {one['by']}: {one['why']}"
        + ("" if one["stands"] else "  (replaced since)")
        for one in decisions
    ]
    return [clean(line) for line in lines] or ["nothing was decided"]


def told_outcome(document: Document) -> list[str]:
    """The answer of link, unlink and forget."""
    decision = clean(document["decision"])
    if document["question"] == "forget":
        return [f"taken back: {decision}", "From the next night on the evidence decides again."]
    if not document["is_new"]:
        return [f"stands already: {decision}"]
    replaced = [f"It replaces: {clean(document['replaces'])}"] if document["replaces"] else []
    return [
        decision,
        *replaced,
        f"It counts from the next night that is run; {document['counts_after']} stays as it is.",
    ]


def told_erasure(document: Document) -> list[str]:
    """What erasing would remove, and how to do it."""
    counted = [of(count, kind_in_words(kind)) for kind, count in document["identifiers"].items()]
    return [
        f"{clean(document['customer_id'])}, night {document['night']}: would be removed from the landing zone, history,"
        " every build, reports, outbox, logs and quarantine, and kept from returning:",
        *(f"  {clean(record)}" for record in document["records"]),
        f"  in all {listed(counted)}, and whatever was delivered under them",
        "Nothing was removed. This cannot be undone: repeat it with --yes.",
    ]


def told_counts(document: Document) -> list[str]:
    """What was erased: names and figures, one a line."""
    return [f"{plain(name)}: {_figures(value)}" for name, value in document.items()]


def _figures(value: Any) -> str:
    if isinstance(value, dict):
        return listed([f"{clean(name)} {count:,}" for name, count in value.items()]) or "none"
    return clean(value)
