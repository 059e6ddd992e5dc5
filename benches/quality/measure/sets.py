"""The labelled sets, scanned and scored.

Owns: which sets there are, the scan of each by each scanner and the tables of the scores. Refuses: to
judge them (`verdict.py`). Stays true: what Presidio says is kept by a hash of texts and versions, so a
second run asks it nothing; its answers are the same, only sooner.
"""

import hashlib
import json
from collections import Counter, defaultdict
from importlib.metadata import version
from pathlib import Path

from . import holdout_set, oracle, own_set, presidio_set, report
from .scanners import DD_KNOWS, PRESIDIO_CUTS, PRESIDIO_KNOWS, PRESIDIO_USUAL
from .score import Found, score
from .values import IDENTIFIERS

PRESIDIO_SET = "presidio-evaluator"
OWN_SET = "own"
HOLDOUT_SET = "hold-out"


def make(seed, texts, each):
    """The sets by name."""
    return {
        PRESIDIO_SET: presidio_set.generate(seed, texts),
        OWN_SET: own_set.generate(seed, each),
        HOLDOUT_SET: holdout_set.generate(seed, each),
    }


def kept(scanner, texts, folder):
    """What Presidio says of the texts, from the last time or now."""
    key = json.dumps([scanner.name, version("presidio-analyzer"), version("spacy"), texts])
    path = Path(folder) / f"presidio-{hashlib.sha256(key.encode()).hexdigest()[:16]}.json"
    if not path.exists():
        found = [[(f.detector, f.start, f.end, f.score) for f in one] for one in scanner.scan(texts)]
        path.write_text(json.dumps(found))
    return [[Found(*f) for f in one] for one in json.loads(path.read_text())]


class Scored:
    """The scores of every scanner on one set under one view."""

    def __init__(self, name, view, texts, findings):
        self.name, self.view = name, view
        self.texts = oracle.view(texts, view)
        self.ours = self._of(findings.get("lockgate"))
        self.dd = self._of(findings.get("dd"))
        self.dd_bare = self._of(findings.get("dd without keywords"))
        self.presidio = self._of(findings.get("presidio"), PRESIDIO_USUAL)
        self.cuts = {cut: self._of(findings.get("presidio"), cut) for cut in PRESIDIO_CUTS}

    def _of(self, found, least=0.0):
        return score(self.texts, found, least) if found is not None else None

    def best_of_presidio(self):
        """Its best F1 per detector over all cuts, and the cut."""
        best = {}
        for cut, scores in self.cuts.items():
            for detector, one in (scores or {}).items():
                if detector in PRESIDIO_KNOWS and one.f1 is not None and one.labels:
                    best[detector] = max(best.get(detector, (0.0, cut)), (one.f1, cut))
        return best

    def best_of_peers(self):
        """Each peer's best F1 per detector."""
        dd = {}
        for scores in (self.dd, self.dd_bare):
            for detector, one in (scores or {}).items():
                if detector in DD_KNOWS and one.f1 is not None and one.labels:
                    dd[detector] = max(dd.get(detector, 0.0), one.f1)
        return {"Presidio": {d: f1 for d, (f1, _) in self.best_of_presidio().items()}, "dd": dd}

    def table(self):
        """Precision, recall and F1, side by side."""
        head = ["detector", "labels", "Lockgate P", "R", "F1", "strict", "Presidio P", "R", "F1", "best F1",
                "dd P", "R", "F1", "bare F1"]  # fmt: skip
        labels = Counter(span.detector for text in self.texts for span in text.spans)
        best = self.best_of_presidio()
        rows = []
        for detector in [d for d in IDENTIFIERS if labels[d]]:
            ours = (self.ours or {}).get(detector)
            presidio = (self.presidio or {}).get(detector) if detector in PRESIDIO_KNOWS else None
            dd = (self.dd or {}).get(detector) if detector in DD_KNOWS else None
            bare = (self.dd_bare or {}).get(detector) if detector in DD_KNOWS else None
            best_cell = f"{best[detector][0]:.3f} ≥{best[detector][1]}" if detector in best else "–"
            rows.append(
                [detector, labels[detector], *report.three(ours), report.number(ours and ours.strict_f1),
                 *report.three(presidio), best_cell, *report.three(dd), report.number(bare and bare.f1)]
            )  # fmt: skip
        return report.table(head, rows)

    def elsewhere(self):
        """What Lockgate finds of identifiers this set has none of: {detector: count}."""
        labels = {span.detector for text in self.texts for span in text.spans}
        return {d: s.wrong for d, s in (self.ours or {}).items() if d not in labels and s.wrong}

    def by_slice(self):
        """Lockgate's recall in each surrounding, and its false findings in each negative kind."""
        found, wrong = defaultdict(Counter), Counter()
        labels = defaultdict(Counter)
        for text in self.texts:
            for span in text.spans:
                labels[span.detector][text.slice] += 1
        for detector, one in (self.ours or {}).items():
            for what, kind, _, _ in one.examples:
                if what == "missed":
                    found[detector][kind] -= 1
                else:
                    wrong[(detector, kind)] += 1
        missed = [
            (detector, kind, -n, labels[detector][kind])
            for detector, kinds in found.items()
            for kind, n in kinds.items()
        ]
        return sorted(missed), sorted(wrong.items())

    def save_examples(self, folder):
        """Everything missed or wrongly found, one file for each scanner."""
        for who, scores in [("lockgate", self.ours), ("presidio", self.presidio), ("dd", self.dd)]:
            lines = [
                "\t".join([detector, *example])
                for detector, one in sorted((scores or {}).items())
                for example in one.examples
            ]
            path = Path(folder) / f"examples-{self.name}-{self.view}-{who}.tsv"
            path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")


def disagreements(texts, work):
    """Values where the two oracles differ: {(detector, first, second): (count, example)}."""
    pairs = [(span.detector, text.value(span)) for text in texts for span in text.spans]
    pairs = sorted(set(pairs))
    counts, examples = Counter(), {}
    for (detector, value), second in zip(pairs, oracle.second_opinion(pairs, work), strict=True):
        first = oracle.judge(detector, value)
        if second is None:
            continue
        agree = (first in (None, oracle.VALID)) == second
        if not agree:
            key = (detector, first or "valid by make", "valid" if second else "invalid")
            counts[key] += 1
            examples.setdefault(key, value)
    return {key: (n, examples[key]) for key, n in sorted(counts.items())}
