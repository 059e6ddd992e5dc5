"""The set of presidio-evaluator: its own templates, its own fake values, its own labels.

Owns: the seeded `PresidioSentenceFaker` and which of its entities are identifiers of ours. Refuses:
to mend its labels here; `oracle.py` judges them, and both views are scored. Stays true: same seed, same
texts. So no network is asked (the generator would fetch hospital names; its short list stands in), and
no clock (its dates would end now; they end at a day of ours).
"""

import os
from contextlib import redirect_stderr, redirect_stdout
from datetime import datetime

from .texts import Span, Text, bytes_at, one_line

# Its entity, ours. `ip_address` is told apart by what it holds, `date_of_birth` by its sentence.
_ENTITIES = {
    "credit_card_number": "payment_card",
    "phone_number": "phone",
    "email": "email",
    "iban": "iban",
    "ssn": "us_ssn",
}
_LAST_DAY = datetime(2025, 1, 1)
_BIRTH_WORDS = ("birth", "born", "dob")


def generate(seed, count):
    """`count` labelled texts."""
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        samples = _faker(seed).generate_new_fake_sentences(count)
    return [_text(sample) for sample in samples]


def _faker(seed):
    from faker.providers.date_time import Provider as DateProvider
    from presidio_evaluator.data_generator import PresidioSentenceFaker
    from presidio_evaluator.data_generator import presidio_additional_entity_providers as providers
    from presidio_evaluator.data_generator.faker_extensions import HospitalProvider

    class Hospitals(HospitalProvider):
        def load_hospitals(self, _file):
            return self.default_list

    class Dates(DateProvider):
        @classmethod
        def _parse_end_datetime(cls, value):
            return super()._parse_end_datetime(_LAST_DAY if value is None else value)

    # It draws the initials of its people before it seeds itself.
    PresidioSentenceFaker.seed(seed)
    return PresidioSentenceFaker(
        locale="en_US",
        lower_case_ratio=0.05,
        random_seed=seed,
        entity_providers=[p for p in providers if p is not HospitalProvider] + [Hospitals, Dates],
        entity_type_mapping={name: name for name in PresidioSentenceFaker.ENTITY_TYPE_MAPPING},
    )


def _text(sample):
    text = one_line(sample.full_text)
    labelled = Text(text, slice=f"template {sample.template_id}")
    for span in sorted(sample.spans, key=lambda s: s.start_position):
        value = text[span.start_position : span.end_position]
        detector = _detector(span.entity_type, value)
        if not detector:
            continue
        start = bytes_at(text, span.start_position)
        ours = Span(detector, start, start + len(value.encode()))
        # A date nobody calls a birthday is neither right nor wrong to find.
        doubtful = detector == "date_of_birth" and not any(w in text.lower() for w in _BIRTH_WORDS)
        (labelled.ignore if doubtful else labelled.spans).append(ours)
    return labelled


def _detector(entity, value):
    if entity == "ip_address":
        return "ipv6" if ":" in value else "ipv4"
    if entity == "date_of_birth":
        return "date_of_birth"
    return _ENTITIES.get(entity)
