"""The surroundings a value is put in: sentences, JSON, key=value, XML, CSV.

Owns: what people and programs write around an identifier. Refuses: to know what any scanner listens
for; the words are those of the identifier's own trade. Stays true: `MARK` stands where the value
goes, once, so its span is known without searching.
"""

import json

from .texts import Span, Text, bytes_at, one_line

MARK = "\0"

_NAMES = "Ann Ben Carla Dmitri Eva Farid Grace Hugo Ines Jonas Kofi Lena Mateo Nina Oscar Priya".split()
_CITIES = "Leeds Porto Austin Lyon Kyoto Ghent Turin Perth".split()

_BEFORE = [
    "Her {word} is {mark}.",
    "{word}: {mark}",
    "My {word} is {mark}, could you check it?",
    "Please update {word} {mark} on the file of {name}.",
    "{name} gave {word} {mark} at the desk.",
    "The {word} we hold for {name} ({mark}) has expired.",
    "Hi, this is {name}. {word} - {mark}. Thanks!",
    "Cannot find {word} #{mark} in {city}",
]
_AFTER = [
    "{mark} is my {word}.",
    "{mark} ({word})",
    "We have {mark} as the {word} of {name}.",
    "{mark} - {word} of the applicant",
]
_NEUTRAL = [
    "Please see {mark} and come back to us.",
    "{name} in {city} wrote: {mark}",
    "{mark}",
    "Got it - {mark}, thanks.",
    "Forwarded by {name}: {mark}.",
]
# What a number is when it is none of ours.
_OTHER = [
    "Order {mark} left the warehouse in {city}.",
    "Ticket {mark} was closed by {name}.",
    "Invoice {mark} is due on Monday.",
    "The build {mark} finished in {city}.",
    "Parcel {mark} waits at the counter.",
]
_OTHER_FIELDS = ["order_id", "ticket", "sku", "batch", "sequence", "invoice_no", "offset", "serial"]


def place(template, row_id, value, kind):
    """The text with the value where the mark is, labelled when `row_id` names an identifier."""
    at = template.index(MARK)
    text = one_line(template.replace(MARK, value))
    start = bytes_at(text, at)
    spans = [Span(row_id, start, start + len(value.encode()))] if row_id else []
    return Text(text, spans, slice=kind)


def _say(rng, templates, word):
    return rng.choice(templates).format(
        word=word, name=rng.choice(_NAMES), city=rng.choice(_CITIES), mark=MARK
    )


def sentence_before(rng, row, _value):
    return _say(rng, _BEFORE, rng.choice(row.words))


def sentence_after(rng, row, _value):
    return _say(rng, _AFTER, rng.choice(row.words))


def sentence_alone(rng, _row, _value):
    return _say(rng, _NEUTRAL, "")


def _json_value(rng, value):
    """A number may stand bare, unless JSON forbids its zero in front."""
    bare = value.isdigit() and value[0] != "0" and rng.random() < 0.4
    return MARK if bare else f'"{MARK}"'


def json_field(rng, row, value):
    name, shown = rng.choice(row.fields), _json_value(rng, value)
    return rng.choice(
        [
            f'{{"id":{rng.randrange(100)},"{name}":{shown},"active":true}}',
            f'{{"{name}": {shown}, "name": "{rng.choice(_NAMES)}"}}',
            f'{{"customer":{{"name":"{rng.choice(_NAMES)}","{name}":{shown}}},"v":2}}',
            f'{{"{name}":{{"value":{shown},"verified":false}}}}',
            f'[{{"city":"{rng.choice(_CITIES)}","{name}":{shown}}}]',
        ]
    )


def json_alone(rng, _row, value):
    shown = _json_value(rng, value)
    return f'{{"id":{rng.randrange(100)},"value":{shown},"city":"{rng.choice(_CITIES)}"}}'


def key_value(rng, row, _value):
    name = rng.choice(row.fields)
    return rng.choice(
        [
            f"user={rng.randrange(1000)} {name}={MARK} ok=1",
            f'level=info msg="saved" {name}="{MARK}" took=12ms',
            f"{name}={MARK}",
            f"city={rng.choice(_CITIES)}&{name}={MARK}&v=2"
            if not row.id == "private_key"
            else f"{name}={MARK}",
        ]
    )


def xml(rng, row, _value):
    name = rng.choice(row.fields)
    return rng.choice(
        [
            f"<{name}>{MARK}</{name}>",
            f"<person><name>{rng.choice(_NAMES)}</name><{name}>{MARK}</{name}></person>",
            f'<person {name}="{MARK}" city="{rng.choice(_CITIES)}"/>',
        ]
    )


def csv(rng, row, _value):
    """A heading and one row, the line break between them a space."""
    name = rng.choice(row.fields)
    return f"{name},city {MARK},{rng.choice(_CITIES)}"


def other_sentence(rng, _row, _value):
    return _say(rng, _OTHER, "")


def other_field(rng, _row, value):
    return f'{{"{rng.choice(_OTHER_FIELDS)}":{_json_value(rng, value)},"qty":{rng.randrange(1, 9)}}}'


def other_key_value(rng, _row, _value):
    return f"{rng.choice(_OTHER_FIELDS)}={MARK} lane={rng.randrange(9)} city={rng.choice(_CITIES)}"


NAMED = [
    ("sentence, word before", sentence_before),
    ("sentence, word after", sentence_after),
    ("JSON field", json_field),
    ("key=value", key_value),
    ("XML", xml),
    ("CSV heading", csv),
]
ALONE = [("sentence, no word", sentence_alone), ("JSON, field says nothing", json_alone)]
OTHERS = [
    ("number of something else", other_sentence),
    ("number of something else", other_field),
    ("number of something else", other_key_value),
]


def record(rng, rows):
    """A JSON record of several identifiers among fields that hold none. Yields the labelled text."""
    fields = [(rng.choice(row.fields), row, row.make(rng)) for row in rows]
    fields += [
        ("order_id", None, str(rng.randrange(10**8, 10**9))),
        (
            "created_at",
            None,
            f"202{rng.randrange(6)}-0{rng.randrange(1, 10)}-1{rng.randrange(10)}T08:15:0{rng.randrange(10)}Z",
        ),
        ("amount", None, f"{rng.randrange(1, 2000)}.{rng.randrange(10, 100)}"),
        ("city", None, rng.choice(_CITIES)),
        ("batch", None, str(rng.randrange(10**9, 10**10))),
    ]
    rng.shuffle(fields)
    bare = lambda value: value.isdigit() and value[0] != "0" and rng.random() < 0.3
    return written(fields, "JSON record of many", bare)


def written(fields, slice, bare=lambda value: False):
    """One JSON object of (name, row, value), each name once; `bare` says which values stand without quotes."""
    text, spans, seen = "{", [], set()
    for name, row, value in fields:
        if name in seen:
            continue
        seen.add(name)
        quote = "" if bare(value) else '"'
        text += f'"{name}":{quote}'
        if row:
            start = len(text.encode())
            spans.append(Span(row.id, start, start + len(value.encode())))
        text += f"{value}{quote},"
    text = text[:-1] + "}"
    json.loads(text)
    return Text(text, spans, slice=slice)
