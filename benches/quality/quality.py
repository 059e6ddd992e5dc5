#!/usr/bin/env python3
"""Measures what the scanner finds, misses and invents, beside two peers. See README.md.

`run` does all of it; `generate` only writes the labelled sets; `fixture` writes the small committed
sample; `selftest` checks this bench itself. `run.sh` prepares the tools and calls `run`.
"""

import argparse
import sys
from pathlib import Path

from measure import fixture, oracle, selftest, sets, silence, texts, verdict
from measure.page import Page
from measure.scanners import Dd, Lockgate, Presidio

VIEWS = ("as-labelled", "oracle-clean", "in-rule")


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=["run", "generate", "fixture", "selftest"])
    parser.add_argument("--seed", type=int, default=42, help="of everything drawn (default 42)")
    parser.add_argument("--texts", type=int, default=3000, help="texts of presidio-evaluator")
    parser.add_argument(
        "--each", type=int, default=120, help="valid, and spoilt, texts per identifier of our own"
    )
    parser.add_argument(
        "--mib", type=float, default=8, help="MiB of each clean corpus; the full run takes 20"
    )
    parser.add_argument("--presidio-kib", type=float, default=64, help="KiB of each corpus Presidio reads")
    parser.add_argument("--lockgate", help="the program to measure; without it only the peers are")
    parser.add_argument("--dd", help="the peer's program, built by run.sh")
    parser.add_argument("--no-presidio", action="store_true", help="leave Presidio out")
    parser.add_argument("--no-corpora", action="store_true", help="labelled sets only")
    parser.add_argument("--no-sets", action="store_true", help="clean corpora only")
    parser.add_argument("--view", choices=VIEWS, default="oracle-clean", help="the labels --assert goes by")
    parser.add_argument(
        "--assert", dest="check", action="store_true", help="exit 1 where a threshold is missed"
    )
    parser.add_argument("--write", help="also write the tables to this page")
    parser.add_argument("--work", default="target/quality", help="where sets, corpora and examples go")
    return parser.parse_args()


def scanners_of(args, work):
    """The scanners at hand, by name."""
    out = {"lockgate": Lockgate(args.lockgate, work) if args.lockgate else None}
    if args.dd:
        out["dd"] = Dd(args.dd, work)
        out["dd without keywords"] = Dd(args.dd, work, keywords=False)
    if not args.no_presidio:
        out["presidio"] = Presidio()
    return {name: scanner for name, scanner in out.items() if scanner}


def run_sets(args, work, scanners, page):
    """Both labelled sets under every view. Returns what misses a threshold."""
    missed = []
    for name, labelled in sets.make(args.seed, args.texts, args.each).items():
        texts.save(work / f"{name}.ndjson", labelled)
        raw = [text.text for text in labelled]
        findings = {
            who: sets.kept(scanner, raw, work) if who == "presidio" else scanner.scan(raw)
            for who, scanner in scanners.items()
        }
        faults, differ = oracle.faults(labelled), sets.disagreements(labelled, work)
        page.labels(name, labelled, faults, differ)
        for view in VIEWS if name == sets.PRESIDIO_SET else ("as-labelled",):
            scored = sets.Scored(name, view, labelled, findings)
            page.scores(scored)
            scored.save_examples(work)
            if scored.ours and (view == args.view or name != sets.PRESIDIO_SET):
                missed += verdict.misses_of_set(f"{name} ({view})", scored.ours, scored.best_of_peers())
    return missed


def run_corpora(args, work, scanners, page):
    """The clean corpora and the bare digits. Returns what misses a threshold."""
    silences = silence.measure(args.seed, args.mib, args.presidio_kib, work, scanners)
    digits = silence.bare_digits(args.seed, args.mib, work, scanners)
    page.silence(silences, digits)
    missed = []
    for one in silences:
        if "lockgate" in one.counts:
            missed += verdict.misses_of_corpus(one.name, one.size, one.counts["lockgate"])
    if "lockgate" in digits[1]:
        rows, others = digits[1]["lockgate"]
        missed += verdict.misses_of_digits(rows) + verdict.misses_of_corpus("bare digits", digits[0], others)
    return missed


def run(args):
    work = Path(args.work)
    work.mkdir(parents=True, exist_ok=True)
    scanners = scanners_of(args, work)
    page = Page(args, {name: scanner.name for name, scanner in scanners.items()})
    missed = []
    if not args.no_sets:
        missed += run_sets(args, work, scanners, page)
    if not args.no_corpora:
        missed += run_corpora(args, work, scanners, page)
    if args.lockgate:
        page.verdict(missed)
    if args.write:
        page.write(args.write)
    if args.lockgate:
        print(f"\n{len(missed)} thresholds missed" + "".join(f"\n  {line}" for line in missed))
    print(f"\nEvery miss and false finding: {work}/examples-*.tsv")
    return 1 if args.check and (missed or not args.lockgate) else 0


def generate(args):
    work = Path(args.work)
    work.mkdir(parents=True, exist_ok=True)
    for name, labelled in sets.make(args.seed, args.texts, args.each).items():
        texts.save(work / f"{name}.ndjson", labelled)
        print(f"{work / name}.ndjson: {len(labelled)} texts, seed {args.seed}")
    return 0


def main():
    args = arguments()
    if args.command == "fixture":
        return fixture.write()
    if args.command == "selftest":
        return selftest.run()
    return {"run": run, "generate": generate}[args.command](args)


if __name__ == "__main__":
    sys.exit(main())
