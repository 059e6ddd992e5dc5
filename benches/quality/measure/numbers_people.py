"""Values that name a person or a provider: identity, tax, health, travel, birth, phone.

Rules: SSA (areas, groups, serials), IRS (ITIN groups, EIN campus prefixes), CMS (NPI, MBI), DEA
registration check digit, NHS Data Dictionary, HMRC NIM39110, Service Canada (SIN), ITU E.164 and the
NANP. python-stdnum and phonenumbers are asked wherever they know the rule.
"""

import calendar
import string

import phonenumbers
from stdnum import luhn
from stdnum.us import ein as ein_rule

from .numbers_money import digits, grouped, wrong_digit

_MBI_LETTERS = "ACDEFGHJKMNPQRTUVWXY"
_PUBLISHED_SSNS = {"078051120", "219099999", "457555462"}
_COUNTRIES = ["GB", "DE", "FR", "NL", "ES", "IT", "AU", "IN", "JP", "CH", "SE", "BR"]


def ssn(rng):
    while True:
        value = f"{rng.randrange(1, 900):03}{rng.randrange(1, 100):02}{rng.randrange(1, 10000):04}"
        if value[:3] != "666" and value not in _PUBLISHED_SSNS:
            return grouped(value, (3, 2), rng.choices(["-", "", " "], [6, 3, 1])[0])


def not_ssn(rng):
    area, group, serial = (
        f"{rng.randrange(1, 600):03}",
        f"{rng.randrange(1, 100):02}",
        f"{rng.randrange(1, 10000):04}",
    )
    bad, why = rng.choice(
        [
            (("000", group, serial), "area 000"),
            (("666", group, serial), "area 666"),
            ((area, "00", serial), "group 00"),
            ((area, group, "0000"), "serial 0000"),
            (("078", "05", "1120"), "published in a wallet"),
            ((area, group, serial + rng.choice(string.digits)), "a digit too many"),
        ]
    )
    return rng.choice(["-", "-", " "]).join(bad), why


def _itin_groups():
    return [*range(50, 66), *range(70, 89), 90, 91, 92, *range(94, 100)]


def itin(rng):
    value = f"9{digits(rng, 2)}{rng.choice(_itin_groups())}{rng.randrange(1, 10000):04}"
    return grouped(value, (3, 2), rng.choices(["-", "", " "], [6, 3, 1])[0])


def not_itin(rng):
    group = rng.choice([n for n in range(100) if n not in _itin_groups()])
    return f"9{digits(rng, 2)}-{group:02}-{digits(rng, 4)}", "no such group"


def _ein_valid(value):
    return ein_rule.is_valid(value)


def ein(rng):
    while True:
        value = f"{rng.randrange(1, 100):02}-{digits(rng, 7)}"
        if _ein_valid(value):
            return value


def not_ein(rng):
    while True:
        value = f"{rng.randrange(0, 100):02}-{digits(rng, 7)}"
        if not _ein_valid(value):
            return value, "no such campus"


def npi(rng):
    body = rng.choice("12") + digits(rng, 8)
    return body + luhn.calc_check_digit("80840" + body)


def not_npi(rng):
    if rng.random() < 0.7:
        return wrong_digit(rng, npi(rng)), "Luhn over 80840 fails"
    body = rng.choice("03456789") + digits(rng, 8)
    return body + luhn.calc_check_digit("80840" + body), "does not begin with 1 or 2"


def dea(rng):
    body = digits(rng, 6)
    odd, even = (sum(int(d) for d in body[start::2]) for start in (0, 1))
    return rng.choice("ABFGM") + rng.choice(string.ascii_uppercase) + body + str((odd + 2 * even) % 10)


def not_dea(rng):
    return wrong_digit(rng, dea(rng), at=8), "check digit fails"


def mbi(rng):
    def take(form):
        alphabets = {
            "C": "123456789",
            "A": _MBI_LETTERS,
            "N": string.digits,
            "X": _MBI_LETTERS + string.digits,
        }
        return "".join(rng.choice(alphabets[c]) for c in form)

    return rng.choice(["", "", "-"]).join([take("CAXN"), take("AXN"), take("AANN")])


def not_mbi(rng):
    good = mbi(rng).replace("-", "")
    return rng.choice(
        [
            (good[:1] + rng.choice("SLOIBZ") + good[2:], "a letter never used"),
            ("0" + good[1:], "begins with 0"),
            (good[:7] + digits(rng, 2) + good[9:], "digits for letters"),
            (good[:-1], "too short"),
        ]
    )


def _nhs_check(body):
    return 11 - sum(w * int(d) for w, d in zip(range(10, 1, -1), body)) % 11


def nhs(rng):
    while True:
        body = rng.choice("4679") + digits(rng, 8)
        check = _nhs_check(body)
        if check != 10:
            value = body + str(check % 11)
            return grouped(value, (3, 3), rng.choices([" ", "", "-"], [5, 4, 1])[0])


def not_nhs(rng):
    """Spoilt, and no telephone number either: a 3-3-4 form with a good area code could be one."""
    while True:
        value = wrong_digit(rng, nhs(rng))
        if not phonenumbers.is_valid_number(phonenumbers.parse(value, "US")):
            return value, "mod 11 fails"


