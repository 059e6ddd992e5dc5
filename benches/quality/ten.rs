// One rule each for what both scanners know: the ten of the speed run, here and in `dd`.
[
    "payment_card",
    "iban",
    "us_ssn",
    "us_npi",
    "us_aba_routing",
    "uk_nhs",
    "email",
    "ipv4",
    "aws_key",
    "jwt",
]
