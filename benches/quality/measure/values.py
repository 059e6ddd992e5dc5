"""Every identifier: valid values, spoilt ones, and the words people write beside them.

Owns: the table `IDENTIFIERS`. A value is drawn, never copied from a list, so no scanner can know it;
the rule of each is the issuer's (`field-notes/detection.md` and the comments in `numbers_*.py`).
Refuses: to decide whether a scanner should find a value; `shapes.py` puts it in a text and labels it.
Stays true: `make` gives values that the oracles of `oracle.py` accept, `spoil` values they reject.
"""

from dataclasses import dataclass
from typing import Callable

from . import numbers_money, numbers_people, strings_machines

EXACT = "exact"
CONTEXT = "context"


@dataclass(frozen=True)
class Identifier:
    """One row. `alone`: whether a value without any word beside it still says what it is, given the
    value, since some forms do (`123-45-6789`) and others do not (`123456789`)."""

    id: str
    group: str
    make: Callable
    spoil: Callable
    words: tuple
    fields: tuple
    alone: Callable


def _always(_value):
    return True


def _never(_value):
    return False


def _grouped(value):
    return not value.isdigit()


def _hyphened(value):
    return "-" in value


def _spaced(value):
    return " " in value


def _rows():
    money, people, machines = numbers_money, numbers_people, strings_machines
    row = Identifier
    # fmt: off
    return [
        row("payment_card", EXACT, money.card, money.not_card,
            ("card number", "credit card", "card", "debit card no.", "Visa card", "PAN"),
            ("card_number", "pan", "creditCard", "card_no", "payment_card"), _always),
        row("iban", EXACT, money.iban, money.not_iban,
            ("IBAN", "bank account", "IBAN number", "account"),
            ("iban", "beneficiary_iban", "ibanNumber", "account_iban"), _always),
        row("us_aba_routing", EXACT, money.routing, money.not_routing,
            ("routing number", "ABA number", "ABA routing number", "bank routing no."),
            ("routing_number", "aba", "routingNumber", "aba_routing"), _never),
        row("bank_account", CONTEXT, money.account, money.not_account,
            ("bank account number", "account number", "bank account", "account no."),
            ("account_number", "bank_account", "accountNumber", "bank_account_no"), _never),
        row("us_ssn", CONTEXT, people.ssn, people.not_ssn,
            ("SSN", "social security number", "social security no.", "Social Security Number"),
            ("ssn", "social_security_number", "customerSsn", "ssn_no"), _grouped),
        row("us_itin", CONTEXT, people.itin, people.not_itin,
            ("ITIN", "individual taxpayer identification number", "taxpayer ID (ITIN)"),
            ("itin", "taxpayer_itin", "itinNumber"), _grouped),
        row("us_ein", CONTEXT, people.ein, people.not_ein,
            ("EIN", "employer identification number", "federal tax ID", "FEIN"),
            ("ein", "employer_id_number", "employerEin", "fein"), _never),
        row("us_npi", EXACT, people.npi, people.not_npi,
            ("NPI", "NPI number", "national provider identifier"),
            ("npi", "provider_npi", "npiNumber"), _never),
        row("us_dea", EXACT, people.dea, people.not_dea,
            ("DEA number", "DEA", "DEA registration number", "DEA no."),
            ("dea_number", "dea", "prescriberDea"), _never),
        row("us_mbi", EXACT, people.mbi, people.not_mbi,
            ("MBI", "Medicare number", "Medicare beneficiary identifier", "Medicare ID"),
            ("mbi", "medicare_id", "medicareBeneficiaryId", "medicare_number"), _hyphened),
        row("uk_nhs", EXACT, people.nhs, people.not_nhs,
            ("NHS number", "NHS no.", "NHS"), ("nhs_number", "nhsNumber", "nhs_no"), _never),
        row("uk_nino", EXACT, people.nino, people.not_nino,
            ("National Insurance number", "NI number", "NINO", "national insurance no."),
            ("nino", "national_insurance_number", "niNumber"), _spaced),
        row("ca_sin", EXACT, people.sin, people.not_sin,
            ("SIN", "social insurance number", "Social Insurance No."),
            ("sin", "social_insurance_number", "employeeSin"), _never),
        row("passport", CONTEXT, people.passport, people.not_passport,
            ("passport number", "passport", "passport no.", "Passport No"),
            ("passport_number", "passport", "passportNo", "passport_id"), _never),
        row("mrn", CONTEXT, people.mrn, people.not_mrn,
            ("MRN", "medical record number", "patient MRN", "medical record no."),
            ("mrn", "medical_record_number", "patientMrn"), _never),
        row("date_of_birth", CONTEXT, people.birth, people.not_birth,
            ("date of birth", "DOB", "birth date", "birthday", "born on"),
            ("dob", "date_of_birth", "birthDate", "birth_date"), _never),
        row("phone", CONTEXT, people.phone, people.not_phone,
            ("phone number", "phone", "mobile", "cell", "telephone", "call me at"),
            ("phone", "phone_number", "mobile", "contactPhone", "tel"), _grouped),
        row("email", EXACT, machines.email, machines.not_email,
            ("e-mail", "email", "email address", "mail"),
            ("email", "contact_email", "emailAddress"), _always),
        row("ipv4", EXACT, machines.ipv4, machines.not_ipv4,
            ("IP address", "client IP", "host", "server"),
            ("ip", "client_ip", "remoteAddr", "src_ip"), _always),
        row("ipv6", EXACT, machines.ipv6, machines.not_ipv6,
            ("IPv6 address", "client IP", "host", "server"),
            ("ip", "client_ip", "remoteAddr", "src_ip6"), _always),
        row("aws_key", EXACT, machines.aws_key, machines.not_aws_key,
            ("AWS access key", "access key ID", "aws key"),
            ("aws_access_key_id", "accessKeyId", "aws_key"), _always),
        row("aws_secret_key", CONTEXT, machines.aws_secret_key, machines.not_aws_secret_key,
            ("AWS secret access key", "aws secret key", "secret access key"),
            ("aws_secret_access_key", "secretAccessKey", "aws_secret_key"), _never),
        row("gcp_key", EXACT, machines.gcp_key, machines.not_gcp_key,
            ("Google API key", "GCP key", "api key"),
            ("google_api_key", "apiKey", "gcp_key"), _always),
        row("github_token", EXACT, machines.github_token, machines.not_github_token,
            ("GitHub token", "access token", "token"),
            ("github_token", "token", "gh_pat"), _always),
        row("slack_token", EXACT, machines.slack_token, machines.not_slack_token,
            ("Slack token", "bot token", "token"),
            ("slack_token", "SLACK_BOT_TOKEN", "token"), _always),
        row("jwt", EXACT, machines.jwt, machines.not_jwt,
            ("bearer token", "JWT", "id token", "session"),
            ("id_token", "jwt", "authorization", "accessToken"), _always),
        row("private_key", EXACT, machines.private_key, machines.not_private_key,
            ("private key", "signing key", "key"),
            ("private_key", "signingKey", "tls_key"), _always),
    ]
    # fmt: on


IDENTIFIERS = {row.id: row for row in _rows()}
