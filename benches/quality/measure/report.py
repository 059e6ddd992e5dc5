"""Tables: on the terminal and, with `--write`, in `docs/detection-quality.md`.

Owns: how a figure is written. Refuses: to compute one. Stays true: a dash means that scanner has no
such identifier, never that it scored nothing.
"""


def number(value, places=3):
    """A share to three places, a dash for none."""
    return "–" if value is None else f"{value:.{places}f}"


def table(head, rows):
    """A Markdown table, its columns padded so that it reads on a terminal too."""
    cells = [[str(c) for c in row] for row in [head, *rows]]
    wide = [max(len(row[i]) for row in cells) for i in range(len(head))]

    def line(row):
        first = row[0].ljust(wide[0])
        return "| " + " | ".join([first, *(c.rjust(w) for c, w in zip(row[1:], wide[1:]))]) + " |"

    rule = "| " + " | ".join(["-" * wide[0], *("-" * (w - 1) + ":" for w in wide[1:])]) + " |"
    return "\n".join([line(cells[0]), rule, *(line(row) for row in cells[1:])])


def three(score):
    """Precision, recall and F1 of a score, or three dashes."""
    if score is None:
        return ["–"] * 3
    return [number(score.precision), number(score.recall), number(score.f1)]
