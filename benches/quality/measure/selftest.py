"""This bench checked against itself: values against the oracles, the scorer against cases by hand.

Owns: what must hold before a figure is believed. Refuses: to ask any scanner.
"""

from . import fixture, oracle, own_set, presidio_set, texts
from .score import Found, score
from .texts import Span, Text, numbers
from .values import IDENTIFIERS

DRAWS = 400


def run():
    """Runs every check; an assertion that fails says which."""
    checks = [
        values_are_valid,
        spoilt_are_not,
        same_seed_same_texts,
        labels_fit,
        scores_by_hand,
        fixture_is_current,
    ]
    for check in checks:
        check()
        print(f"{check.__name__}: holds")
    return 0


def values_are_valid():
    for row in IDENTIFIERS.values():
        rng = numbers(1, "selftest", row.id)
        for _ in range(DRAWS):
            value = row.make(rng)
            verdict = oracle.judge(row.id, value)
            assert verdict in (None, oracle.VALID), f"{row.id} {value}: {verdict}"


def spoilt_are_not():
    for row in IDENTIFIERS.values():
        rng = numbers(2, "selftest", row.id)
        for _ in range(DRAWS):
            value, reason = row.spoil(rng)
            verdict = oracle.judge(row.id, value)
            assert verdict != oracle.VALID, f"{row.id} {value} ({reason}): {verdict}"


def same_seed_same_texts():
    theirs = [presidio_set.generate(seed, 300) for seed in (5, 5, 6)]
    assert theirs[0] == theirs[1]
    assert theirs[0] != theirs[2]
    one, two, other = (own_set.generate(seed, 3) for seed in (5, 5, 6))
    assert one == two
    assert one != other


def labels_fit():
    for text in own_set.generate(9, 20):
        assert text.text == texts.one_line(text.text)
        for span in text.spans:
            verdict = oracle.judge(span.detector, text.value(span))
            assert verdict in (None, oracle.VALID), (text.text, span)


def scores_by_hand():
    label = Span("email", 10, 20)
    text = [Text("x" * 40, [label], [Span("email", 30, 35)])]

    def counts(*found):
        one = score(text, [[Found(*f) for f in found]])["email"]
        return one.right, one.wrong, one.missed, one.strict

    assert counts(("email", 10, 20)) == (1, 0, 0, 1)
    assert counts(("email", 10, 15)) == (1, 0, 0, 0), "half of what both cover is enough"
    assert counts(("email", 10, 14)) == (0, 1, 1, 0), "less is not"
    assert counts() == (0, 0, 1, 0)
    assert counts(("email", 10, 20), ("email", 12, 20)) == (1, 0, 0, 1), "two that overlap are one"
    assert counts(("email", 10, 20), ("email", 0, 5)) == (1, 1, 0, 1)
    assert counts(("email", 10, 20), ("email", 31, 33)) == (1, 0, 0, 1), "ignored: neither right nor wrong"
    assert counts(("email", 10, 20), ("iban", 10, 20)) == (1, 0, 0, 1)
    assert score(text, [[Found("email", 10, 20, 0.3)]], 0.4)["email"].missed == 1


def fixture_is_current():
    assert texts.load(fixture.PATH) == fixture.make(), "run `quality.py fixture`"
