"""Who says that a value is valid: python-stdnum, phonenumbers, and npm `validator` as the second.

Owns: the verdict on a labelled value. Refuses: to be asked by any scanner; an oracle speaks at test
time only. Stays true: three answers, never two. `VALID`; `OUTSIDE`, valid somewhere, but not what the
detector's stated rule covers (a Maestro card, a Czech number without its country code); `INVALID`.
`None` where no oracle knows the identifier.
"""

import ipaddress
import json
import re
import shutil
import subprocess
from collections import Counter
from functools import cache
from pathlib import Path

import phonenumbers
from stdnum import iban, luhn
from stdnum.ca import sin
from stdnum.gb import nhs
from stdnum.us import ein, itin, rtn, ssn

from .texts import Text

VALID, OUTSIDE, INVALID = "valid", "outside the rule", "invalid"

_CARD_PREFIXES = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})$|(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)\d+$|3[47]\d{13}$"
    r"|(?:6011|64[4-9]|65|622(?:12[6-9]|1[3-9]|[2-8]|91|92[0-5]))\d+$|35(?:2[89]|[3-8])\d+$"
    r"|3(?:0[0-5]|6|8)\d+$"
)
_CARD_LENGTHS = {"4": (13, 16, 19), "5": (16,), "2": (16,), "6": (16, 17, 18, 19)}


def _digits(value):
    return re.sub(r"\D", "", value)


def _card(value):
    number = _digits(value)
    if not luhn.is_valid(number):
        return INVALID
    lengths = _CARD_LENGTHS.get(number[0]) or (_CARD_LENGTHS["6"] if number[:2] == "35" else (14, 15))
    known = _CARD_PREFIXES.match(number) and len(number) in lengths
    return VALID if known else OUTSIDE


@cache
def _regions():
    return sorted(phonenumbers.SUPPORTED_REGIONS)


def _phone(value):
    """E.164 with its plus, or a number of North America: that is the rule. Else any country's."""

    def valid(region):
        try:
            return phonenumbers.is_valid_number(phonenumbers.parse(value, region))
        except phonenumbers.NumberParseException:
            return False

    if valid("US") or (value.startswith("+") and valid(None)):
        return VALID
    return OUTSIDE if any(valid(region) for region in _regions()) else INVALID


def _ip(version):
    def judge(value):
        try:
            return VALID if ipaddress.ip_address(value).version == version else INVALID
        except ValueError:
            return INVALID

    return judge


def _asked(module):
    return lambda value: VALID if module.is_valid(value) else INVALID


def _hyphened(module):
    """These modules know hyphens only; a space parts the groups as well."""
    return lambda value: VALID if module.is_valid(value.replace(" ", "-")) else INVALID


def _itin(value):
    """python-stdnum ends at group 70; the IRS has issued 50 to 65 since (Publication 4757)."""
    since = re.fullmatch(r"9\d\d([ -]?)(?:5\d|6[0-5])\1\d{4}", value)
    return VALID if since else _hyphened(itin)(value)


def _routing(value):
    """python-stdnum asks the weights only; the first two digits are the district's (ABA)."""
    head = int(value[:2])
    known = head <= 12 or 21 <= head <= 32 or 61 <= head <= 72 or head == 80
    return _asked(rtn)(value) if known else INVALID


def _npi(value):
    return VALID if value[0] in "12" and len(value) == 10 and luhn.is_valid("80840" + value) else INVALID


_JUDGES = {
    "payment_card": _card,
    "iban": _asked(iban),
    "us_aba_routing": _routing,
    "us_ssn": _hyphened(ssn),
    "us_itin": _itin,
    "us_ein": _asked(ein),
    "us_npi": _npi,
    "uk_nhs": _asked(nhs),
    "ca_sin": lambda value: INVALID if value[0] in "08" else _asked(sin)(value),
    "phone": _phone,
    "ipv4": _ip(4),
    "ipv6": _ip(6),
}


def judge(detector, value):
    """What the first oracle says of a value."""
    ask = _JUDGES.get(detector)
    return ask(value) if ask else None


def view(texts, name):
    """The texts under a view. `as-labelled`: every label counts. `oracle-clean`: a label the oracle
    rejects counts for nothing. `in-rule`: nor does one outside the detector's stated rule."""
    drop = {"as-labelled": (), "oracle-clean": (INVALID,), "in-rule": (INVALID, OUTSIDE)}[name]
    out = []
    for text in texts:
        bad = [span for span in text.spans if judge(span.detector, text.value(span)) in drop]
        kept = [span for span in text.spans if span not in bad]
        out.append(Text(text.text, kept, text.ignore + bad, text.slice))
    return out


def faults(texts):
    """Labels per detector and verdict, with an example each: {(detector, verdict): (n, example)}."""
    counts, examples = Counter(), {}
    for text in texts:
        for span in text.spans:
            key = (span.detector, judge(span.detector, text.value(span)) or "no oracle")
            counts[key] += 1
            examples.setdefault(key, text.value(span))
    return {key: (n, examples[key]) for key, n in sorted(counts.items())}


def second_opinion(pairs, work):
    """What npm `validator` says of (detector, value) pairs: a list of True, False or None."""
    here = Path(__file__).resolve().parent.parent / "oracle"
    node = Path(work) / "oracle"
    node.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", "judge.cjs"):
        shutil.copy(here / name, node / name)
    if not (node / "node_modules" / "validator").is_dir():
        subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=node, check=True)
    lines = "".join(json.dumps(pair) + "\n" for pair in pairs)
    run = subprocess.run(
        ["node", "judge.cjs"], cwd=node, input=lines, capture_output=True, text=True, check=True
    )
    return [json.loads(line) for line in run.stdout.splitlines()]
