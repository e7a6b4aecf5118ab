"""A made-up table of people, as large as asked: names, streets and postcodes of which there are more the larger it is.

About three people in five have one record, the others up to five; records of a person differ by typing slips, missing
values, nicknames, moves and changed numbers. Households share last name, address and often the phone.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

_STARTS = (
    "b",
    "br",
    "c",
    "ch",
    "d",
    "dr",
    "f",
    "fl",
    "g",
    "gr",
    "h",
    "j",
    "k",
    "l",
    "m",
    "n",
    "p",
    "r",
    "s",
    "st",
    "t",
    "v",
    "w",
)
_VOWELS = ("a", "e", "i", "o", "u", "ai", "au", "ei", "ie", "oo")
_ENDS = ("l", "n", "r", "s", "t", "m", "ck", "nd", "rn", "lt", "son", "ger", "man", "berg", "er")


def make(records: int, seed: int) -> "pd.DataFrame":
    """id, person (the truth), first_name, last_name, birth_date, street, city, postcode, phone, email."""
    import numpy as np
    import pandas as pd

    random = np.random.default_rng(seed)
    people = _people(random, int(records / 1.6) + 50)
    copies = random.choice([1, 2, 3, 4, 5], size=len(people), p=[0.58, 0.24, 0.1, 0.05, 0.03])
    table = people.loc[np.repeat(people.index, copies)].head(records).reset_index(drop=True)
    is_copy = table.duplicated("person").to_numpy()
    _vary(random, table, is_copy)
    table = table.sample(frac=1.0, random_state=seed).reset_index(drop=True)
    return pd.concat([pd.DataFrame({"id": np.arange(len(table))}), table], axis=1)


def _people(random: "np.random.Generator", count: int) -> "pd.DataFrame":
    """One row a person; three in four live with others of their last name."""
    import numpy as np
    import pandas as pd

    firsts, lasts = _words(random, 60 + int(count**0.5), 1), _words(random, 50 + int(count**0.75), 2)
    streets, postcodes = _words(random, 50 + int(count**0.7), 2), 20 + count // 60
    home = np.sort(random.choice(int(count * 0.75) + 1, size=count))
    homes = int(home.max()) + 1
    postcode = random.integers(0, postcodes, homes)
    born = np.datetime64("1930-01-01") + random.integers(0, 365 * 75, count).astype("timedelta64[D]")
    first, last = _draw(random, firsts, count), _draw(random, lasts, homes)[home]
    phone = np.where(
        random.random(count) < 0.5, random.integers(10**8, 10**9, homes)[home], random.integers(10**8, 10**9, count)
    )
    number = random.integers(1, 120, homes)
    mail = pd.Series(first) + "." + last + pd.Series(random.integers(1, 999, count)).astype(str) + "@mail.example"
    return (
        pd.DataFrame(
            {
                "person": np.arange(count),
                "first_name": first,
                "last_name": last,
                "birth_date": born.astype(str),
                "street": (pd.Series(number).astype(str) + " " + _draw(random, streets, homes) + " street").to_numpy()[
                    home
                ],
                "city": np.array(_words(random, 10 + postcodes // 20, 2))[postcode // 20][home],
                "postcode": np.char.zfill((10_000 + postcode).astype(str), 5)[home],
                "phone": phone.astype(str),
                "email": mail,
            }
        )
        .astype("string")
        .astype({"person": "int64"})
    )


def _words(random: "np.random.Generator", count: int, syllables: int) -> list[str]:
    """Made-up words, all different, the shorter ones first."""
    found: dict[str, None] = {}
    while len(found) < count:
        parts = [[str(random.choice(part)) for part in (_STARTS, _VOWELS)] for _ in range(syllables)]
        word = "".join(letter for syllable in parts for letter in syllable) + str(random.choice(_ENDS))
        found[word if word not in found else word + str(random.choice(_VOWELS)) + str(random.choice(_ENDS))] = None
    return list(found)


def _draw(random: "np.random.Generator", words: list[str], count: int) -> "np.ndarray[Any, Any]":
    """Words as frequent as names are: the n-th about one n-th as often as the first."""
    import numpy as np

    weight = 1.0 / (np.arange(len(words)) + 5.0)
    return np.array(words, dtype=object)[random.choice(len(words), size=count, p=weight / weight.sum())]


def _vary(random: "np.random.Generator", table: "pd.DataFrame", is_copy: "np.ndarray[Any, Any]") -> None:
    """What happens to later records of a person; any record may lack a value."""
    import numpy as np
    import pandas as pd

    def some(share: float, among: Any) -> Any:
        return np.flatnonzero((random.random(len(table)) < share) & among)

    anybody = np.ones(len(table), bool)
    for column, share in (("first_name", 0.06), ("last_name", 0.06), ("street", 0.08), ("email", 0.04)):
        rows = some(share, is_copy)
        table.loc[rows, column] = [_slip(random, value) for value in table.loc[rows, column]]
    rows = some(0.06, is_copy)
    table.loc[rows, "first_name"] = table.loc[rows, "first_name"].str.slice(0, 3)
    rows = some(0.05, is_copy)
    table.loc[rows, "birth_date"] = [_slip(random, value, "0123456789") for value in table.loc[rows, "birth_date"]]
    rows = some(0.1, is_copy)  # moved
    other = random.permutation(len(table))[rows]
    for column in ("street", "city", "postcode"):
        table.loc[rows, column] = table[column].to_numpy()[other]
    rows = some(0.15, is_copy)
    table.loc[rows, "phone"] = pd.Series(
        random.integers(10**8, 10**9, len(rows)).astype(str), dtype="string"
    ).to_numpy()
    rows = some(0.35, is_copy)
    local = table.loc[rows, "first_name"].str.slice(0, 1) + table.loc[rows, "last_name"]
    table.loc[rows, "email"] = local + random.integers(1, 99_999, len(rows)).astype(str) + "@post.example"
    for column, share in (("birth_date", 0.12), ("phone", 0.2), ("email", 0.25), ("street", 0.1), ("first_name", 0.01)):
        table.loc[some(share, anybody), column] = pd.NA


def _slip(random: "np.random.Generator", value: Any, letters: str = "abcdefghijklmnopqrstuvwxyz") -> Any:
    """One character left out, changed or swapped with the next; digits are only changed."""
    if not isinstance(value, str) or len(value) < 3:
        return value
    place = int(random.integers(1, len(value) - 1))
    if letters.isdigit():
        place = place + 1 if value[place] == "-" else place
        return value[:place] + str(random.choice(list(letters))) + value[place + 1 :]
    kind = int(random.integers(0, 3))
    if kind == 0:
        return value[:place] + value[place + 1 :]
    if kind == 1:
        return value[:place] + str(random.choice(list(letters))) + value[place + 1 :]
    return value[:place] + value[place + 1] + value[place] + value[place + 2 :]
