"""Findings against labels.

Owns: the rule of a match. A finding counts when its detector is the label's and the two spans overlap
by at least half of what they cover together (intersection over union); each label takes one finding,
the best first. Strict: the same first and last byte. A private key counts by any overlap, since some
scanners name its header line and some the whole block. Refuses: to know who found it. Stays true: two
findings of one detector that overlap are one, the surer and then the longer; a finding that meets an
`ignore` span of its detector is neither right nor wrong.
"""

from collections import defaultdict
from dataclasses import dataclass, field

HALF = 0.5


@dataclass(frozen=True)
class Found:
    """What a scanner said: bytes of the text, and how sure it was where it says so."""

    detector: str
    start: int
    end: int
    score: float = 1.0


@dataclass
class Score:
    """Right, wrong, missed; `strict` counts the right ones that match to the byte."""

    right: int = 0
    wrong: int = 0
    missed: int = 0
    strict: int = 0
    examples: list = field(default_factory=list)

    @property
    def labels(self):
        return self.right + self.missed

    @property
    def precision(self):
        return self.right / (self.right + self.wrong) if self.right + self.wrong else None

    @property
    def recall(self):
        return self.right / self.labels if self.labels else None

    @property
    def f1(self):
        return _f1(self.right, self.wrong, self.missed)

    @property
    def strict_f1(self):
        loose = self.right - self.strict
        return _f1(self.strict, self.wrong + loose, self.missed + loose)


def _f1(right, wrong, missed):
    whole = 2 * right + wrong + missed
    return 2 * right / whole if whole else None


def overlap(a, b):
    """Intersection over union of two spans."""
    common = min(a.end, b.end) - max(a.start, b.start)
    if common <= 0:
        return 0.0
    return common / (max(a.end, b.end) - min(a.start, b.start))


def _distinct(findings):
    kept = []
    for found in sorted(findings, key=lambda f: (-f.score, f.start - f.end, f.start)):
        if not any(overlap(found, other) for other in kept):
            kept.append(found)
    return kept


def _enough(detector):
    return 1e-9 if detector == "private_key" else HALF


def score(texts, findings, least=0.0):
    """One `Score` per detector. `findings` holds a list for each text; those under `least` are left
    out."""
    scores = defaultdict(Score)
    for text, found in zip(texts, findings, strict=True):
        by = defaultdict(list)
        for one in found:
            if one.score >= least:
                by[one.detector].append(one)
        for detector in {*by, *(span.detector for span in text.spans)}:
            _one(scores[detector], detector, text, _distinct(by[detector]))
    return dict(scores)


def _one(total, detector, text, found):
    labels = [span for span in text.spans if span.detector == detector]
    ignore = [span for span in text.ignore if span.detector == detector]
    pairs = sorted(
        ((overlap(f, label), i, j) for i, f in enumerate(found) for j, label in enumerate(labels)),
        key=lambda pair: (-pair[0], pair[1], pair[2]),
    )
    used, taken = set(), set()
    for share, i, j in pairs:
        if share >= _enough(detector) and i not in used and j not in taken:
            used.add(i)
            taken.add(j)
            total.right += 1
            total.strict += share == 1.0
    for i, f in enumerate(found):
        if i not in used and not any(overlap(f, span) for span in ignore):
            total.wrong += 1
            total.examples.append(("wrong", text.slice, text.value(f), text.text))
    for j, label in enumerate(labels):
        if j not in taken:
            total.missed += 1
            total.examples.append(("missed", text.slice, text.value(label), text.text))
