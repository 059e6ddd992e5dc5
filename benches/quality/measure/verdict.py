"""The thresholds, and what misses them.

Owns: the lines of `--assert`. Refuses: to round a miss away. Stays true: a peer is taken at its best,
the best cut of Presidio's scores in hindsight and dd with or without its keywords, whichever is higher.
"""

from .values import CONTEXT, EXACT, IDENTIFIERS

PRECISION_MIN, RECALL_MIN, F1_MIN = 0.99, 0.98, 0.90
# False findings of one detector in one corpus, per 100 MiB.
FALSE_PER_100_MIB_MAX = 1
# How far beyond its arithmetic a count of random numbers may lie.
SIGMAS = 4


def misses_of_set(name, ours, peers):
    """Lines that say which detector misses which threshold on a labelled set. `peers` holds, for each
    peer, its best F1 per detector."""
    out = []
    for detector, score in sorted(ours.items()):
        row = IDENTIFIERS.get(detector)
        if row is None:
            out.append(f"{name}: {detector} is no identifier of this bench; {score.wrong} found")
            continue
        if not score.labels:
            if score.wrong:
                out.append(f"{name}: {detector} is found {score.wrong} times where none is")
            continue
        if row.group == EXACT:
            if (score.precision or 0.0) < PRECISION_MIN:
                out.append(f"{name}: {detector} precision {score.precision or 0:.3f} < {PRECISION_MIN}")
            if score.recall < RECALL_MIN:
                out.append(f"{name}: {detector} recall {score.recall:.3f} < {RECALL_MIN}")
        if row.group == CONTEXT:
            if score.f1 < F1_MIN:
                out.append(f"{name}: {detector} F1 {score.f1:.3f} < {F1_MIN}")
            for peer, best in peers.items():
                if detector in best and score.f1 <= best[detector] and score.f1 < 1:
                    out.append(f"{name}: {detector} F1 {score.f1:.3f}, {peer} {best[detector]:.3f}")
    return out


def misses_of_corpus(name, size, counts):
    """Lines that say which detector speaks too often in a clean corpus of `size` bytes."""
    allowed = int(size / (100 * 1024 * 1024) * FALSE_PER_100_MIB_MAX)
    return [
        f"{name}: {detector} found {n} times in {size / 1024 / 1024:.1f} MiB, {allowed} allowed"
        for detector, n in sorted(counts.items())
        if n > allowed
    ]


def misses_of_digits(rows):
    """Lines for lengths of bare numbers of which more are taken for cards than arithmetic allows.
    `rows` holds (length, lines, found, expected share)."""
    out = []
    for length, lines, found, share in rows:
        expected = lines * share
        if found > expected + SIGMAS * max(expected, 1) ** 0.5:
            out.append(f"bare digits: {found} of {lines} numbers of {length} digits, {expected:.0f} expected")
    return out
