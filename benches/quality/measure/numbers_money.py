"""Values of payment: cards, IBANs, routing numbers, bank accounts.

Rules: cards ISO/IEC 7812 with the networks' published ranges and Luhn; IBAN ISO 13616 with the
country forms python-stdnum knows; routing numbers the ABA's 3-7-1 weights and prefixes.
"""

import re
import string

from stdnum import iban as iban_rule
from stdnum import luhn

# prefix, length, weight: the networks' published issuer ranges.
_NETWORKS = [
    (("4",), 16, 30),
    (("4",), 13, 2),
    (("4",), 19, 2),
    (tuple(str(n) for n in range(51, 56)), 16, 20),
    (tuple(str(n) for n in range(2221, 2721)), 16, 8),
    (("34", "37"), 15, 14),
    (("6011", "65", *(str(n) for n in range(644, 650))), 16, 8),
    (tuple(str(n) for n in range(622126, 622926)), 16, 2),
    (tuple(str(n) for n in range(3528, 3590)), 16, 6),
    (("36", "38", *(str(n) for n in range(300, 306))), 14, 6),
]
_GROUPS = {16: (4, 4, 4, 4), 15: (4, 6, 5), 14: (4, 6, 4), 13: (13,), 19: (4, 4, 4, 4, 3)}
# Country, BBAN form as in the SWIFT registry: n digits, c letters or digits, a letters.
_BBANS = {
    "DE": "18n",
    "FR": "5n5n11c2n",
    "GB": "4a6n8n",
    "NL": "4a10n",
    "ES": "4n4n1n1n10n",
    "IT": "1a5n5n12c",
    "BE": "3n7n2n",
    "CH": "5n12c",
    "AT": "5n11n",
    "PL": "8n16n",
    "SE": "3n16n1n",
    "NO": "4n6n1n",
    "DK": "4n9n1n",
    "FI": "3n11n",
    "IE": "4a6n8n",
    "PT": "4n4n11n2n",
    "LU": "3n13c",
    "SA": "2n18c",
    "AE": "3n16n",
    "TR": "5n1n16c",
    "MT": "4a5n18c",
    "GR": "3n4n16c",
}


def digits(rng, n):
    """`n` random digits."""
    return "".join(rng.choice(string.digits) for _ in range(n))


def grouped(value, sizes, gap):
    """The value cut into groups of these sizes, joined by `gap`; what is left is the last group."""
    parts, at = [], 0
    for size in sizes:
        parts.append(value[at : at + size])
        at += size
    return gap.join(part for part in [*parts, value[at:]] if part)


def wrong_digit(rng, value, at=None):
    """The value with one digit changed to another: Luhn and the weighted sums all notice."""
    places = [i for i, c in enumerate(value) if c.isdigit()]
    at = rng.choice(places[-4:]) if at is None else at
    other = rng.choice([d for d in string.digits if d != value[at]])
    return value[:at] + other + value[at + 1 :]


def _card_digits(rng):
    prefixes, length, _ = rng.choices(_NETWORKS, [weight for *_, weight in _NETWORKS])[0]
    head = rng.choice(prefixes)
    body = head + digits(rng, length - 1 - len(head))
    return body + luhn.calc_check_digit(body)


def _card_written(rng, value):
    gap = rng.choices(["", " ", "-"], [6, 3, 1])[0]
    return grouped(value, _GROUPS[len(value)], gap)


def card(rng):
    return _card_written(rng, _card_digits(rng))


def not_card(rng):
    good = _card_digits(rng)
    if rng.random() < 0.7:
        bad = wrong_digit(rng, good)
        while luhn.is_valid(bad):
            bad = wrong_digit(rng, good)
        return _card_written(rng, bad), "Luhn fails"
    body = rng.choice(["1", "7", "8", "9"]) + digits(rng, 14)
    return _card_written(rng, body + luhn.calc_check_digit(body)), "no such issuer"


def _bban(rng, form):
    alphabets = {
        "n": string.digits,
        "a": string.ascii_uppercase,
        "c": string.digits * 3 + string.ascii_uppercase,
    }
    return "".join(
        rng.choice(alphabets[kind])
        for size, kind in re.findall(r"(\d+)([nac])", form)
        for _ in range(int(size))
    )


def _iban_whole(rng):
    while True:
        country = rng.choice(list(_BBANS))
        bban = _bban(rng, _BBANS[country])
        check = 98 - int("".join(str(int(c, 36)) for c in bban + country + "00")) % 97
        yield f"{country}{check:02}{bban}"


def _iban_valid(rng):
    # Some countries have check digits of their own inside; python-stdnum knows them.
    return next(value for value in _iban_whole(rng) if iban_rule.is_valid(value))


def _iban_written(rng, value):
    style = rng.choices(["plain", "spaced", "lower"], [5, 4, 1])[0]
    if style == "lower":
        return value.lower()
    return grouped(value, [4] * (len(value) // 4), " ") if style == "spaced" else value


def iban(rng):
    return _iban_written(rng, _iban_valid(rng))


def not_iban(rng):
    good = _iban_valid(rng)
    kind = rng.choice(["check digit", "too short", "no such country"])
    if kind == "check digit":
        return _iban_written(rng, wrong_digit(rng, good)), "mod 97 fails"
    if kind == "too short":
        return good[:-3], "length is not the country's"
    return _iban_written(rng, "XQ" + good[2:]), "no such country"


def routing(rng):
    ranges = [*range(1, 13), *range(21, 33), *range(61, 73), 80]
    body = f"{rng.choice(ranges):02}" + digits(rng, 6)
    total = sum(w * int(d) for w, d in zip((3, 7, 1, 3, 7, 1, 3, 7), body))
    return body + str(-total % 10)


def not_routing(rng):
    if rng.random() < 0.6:
        return wrong_digit(rng, routing(rng)), "3-7-1 fails"
    body = f"{rng.choice([*range(13, 21), *range(33, 61), *range(73, 80)])}" + digits(rng, 6)
    total = sum(w * int(d) for w, d in zip((3, 7, 1, 3, 7, 1, 3, 7), body))
    return body + str(-total % 10), "no such prefix"


def account(rng):
    return rng.choice("123456789") + digits(rng, rng.choice([7, 7, 8, 9, 9, 10, 11]))


def not_account(rng):
    """Too short for an account, or letters among the digits."""
    if rng.random() < 0.5:
        return rng.choice("123456789") + digits(rng, 3), "too short"
    return rng.choice(["closed", "pending", "unknown", "n/a"]), "no number at all"
