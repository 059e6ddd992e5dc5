"""A second set of our own in other words: no rule was written, and no list of words filled, by looking at it.

Owns: words, field names and sentences that `values.py` and `shapes.py` do not use, drawn from how forms,
call centres, e-mails, tickets and APIs speak; and records whose fields stand close together. Values are
those of `values.py` under streams of their own. Refuses: to be tuned to. What is missed here is told on the
page and stays missed until a standard or an issuer's form gives the word. Stays true: same seed,
same bytes.
"""


from . import shapes
from .shapes import MARK
from .texts import numbers
from .values import IDENTIFIERS

# How people name it in speech and on forms, and what programs call the field.
# fmt: off
_NAMES = {
    "payment_card": (("card ending below", "Amex", "Mastercard", "CC#", "debit card"), ("cardNumber", "cc_num", "primaryAccountNumber")),
    "iban": (("IBAN code", "account (IBAN)", "SEPA IBAN"), ("iban_code", "creditorIban", "debtor_account_iban")),
    "us_aba_routing": (("ABA", "RTN", "bank routing #", "routing transit number"), ("aba_number", "rtn", "bankRoutingNumber")),
    "bank_account": (("checking account", "acct #", "savings account number", "A/C no"), ("acct_no", "bankAccountNumber", "acctNumber")),
    "us_ssn": (("social", "SSN#", "SS number", "Social Security #"), ("SSN", "employee_ssn", "socialSecurityNumber")),
    "us_itin": (("ITIN number", "individual taxpayer ID"), ("ITIN", "tax_itin", "itin_number")),
    "us_ein": (("company EIN", "employer ID number", "FEIN", "Employer Identification Number (EIN)"), ("EIN", "company_ein", "federalTaxId")),
    "us_npi": (("provider NPI", "NPI#", "National Provider ID"), ("NPI", "renderingProviderNpi", "npi_number")),
    "us_dea": (("DEA#", "DEA registration", "prescriber's DEA"), ("DEA", "dea_no", "deaNumber")),
    "us_mbi": (("Medicare beneficiary ID", "Medicare card number", "MBI number"), ("MBI", "medicareNumber", "mbi_number")),
    "uk_nhs": (("NHS #", "N.H.S. number", "National Health Service number"), ("NHS", "patient_nhs_number", "nhsNo")),
    "uk_nino": (("NI no", "NINO", "N.I. number", "Nat. Ins. number"), ("NINO", "ni_number", "nationalInsuranceNo")),
    "ca_sin": (("S.I.N.", "SIN number", "Canadian SIN", "social insurance no"), ("SIN", "employee_sin", "socialInsuranceNumber")),
    "passport": (("passport #", "travel document number", "Passport ID", "US passport"), ("passportNumber", "passport_num", "travelDocumentNo")),
    "mrn": (("medical record #", "MRN#", "patient number", "hospital number"), ("MRN", "medicalRecordNumber", "patient_mrn")),
    "date_of_birth": (("D.O.B.", "birthdate", "date of birth (DOB)", "born"), ("DOB", "dateOfBirth", "birthday")),
    "phone": (("tel.", "contact number", "work phone", "mobile no.", "phone #"), ("phoneNumber", "mobile_number", "telephone")),
    "email": (("e-mail address", "inbox", "Email ID"), ("e_mail", "userEmail", "emailId")),
    "ipv4": (("remote address", "gateway", "source IP"), ("ip_address", "srcIp", "peer_addr")),
    "ipv6": (("remote address", "gateway", "source IP"), ("ip_address", "srcIp", "peer_addr")),
    "aws_key": (("AWS key ID", "IAM key", "access key"), ("awsAccessKeyId", "AWS_ACCESS_KEY_ID", "key_id")),
    "aws_secret_key": (("AWS secret", "aws_secret_access_key", "secret key"), ("AWS_SECRET_ACCESS_KEY", "awsSecretKey", "secret_key")),
    "gcp_key": (("Maps API key", "Firebase key", "Google key"), ("GOOGLE_API_KEY", "mapsKey", "firebase_api_key")),
    "github_token": (("personal access token", "PAT", "gh token"), ("GITHUB_TOKEN", "ghToken", "pat")),
    "slack_token": (("bot user token", "Slack OAuth token"), ("SLACK_TOKEN", "slackBotToken", "oauth_token")),
    "jwt": (("access token", "session token", "ID token"), ("access_token", "idToken", "Authorization")),
    "private_key": (("RSA key", "server key"), ("privateKey", "pem", "ssl_key")),
}
# fmt: on
_SAID = [
    f"Could you verify the {{word}} for me? It should read {MARK}.",
    f"Customer's {{word}} = {MARK}; please confirm.",
    f"He said his {{word}} was {MARK} and hung up",
    f"RE: {{word}} {MARK}",
    f"- {{word}}: {MARK}",
    f"Your {{word}} ({MARK}) could not be verified.",
    f"Use {MARK} for the {{word}} on the form.",
    f"{MARK} <- {{word}}",
    f"[agent] and the {{word}}? [caller] {MARK}",
    f"{{word}}\t{MARK}",
]
_PAIRS = [
    f'{{{{"type":"{{field}}","value":"{MARK}"}}}}',
    f'{{{{"data":{{{{"{{field}}":"{MARK}"}}}},"ts":1700000000}}}}',
    f"2024-03-05 10:11:12 WARN validation failed field={{field}} value={MARK}",
    f"{{field}}: {MARK}",
    f'<field name="{{field}}">{MARK}</field>',
    f"?{{field}}={MARK}&lang=en",
    f"'{{field}}': '{MARK}',",
]
_SILENT = [
    f"Work order {MARK} was moved to Tuesday.",
    f'{{"shipment_id":"{MARK}","weight":3}}',
    f"tracking number {MARK}",
    f'"lot": "{MARK}"',
    f"part no. {MARK} (2 pcs)",
]