def nino(rng):
    while True:
        prefix = rng.choice("ABCEGHJKLMNOPRSTWXYZ") + rng.choice("ABCEGHJKLMNPRSTWXYZ")
        if prefix not in {"BG", "GB", "NK", "KN", "NT", "TN", "ZZ"}:
            value = prefix + digits(rng, 6) + rng.choice("ABCD")
            return grouped(value, (2, 2, 2, 2), " ") if rng.random() < 0.4 else value


def not_nino(rng):
    tail = digits(rng, 6) + rng.choice("ABCD")
    return rng.choice(
        [
            (rng.choice("DFIQUV") + "A" + tail, "first letter never used"),
            ("AO" + tail, "second letter O"),
            (rng.choice(["BG", "GB", "NK", "KN", "NT", "TN", "ZZ"]) + tail, "prefix never used"),
            ("AB" + tail[:-1] + rng.choice("EFGXYZ"), "suffix beyond D"),
        ]
    )


def sin(rng):
    body = rng.choice("12345679") + digits(rng, 7)
    return grouped(body + luhn.calc_check_digit(body), (3, 3), rng.choices([" ", "-", ""], [4, 3, 3])[0])


def not_sin(rng):
    if rng.random() < 0.7:
        return wrong_digit(rng, sin(rng)), "Luhn fails"
    body = rng.choice("08") + digits(rng, 7)
    return grouped(body + luhn.calc_check_digit(body), (3, 3), rng.choice([" ", "-"])), "begins with 0 or 8"


def passport(rng):
    return rng.choice(
        [
            lambda: rng.choice("123456789") + digits(rng, 8),  # US and UK
            lambda: rng.choice("ACEGXYZ") + digits(rng, 8),  # US, next generation
            lambda: "".join(rng.choice(string.ascii_uppercase) for _ in "12") + digits(rng, 6),  # Canada
            lambda: rng.choice("JKLMNPRSTUVWZ") + digits(rng, 7),  # India, Australia
        ]
    )()


def not_passport(rng):
    return rng.choice(
        [
            ("renewal", "a word"),
            (digits(rng, 3), "too short"),
            ("office on level " + str(rng.randrange(1, 40)), "words"),
        ]
    )


def mrn(rng):
    body = rng.choice("123456789") + digits(rng, rng.choice([5, 6, 7, 7, 8]))
    return body


def not_mrn(rng):
    return rng.choice([(digits(rng, 2), "too short"), ("pending", "a word"), ("see chart", "words")])


def _date(rng, first, last):
    year, month = rng.randrange(first, last), rng.randrange(1, 13)
    return year, month, rng.randrange(1, calendar.monthrange(year, month)[1] + 1)


def birth(rng):
    year, month, day = _date(rng, 1930, 2016)
    return rng.choice(
        [
            f"{year}-{month:02}-{day:02}",
            f"{month:02}/{day:02}/{year}",
            f"{month}/{day}/{year}",
            f"{day:02}/{month:02}/{year}",
            f"{day:02}.{month:02}.{year}",
            f"{calendar.month_name[month]} {day}, {year}",
            f"{day} {calendar.month_abbr[month]} {year}",
        ]
    )


def not_birth(rng):
    year = rng.randrange(1930, 2016)
    return rng.choice(
        [
            (f"{year}-{rng.randrange(13, 32)}-{rng.randrange(32, 60)}", "no such month"),
            (f"{year}-02-30", "no such day"),
            (f"{rng.randrange(32, 99)}/{rng.randrange(13, 32)}/{year}", "no such day"),
            ("unknown", "a word"),
        ]
    )


def _nanp(rng):
    while True:
        value = f"{rng.randrange(201, 990)}{rng.randrange(200, 1000)}{rng.randrange(10000):04}"
        if phonenumbers.is_valid_number(phonenumbers.parse(value, "US")):
            return value


def _abroad(rng):
    while True:
        region = rng.choice(_COUNTRIES)
        code = phonenumbers.country_code_for_region(region)
        try:
            number = phonenumbers.parse(f"+{code}{rng.randrange(1, 10)}{digits(rng, rng.choice([8, 9, 10]))}")
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return number


def phone(rng):
    if rng.random() < 0.25:
        form = rng.choice([phonenumbers.PhoneNumberFormat.E164, phonenumbers.PhoneNumberFormat.INTERNATIONAL])
        return phonenumbers.format_number(_abroad(rng), form)
    a, b, c = (lambda v: (v[:3], v[3:6], v[6:]))(_nanp(rng))
    return rng.choice(
        [
            f"({a}) {b}-{c}",
            f"{a}-{b}-{c}",
            f"{a}.{b}.{c}",
            f"+1 {a} {b} {c}",
            f"+1{a}{b}{c}",
            f"1-{a}-{b}-{c}",
            f"+1-{a}-{b}-{c}",
            f"{a}{b}{c}",
        ]
    )


def not_phone(rng):
    a, b, c = f"{rng.randrange(0, 200):03}", f"{rng.randrange(0, 200):03}", digits(rng, 4)
    return rng.choice(
        [
            (f"{a}-{b}-{c}", "area and exchange begin with 0 or 1"),
            (f"({a}) {b}-{c}", "area and exchange begin with 0 or 1"),
            (f"+999{digits(rng, 9)}", "no such country"),
            (digits(rng, 4), "too short"),
        ]
    )
