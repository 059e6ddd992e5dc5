"""The committed sample: a few hundred labelled lines that a test can read without Python.

Owns: its seed and size. Refuses: to be tuned; it comes from the same generator as the measured set,
under another seed. Stays true: regenerating it changes no byte.
"""

from pathlib import Path

from . import own_set, texts

SEED, EACH = 1009, 6
PATH = Path(__file__).resolve().parent.parent / "fixtures" / "labelled.ndjson"


def make():
    """Its texts. Private keys are long, so few of them."""
    drawn = own_set.generate(SEED, EACH)
    return [text for text in drawn if len(text.text) < 600] + [
        text for text in drawn if len(text.text) >= 600
    ][:4]


def write():
    """Writes it anew."""
    PATH.parent.mkdir(exist_ok=True)
    made = make()
    texts.save(PATH, made)
    print(f"{PATH}: {len(made)} texts, seed {SEED}")
    return 0
