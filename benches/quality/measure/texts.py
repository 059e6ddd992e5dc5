"""Labelled texts and the file they live in.

Owns: the shape of a labelled text, one JSON object a line:
`{"text", "spans": [{"detector", "start", "end"}], "ignore": [same], "slice"}`. Spans count bytes of
the UTF-8 text and do not overlap. Refuses: a text with a line break, since scanners of lines would
see another text than scanners of strings; `one_line` replaces each by a space, which moves nothing.
Stays true: a span never cuts a character.
"""

import json
import random
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Span:
    """Where an identifier stands: `start` and `end` in bytes."""

    detector: str
    start: int
    end: int

    def to_json(self):
        return {"detector": self.detector, "start": self.start, "end": self.end}


@dataclass
class Text:
    """One labelled text. A finding that meets an `ignore` span of its detector counts for nothing."""

    text: str
    spans: list = field(default_factory=list)
    ignore: list = field(default_factory=list)
    slice: str = ""

    def to_json(self):
        return {
            "text": self.text,
            "spans": [span.to_json() for span in self.spans],
            "ignore": [span.to_json() for span in self.ignore],
            "slice": self.slice,
        }

    def value(self, span):
        """The text a span covers."""
        return self.text.encode()[span.start : span.end].decode(errors="replace")


def one_line(text):
    """The text with every character that some reader of lines splits at turned into a space."""
    return "".join(" " if c in "\n\r\v\f\x1c\x1d\x1e" else c for c in text)


def bytes_at(text, chars):
    """The byte offset of a character offset."""
    return len(text[:chars].encode())


def save(path, texts):
    """Writes labelled texts, one a line."""
    with open(path, "w", encoding="utf-8") as out:
        for text in texts:
            out.write(json.dumps(text.to_json(), ensure_ascii=False, separators=(",", ":")) + "\n")


def load(path):
    """Reads what `save` wrote."""
    with open(path, encoding="utf-8") as lines:
        return [_parse(json.loads(line)) for line in lines.read().split("\n") if line]


def _parse(raw):
    spans = [Span(**span) for span in raw["spans"]]
    ignore = [Span(**span) for span in raw.get("ignore", [])]
    text = Text(raw["text"], spans, ignore, raw.get("slice", ""))
    assert text.text == one_line(text.text), text.text
    for span in spans + ignore:
        text.text.encode()[span.start : span.end].decode()
    return text


def numbers(seed, *names):
    """A source of random numbers of its own for each name, the same on every run and machine."""
    return random.Random("/".join([str(seed), *names]))
