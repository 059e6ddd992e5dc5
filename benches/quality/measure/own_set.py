"""The set of our own making: every identifier, in every surrounding, and what must not be found.

Owns: how many of each. Refuses: to look at any scanner's answer. Stays true: the same seed gives the
same bytes; each identifier has a stream of random numbers of its own, so adding one moves no other.
"""

from . import shapes
from .texts import numbers
from .values import IDENTIFIERS


def generate(seed, each):
    """Labelled texts: for each identifier `each` valid values, `each` spoilt or out of place ones;
    and `each` records of several identifiers."""
    texts = []
    for row in IDENTIFIERS.values():
        rng = numbers(seed, "own", row.id)
        texts += [_positive(rng, row, n) for n in range(each)]
        texts += [_negative(rng, row, n) for n in range(each)]
    rng = numbers(seed, "own", "record")
    rows = [row for row in IDENTIFIERS.values() if row.id != "private_key"]
    texts += [shapes.record(rng, rng.sample(rows, rng.randrange(2, 6))) for _ in range(each)]
    rng.shuffle(texts)
    return texts


def _positive(rng, row, n):
    value = row.make(rng)
    # One text in five has no word at all, for values that need none.
    nameless = n % 5 == 4 and row.alone(value)
    kind, shape = rng.choice(shapes.ALONE) if nameless else shapes.NAMED[n % len(shapes.NAMED)]
    if row.id == "private_key":
        kind, shape = ("JSON field", shapes.json_field)
    return shapes.place(shape(rng, row, value), row.id, value, kind)


def _negative(rng, row, n):
    if n % 2 == 0:
        value, reason = row.spoil(rng)
        kind, shape = shapes.NAMED[n // 2 % len(shapes.NAMED)]
        if row.id == "private_key":
            shape = shapes.json_field
        return shapes.place(shape(rng, row, value), None, value, f"spoilt {row.id}: {reason}")
    value = row.make(rng)
    if row.alone(value):
        value, reason = row.spoil(rng)
        kind, shape = rng.choice(shapes.ALONE)
        return shapes.place(shape(rng, row, value), None, value, f"spoilt {row.id}, no word: {reason}")
    kind, shape = rng.choice(shapes.OTHERS)
    return shapes.place(shape(rng, row, value), None, value, f"{row.id} {kind}")
