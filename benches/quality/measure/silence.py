"""The clean corpora, scanned and counted.

Owns: false findings per detector, corpus and scanner, as counts and per 100 MiB and GiB; the measured
and the arithmetic share of bare digits. Refuses: to hide a small sample: Presidio reads the first lines
of a corpus only, and the table says how many KiB. Stays true: each corpus is one file, the same for all.
"""

from collections import Counter, defaultdict

from . import corpora, report, sets

MIB = 1024 * 1024


class Silence:
    """Counts in one corpus: for each scanner the bytes it read and findings per detector."""

    def __init__(self, name, path, size):
        self.name, self.path, self.size = name, path, size
        self.counts, self.read, self.examples = {}, {}, defaultdict(list)

    def count(self, who, findings, size, text_of):
        """Takes a scanner's findings: (detector, record, start, end)."""
        counts = Counter()
        for detector, record, start, end in findings:
            counts[detector] += 1
            if counts[detector] <= 5:
                line = text_of(record)
                said = line.encode()[start:end].decode(errors="replace")
                self.examples[who].append((detector, said, line[:160]))
        self.counts[who], self.read[who] = counts, size


def measure(seed, mib, presidio_kib, folder, scanners):
    """One `Silence` for each clean corpus. `scanners` maps names to scanners."""
    out = []
    for name in corpora.CLEAN:
        path, size = corpora.write(name, seed, mib, folder)
        if size < mib * MIB * 0.9:
            print(f"{name}: this machine has only {size / MIB:.1f} MiB of it")
        one = Silence(name, path, size)
        lines = path.read_text(encoding="utf-8").split("\n")
        for who in ("lockgate", "dd"):
            if scanners.get(who):
                found = (
                    (f["detector"], f["record"], f["start"], f["end"]) for f in scanners[who].scan_file(path)
                )
                one.count(who, found, size, lines.__getitem__)
        if scanners.get("presidio"):
            _presidio(one, scanners["presidio"], lines, presidio_kib, folder)
        print(
            f"  {name}: {size / MIB:.1f} MiB, "
            + ", ".join(f"{w} {sum(c.values())}" for w, c in one.counts.items())
        )
        out.append(one)
    return out


def _presidio(one, scanner, lines, kib, folder):
    some, size = [], 0
    for line in lines:
        size += len(line.encode()) + 1
        if size > kib * 1024:
            break
        some.append(line)
    found = sets.kept(scanner, some, folder)
    flat = (
        (f.detector, record, f.start, f.end)
        for record, findings in enumerate(found)
        for f in findings
        if f.score >= sets.PRESIDIO_USUAL
    )
    one.count("presidio", flat, sum(len(line.encode()) + 1 for line in some), some.__getitem__)


def table(silences):
    """False findings of each detector in each corpus, counted and per GiB."""
    rows = []
    for one in silences:
        speaking = sorted({d for counts in one.counts.values() for d in counts})
        for detector in speaking or ["(none)"]:
            row = [one.name, detector]
            for who in ("lockgate", "presidio", "dd"):
                if who not in one.counts:
                    row += ["–", "–"]
                    continue
                n, size = one.counts[who][detector], one.read[who]
                row += [n, f"{n * 1024 * MIB / size:,.0f}"]
            rows.append(row)
    head = ["corpus", "detector", "Lockgate", "per GiB", "Presidio", "per GiB", "dd", "per GiB"]
    return report.table(head, rows)


def totals(silences):
    """All corpora together: each detector's false findings per 100 MiB and per GiB."""
    rows, detectors = [], sorted({d for one in silences for c in one.counts.values() for d in c})
    for detector in [*detectors, "all"]:
        row = [detector]
        for who in ("lockgate", "presidio", "dd"):
            size = sum(one.read.get(who, 0) for one in silences)
            if not size:
                row += ["–", "–"]
                continue
            n = sum(
                sum(one.counts[who].values()) if detector == "all" else one.counts[who][detector]
                for one in silences
                if who in one.counts
            )
            row += [f"{n * 100 * MIB / size:,.1f}", f"{n * 1024 * MIB / size:,.0f}"]
        rows.append(row)
    head = [
        "detector",
        "Lockgate per 100 MiB",
        "per GiB",
        "Presidio per 100 MiB",
        "per GiB",
        "dd per 100 MiB",
        "per GiB",
    ]
    return report.table(head, rows)


def bare_digits(seed, mib, folder, scanners):
    """Bare random numbers: for each scanner rows of (length, lines, cards found, arithmetic share), and
    what else it found."""
    path, size = corpora.write("bare digits", seed, mib, folder)
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    of_length = Counter(len(line) for line in lines)
    out = {}
    for who in ("lockgate", "dd"):
        if scanners.get(who):
            cards, others = Counter(), Counter()
            for f in scanners[who].scan_file(path):
                if f["detector"] == "payment_card":
                    cards[len(lines[f["record"]])] += 1
                else:
                    others[f["detector"]] += 1
            rows = [(n, of_length[n], cards[n], corpora.card_share(n)) for n in sorted(of_length)]
            out[who] = (rows, others)
    return size, out


def digits_table(rows):
    """Measured and arithmetic shares, side by side."""
    return report.table(
        ["digits", "numbers", "taken for cards", "measured", "arithmetic"],
        [[n, lines, found, f"{found / lines:.4%}", f"{share:.4%}"] for n, lines, found, share in rows],
    )
