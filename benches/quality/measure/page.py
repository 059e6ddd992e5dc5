"""What a run says: printed as it goes, and written as a page when asked.

Owns: the order and the words around the tables. Refuses: dates and machine names; the figures hold for
the seed and the versions named, whenever they are made.
"""

from importlib.metadata import version
from pathlib import Path

from . import report, silence
from .sets import PRESIDIO_SET
from .silence import MIB

_RULES = """A finding counts when its detector is the label's and both spans overlap by at least half of
what they cover together; *strict* is F1 with equal bytes only. A private key counts by any overlap.
Presidio is cut at the score 0.4, as its own evaluation does; *best F1* is its best over the cuts
0.01, 0.3, 0.4, 0.5, 0.6 and 0.85, chosen per identifier in hindsight. *bare F1* is
dd-sensitive-data-scanner with its keywords taken away. A dash: that scanner has no such identifier.
"""


class Page:
    """Collects what is printed."""

    def __init__(self, args, names):
        self.lines, self.kib = [], args.presidio_kib
        self._intro(args, names)

    def say(self, *lines):
        for line in lines:
            print(line)
            self.lines.append(line)

    def _intro(self, args, names):
        self.say(
            "# Detection quality, measured",
            "",
            f"Written by `benches/quality/run.sh`; seed {args.seed}, {args.texts} texts of presidio-evaluator "
            f"{version('presidio-evaluator')}, {args.each} valid and {args.each} spoilt or misplaced texts for each "
            f"identifier of our own, {args.mib:g} MiB of each clean corpus. Scanners: "
            f"{'Lockgate' if 'lockgate' in names else 'Lockgate (not run)'}; "
            f"{names.get('presidio', 'Presidio (not run)')} {version('presidio-analyzer')}; "
            f"{'dd-sensitive-data-scanner' if 'dd' in names else 'dd (not run)'}. "
            "Oracles: python-stdnum, phonenumbers, npm `validator`.",
            "",
            "To run it again: `cargo build --release && bash benches/quality/run.sh --lockgate target/release/lockgate "
            f"--seed {args.seed} --mib {args.mib:g} --write docs/detection-quality.md`. "
            "[benches/quality/README.md](../benches/quality/README.md) says what the sets and views are.",
            "",
            _RULES,
        )

    def labels(self, name, labelled, faults, differ):
        """What the oracles say of a set's labels."""
        spans = sum(len(text.spans) for text in labelled)
        self.say(f"## Set: {name}", "", f"{len(labelled)} texts, {spans} labels.", "")
        bad = {key: what for key, what in faults.items() if key[1] in ("invalid", "outside the rule")}
        rows = [
            [d, v, n, sum(m for (e, _), (m, _x) in faults.items() if e == d), f"`{x}`"]
            for (d, v), (n, x) in bad.items()
        ]
        if rows:
            self.say("Labels the oracle does not call valid:", "")
            self.say(report.table(["detector", "verdict", "labels", "of", "example"], rows), "")
        if differ:
            rows = [[d, a, b, n, f"`{x}`"] for (d, a, b), (n, x) in differ.items()]
            self.say("Values the two oracles disagree on (the first decides):", "")
            self.say(
                report.table(["detector", "first oracle", "npm validator", "values", "example"], rows), ""
            )

    def scores(self, scored):
        """The table of a set under a view."""
        self.say(f"### {scored.name}, {scored.view}", "", scored.table(), "")
        if scored.elsewhere():
            said = ", ".join(f"{d} {n}" for d, n in scored.elsewhere().items())
            self.say(f"Found by Lockgate though no text of this set holds one: {said}.", "")
        missed, wrong = scored.by_slice()
        if scored.name != PRESIDIO_SET and missed:
            rows = [[d, k, f"{n} of {of}"] for d, k, n, of in missed]
            self.say(
                "Missed by Lockgate, by surrounding:",
                "",
                report.table(["detector", "surrounding", "missed"], rows),
                "",
            )
        if scored.name != PRESIDIO_SET and wrong:
            rows = [[d, k, n] for (d, k), n in wrong]
            self.say("Wrongly found by Lockgate:", "", report.table(["detector", "text", "found"], rows), "")

    def verdict(self, missed):
        """What misses a threshold, or that nothing does."""
        self.say(
            "## Thresholds", "",
            "Checksummed or structured identifiers: precision at least 0.99, recall at least 0.98. Those that need a word: "
            "F1 at least 0.90 and above both peers. Clean corpora: at most one false finding of a detector in 100 MiB, so "
            "none in these. Bare digits: no more than arithmetic says.", "",
            *([f"- {line}" for line in missed] or ["None is missed."]), "",
        )  # fmt: skip

    def silence(self, silences, digits):
        """The clean corpora and the bare digits."""
        sizes = ", ".join(f"{one.name} {one.size / MIB:.1f} MiB" for one in silences)
        self.say(
            "## Clean corpora",
            "",
            f"{sizes}. Presidio reads the first {self.kib:g} KiB of each. Counts are false findings.",
            "",
        )
        self.say(silence.table(silences), "", "All corpora together:", "", silence.totals(silences), "")
        for one in silences:
            for detector, said, line in one.examples["lockgate"]:
                print(f"  Lockgate, {one.name}: {detector} {said!r} in {line!r}")
        size, by = digits
        self.say(
            "## Bare digits", "",
            f"{size / MIB:.1f} MiB of lines of 8 to 19 random digits, no word beside them. A share of any random "
            "number passes Luhn and carries an issuer's prefix; the last column is that share.", "",
        )  # fmt: skip
        for who, (rows, others) in by.items():
            title = {"lockgate": "Lockgate", "dd": "dd-sensitive-data-scanner"}[who]
            self.say(f"{title}:", "", silence.digits_table(rows), "")
            said = ", ".join(f"{d} {n}" for d, n in sorted(others.items())) or "nothing"
            self.say(f"Besides cards it found: {said}.", "")

    def write(self, path):
        """Writes the page."""
        text = "\n".join(self.lines).rstrip() + "\n"
        Path(path).write_text(text, encoding="utf-8")
        print(f"written: {path}")