def generate(seed, each):
    """Labelled texts: for each identifier `each` valid values, half as many spoilt or out of place;
    and `each` records in which identifiers and plain numbers stand side by side."""
    texts = []
    for row in IDENTIFIERS.values():
        rng = numbers(seed, "holdout", row.id)
        texts += [_positive(rng, row, n) for n in range(each)]
        texts += [_negative(rng, row, n) for n in range(each // 2)]
    rng = numbers(seed, "holdout", "record")
    texts += [_record(rng) for _ in range(each)]
    rng.shuffle(texts)
    return texts


def _shape(rng, row, n):
    words, fields = _NAMES[row.id]
    if n % 2 and row.id != "private_key":
        return rng.choice(_SAID).replace("{word}", rng.choice(words)), "sentence"
    pairs = _PAIRS[:2] if row.id == "private_key" else _PAIRS
    return rng.choice(pairs).format(field=rng.choice(fields)), "field"


def _positive(rng, row, n):
    value = row.make(rng)
    template, kind = _shape(rng, row, n)
    return shapes.place(template, row.id, value, kind)


def _negative(rng, row, n):
    value = row.make(rng)
    if n % 2 or row.alone(value):
        value, reason = row.spoil(rng)
        template, _ = _shape(rng, row, n)
        return shapes.place(template, None, value, f"spoilt {row.id}: {reason}")
    return shapes.place(rng.choice(_SILENT), None, value, f"{row.id} number of something else")


def _record(rng):
    """Fields close together: what one is called says nothing about the next."""
    rows = rng.sample([row for row in IDENTIFIERS.values() if row.id != "private_key"], 2)
    fields = [(rng.choice(_NAMES[row.id][1]), row, row.make(rng)) for row in rows]
    fields += [("ref", None, str(rng.randrange(10**8, 10**9))), ("n", None, str(rng.randrange(10**6, 10**9)))]
    rng.shuffle(fields)
    return shapes.written(fields, "record, close together")
