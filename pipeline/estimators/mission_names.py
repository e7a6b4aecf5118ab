"""Names of missions in the company's own words, never more than the evidence says.

A label is made of what sets the mission apart most; a description says it in two sentences, with shares and counts.
Only what surely differs from the other missions is said (see mission_lift).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

from pipeline.estimators.mission_lift import Lift
from pipeline.estimators.mission_profiles import Number, Profile
from pipeline.words import clean, count, listed, percent, plain

LEAST_LIFT = 1.5  # a word half again as frequent as on the others
LEAST_SHARE = 0.25  # and frequent enough to name the mission after
LEFT_SHARE = 0.2  # a label stays while its words are this frequent: it does not flicker at the limit
LEAST_RATIO = 1.3  # a median this much higher or lower is worth saying
TOLD = 8  # signals kept a mission
NAMING = 3  # words that a label has at most, where two would be another mission's label too
NOTHING = "Journeys of no special kind"
_WIDTH = 40  # letters of a word that are shown
_UNSAID = ("month", "weekday", "hour", "category_before")  # they describe a mission and do not name it
_SAID = {"entry": "comes by {}", "device": "on a {}", "contacts": "asks by {}", "partners": "with {}"}
_VERBS = {"category": "buy {}", "topics": "read about {}", "entry": "come by {}", "device": "use a {}",
          "contacts": "ask by {}", "partners": "met {} before"}  # fmt: skip
_FIRST = ("category", "topics")  # what is bought and read makes the best names

Part = tuple[str, tuple[str, str]]  # what a label says, and the signal and the word that it rests on


@dataclass(frozen=True)
class Name:
    """A mission's label and the signals and words that it rests on."""

    label: str
    rests_on: tuple[tuple[str, str], ...] = ()

    def as_list(self) -> list[Any]:
        """As JSON types; see from_list."""
        return [self.label, [list(part) for part in self.rests_on]]

    @classmethod
    def from_list(cls, kept: Sequence[Any]) -> Name:
        return cls(kept[0], tuple((signal, word) for signal, word in kept[1]))


def names_of(profiles: Sequence[Profile], before: Sequence[Name | None], reserved: Sequence[str] = ()) -> list[Name]:
    """A name a mission: last night's (`before`, None where it had none) while what it rests on still holds, else one
    of what sets it apart now. No two labels are alike, nor like the reserved ones, whatever their letters' case."""
    taken = {label.casefold() for label in reserved}
    kept: dict[int, Name] = {}
    for nth, (profile, name) in enumerate(zip(profiles, before, strict=True)):
        if name is not None and name.label.casefold() not in taken and _holds(name, profile):
            kept[nth] = name
            taken.add(name.label.casefold())
    for nth, profile in enumerate(profiles):
        if nth not in kept:
            kept[nth] = _fresh(profile, taken)
            taken.add(kept[nth].label.casefold())
    return [kept[nth] for nth in range(len(profiles))]


def _fresh(profile: Profile, used: set[str]) -> Name:
    words = list(_words(profile))
    parts: list[Part] = []
    for part in [*words, *_differences(profile)]:
        is_enough = len(parts) >= (2 if part in words else 1)
        if len(parts) == NAMING or (is_enough and _joined(parts).casefold() not in used):
            break
        if not any(_within(part[0], said) for said, _ in parts):
            parts.append(part)
    label = _joined(parts) or NOTHING
    numbered = (f"{label} {nth}" for nth in range(2, len(used) + 3))
    label = label if label.casefold() not in used else next(one for one in numbered if one.casefold() not in used)
    return Name(label, tuple(rests for _, rests in parts))


def _joined(parts: Sequence[Part]) -> str:
    text = ", ".join(said for said, _ in parts)
    return text[:1].upper() + text[1:]


def _within(part: str, said: str) -> bool:
    """Whether what was said already holds the part: 'spa' is in 'spa package'."""
    return set(part.casefold().split()) <= set(said.casefold().split())


def _words(profile: Profile) -> Iterator[Part]:
    """What a label may be made of, best first, one word a signal: what is bought and read before the rest."""
    seen: set[str] = set()
    for lift in sorted(_strong(profile), key=_preference):
        facet, word = lift.count.facet, lift.count.value
        if facet not in _UNSAID and facet not in seen and lift.share >= LEAST_SHARE:
            seen.add(facet)
            yield _said(facet, word), (facet, word)


def _differences(profile: Profile) -> Iterator[Part]:
    for number in _strong_numbers(profile):
        yield _more_or_less(number), (number.signal, _way(number))


def _strong(profile: Profile) -> list[Lift]:
    """Words that are surely and clearly more frequent than on the others, the most telling first."""
    found = [one for one in profile.words if one.is_more and (one.lift or 0) >= LEAST_LIFT]
    return sorted(found, key=lambda one: (-one.share * log(one.lift or 1), one.count.facet, one.count.value))


def _strong_numbers(profile: Profile) -> list[Number]:
    """Medians that are surely and clearly higher or lower than the others', the most telling first."""
    middles = [n for n in profile.numbers if n.quartile == "median" and n.is_sure]
    return sorted((n for n in middles if _ratio(n) >= LEAST_RATIO), key=lambda n: (-_ratio(n), n.signal))


def _ratio(number: Number) -> float:
    low, high = sorted((abs(number.ours), abs(number.others or 0.0)))
    return high / low if low > 0 else float(high > 0) * 10.0


def _holds(name: Name, profile: Profile) -> bool:
    words = {(w.count.facet, w.count.value): w for w in profile.words}
    numbers = {(n.signal, _way(n)): n for n in profile.numbers if n.quartile == "median"}
    for part in name.rests_on:
        word, number = words.get(part), numbers.get(part)
        if not (number and number.is_sure) and not (word and word.is_more and word.share >= LEFT_SHARE):
            return False
    return bool(name.rests_on) or not any(True for _ in _words(profile))


def slug_of(label: str, taken: Sequence[str]) -> str:
    """A slug of the label: lower-case words and _, unlike those taken."""
    words = re.sub(r"[^\w]+", "_", label.lower()).strip("_")[:60].strip("_") or "mission"
    slug, number = words, 2
    while slug in taken or slug == "all":
        slug, number = f"{words}_{number}", number + 1
    return slug


# -- sentences --------------------------------------------------------------------------------------------------------


def description_of(profile: Profile, currency: str) -> str:
    """Two sentences: what is bought and read more often than on the others, and how numbers and months differ."""
    base = f"{count(profile.journeys)} journeys ({count(profile.customers)} customers)"
    strong = [one for one in _strong(profile) if one.count.facet not in _UNSAID]
    told = [_told(one) for one in _first_of_each(strong)[:3]]
    typical = [_counted(number, currency) for number in _strong_numbers(profile)[:3]]
    typical += [_in_month(one) for one in _strong(profile) if one.count.facet == "month"][:1]
    sentences = [f"Of {base}, {listed(told)}."] if told else []
    sentences += [f"Typically {listed(typical)}."] if typical else []
    if sentences and not told:
        sentences.insert(0, f"These are {base}.")
    return " ".join(sentences) or f"Nothing that was recorded sets these {base} apart from the others."


def _first_of_each(strong: Sequence[Lift]) -> list[Lift]:
    """One word of every signal, what is bought and read first; then the words that are left."""
    seen: set[str] = set()
    first: list[Lift] = []
    rest: list[Lift] = []
    for one in strong:
        (rest if one.count.facet in seen else first).append(one)
        seen.add(one.count.facet)
    return sorted(first, key=_preference) + rest


def _preference(one: Lift) -> int:
    """What is bought, what is read, the company's own fields, and at last how people came."""
    facet = one.count.facet
    return _FIRST.index(facet) if facet in _FIRST else len(_FIRST) + (facet in _SAID)


def signals_of(profile: Profile) -> list[dict[str, Any]]:
    """What sets the mission apart as figures, the strongest first: lifts of words, and medians of numbers."""
    told: list[dict[str, Any]] = [
        {"signal": one.count.facet, "is": one.count.value, "share": round(one.share, 3),
         "share_of_others": round(one.rest_share or 0.0, 3), "lift": round(one.lift or 0.0, 2),
         "low": round(one.low or 0.0, 2), "high": round(one.high or 0.0, 2), "journeys": one.count.journeys}
        for one in _strong(profile)[:TOLD]
    ]  # fmt: skip
    told += [
        {"signal": n.signal, "median": round(n.ours, 2), "median_of_others": round(n.others or 0.0, 2)}
        for n in _strong_numbers(profile)[:TOLD]
    ]
    return told


def _told(one: Lift) -> str:
    facet, word = one.count.facet, one.count.value
    said = _VERBS[facet].format(shown(word)) if facet in _VERBS else f"have “{_said(facet, word)}”"
    return f"{percent(one.share)} {said} ({_others(one)})"


def _others(one: Lift) -> str:
    return f"others {percent(one.rest_share)}"


def _in_month(one: Lift) -> str:
    return f"more often in {one.count.value} ({percent(one.share)}, {_others(one)})"


def _counted(number: Number, currency: str) -> str:
    ours, theirs = (in_units(number.signal, value or 0.0) for value in (number.ours, number.others))
    if number.signal == "lead_hours":
        return f"ordered {ours} days ahead (others {theirs})"
    if number.signal == "use_hours":
        return f"lasting {ours} days (others {theirs})"
    unit = f" {currency}" if number.signal == "value" else ""
    return f"{signal_in_words(number.signal)} of {ours}{unit} (others {theirs})"


def _said(signal: str, word: str) -> str:
    """A signal's word, as a label tells it."""
    if signal in _FIRST:
        return shown(word)
    if signal in _SAID:
        return _SAID[signal].format(shown(word))
    name = signal_in_words(signal)
    yes_or_no: Mapping[str, str] = {"yes": name, "no": f"no {name}"}
    return yes_or_no.get(word, f"{name} {shown(word)}")


def _way(number: Number) -> str:
    return "more" if number.is_more else "less"


def _more_or_less(number: Number) -> str:
    known = {
        "lead_hours": ("ordered early", "ordered late"),
        "use_hours": ("long use", "short use"),
        "value": ("high value", "low value"),
    }
    name = signal_in_words(number.signal)
    return known.get(number.signal, (f"higher {name}", f"lower {name}"))[0 if number.is_more else 1]


def signal_in_words(name: str) -> str:
    """attributes.party_size is party size; attributes.shop.openingHours is shop opening hours."""
    text = name.removeprefix("attributes.").replace(".", " ")
    return shown(re.sub(r"(?<=[a-z])([A-Z])(?=[a-z])", lambda found: " " + found[1].lower(), text))


def in_units(signal: str, number: float) -> str:
    """A number as a reader says it: hours as days, large ones whole."""
    days = number / 24.0 if signal in ("lead_hours", "use_hours") else number
    return f"{days:,.0f}" if abs(days) >= 10 or days == int(days) else f"{days:.1f}"


def shown(word: str) -> str:
    """The company's word without its underscores, cut where it is long; a number as a reader writes it."""
    text = " ".join(plain(clean(word)).split())
    if re.fullmatch(r"-?\d+\.0+", text):
        return text.split(".")[0]
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1].rstrip() + "…"
