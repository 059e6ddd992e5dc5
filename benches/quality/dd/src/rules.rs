//! The rules the peer is given, one table.
//!
//! Owns: a pattern, a validator and keywords for each identifier the peer's published library names.
//! Refuses: identifiers that library has no rule for (date of birth, record number, bank account,
//! phone, Medicare number). Stays true: the crate ships the engine, the validators and no rules; its
//! hosted library shows rule names and default keywords. So the shapes here are written from the
//! issuers' own definitions, the validator is the crate's, the keywords are those the library page
//! lists, and where the page lists none the rule has none, or the word the rule is named for.

use dd_sds::SecondaryValidator as Check;

/// One rule of the peer.
pub struct Rule {
    /// The identifier, under the name Lockgate gives it.
    pub detector: &'static str,
    /// Its regular expression.
    pub pattern: String,
    /// What a match must pass besides.
    pub check: Option<Check>,
    /// One of these must stand within 30 characters before the match; none means no need.
    pub keywords: &'static [&'static str],
}

const CARD: &[&str] = &[
    "account number",
    "amex",
    "american express",
    "bank card",
    "card",
    "card num",
    "card number",
    "cc #",
    "ccn",
    "check card",
    "credit",
    "credit card#",
    "debit",
    "debit card",
    "diners club",
    "discover",
    "jcb",
    "mastercard",
    "mc",
    "pan",
    "payment account number",
    "payment card number",
    "pcn",
    "visa",
];
const IBAN: &[&str] = &[
    "account code",
    "account number",
    "bank account",
    "bank acct",
    "bban",
    "checking account",
    "customer account id",
    "customer account number",
    "customer bank account id",
    "deposit account",
    "iban",
    "savings account",
    "sepa",
];

/// Countries that issue IBANs and the length of theirs (ISO 13616, the SWIFT registry).
const IBAN_LENGTHS: &str = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 \
    CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 \
    IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 \
    MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 \
    TL23 TN24 TR26 UA29 VA22 VG24 XK20";

fn iban_pattern() -> String {
    let country = |entry: &str| {
        let (code, length) = entry.split_at(2);
        let rest = length.parse::<usize>().expect("a length in the table") - 4;
        let tail = match rest % 4 {
            0 => String::new(),
            n => format!("[ -]?[A-Z0-9]{{{n}}}"),
        };
        format!(r"{code}\d\d(?:[ -]?[A-Z0-9]{{4}}){{{}}}{tail}", rest / 4)
    };
    let all: Vec<_> = IBAN_LENGTHS.split_whitespace().map(country).collect();
    format!(r"\b(?:{})\b", all.join("|"))
}

/// Each card network, whole and in the groupings it prints.
fn card_patterns() -> Vec<String> {
    const GAP: &str = "[ ,.-]";
    let sixteen = [
        "4[0-9]{3}",
        "(?:5[1-5][0-9]{2}|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)",
        "(?:6011|622[1-9]|64[4-9][0-9]|65[0-9]{2})",
        "35(?:2[89]|[3-8][0-9])",
        "(?:5[06-9][0-9]{2}|6[37][0-9]{2})",
    ];
    let mut all: Vec<String> = sixteen
        .iter()
        .flat_map(|head| {
            [
                format!(r"\b{head}[0-9]{{12}}\b"),
                format!(r"\b{head}(?:{GAP}[0-9]{{4}}){{3}}\b"),
                format!(r"\b{head}[0-9]{{4}}{GAP}[0-9]{{8}}\b"),
            ]
        })
        .collect();
    all.push(r"\b4[0-9]{18}\b".to_owned());
    for (head, middle, last) in [
        ("3[47][0-9]{2}", 6, 5),
        ("3(?:0[0-5]|[689][0-9])[0-9]", 6, 4),
    ] {
        all.push(format!(r"\b{head}[0-9]{{{}}}\b", middle + last));
        all.push(format!(
            r"\b{head}{GAP}[0-9]{{{middle}}}{GAP}[0-9]{{{last}}}\b"
        ));
    }
    all
}

fn rule(
    detector: &'static str,
    pattern: &str,
    check: Option<Check>,
    keywords: &'static [&'static str],
) -> Rule {
    Rule {
        detector,
        pattern: pattern.to_owned(),
        check,
        keywords,
    }
}

/// Every rule: people's identifiers, then what machines use.
pub fn all() -> Vec<Rule> {
    let mut rules: Vec<Rule> = card_patterns()
        .iter()
        .map(|pattern| rule("payment_card", pattern, Some(Check::LuhnChecksum), CARD))
        .collect();
    rules.push(rule(
        "iban",
        &iban_pattern(),
        Some(Check::IbanChecker),
        IBAN,
    ));
    rules.extend(north_american());
    rules.extend(elsewhere());
    rules.extend(of_machines());
    rules
}

fn north_american() -> Vec<Rule> {
    let area = "(?:00[1-9]|0[1-9][0-9]|[1-57][0-9]{2}|6[0-57-9][0-9]|66[0-57-9]|8[0-9]{2})";
    let itin = "(?:5[0-9]|6[0-5]|7[0-9]|8[0-8]|9[0-24-9])";
    let ssn = |gap: &str| format!(r"\b{area}{gap}[0-9]{{2}}{gap}[0-9]{{4}}\b");
    let itin = |gap: &str| format!(r"\b9[0-9]{{2}}{gap}{itin}{gap}[0-9]{{4}}\b");
    let mut rules = Vec::new();
    for gap in ["", "-", " "] {
        rules.push(rule("us_ssn", &ssn(gap), None, &["ssn", "social security"]));
        rules.push(rule(
            "us_itin",
            &itin(gap),
            None,
            &["i.t.i.n.", "individual taxpayer", "itin"],
        ));
    }
    rules.extend([
        rule(
            "us_ein",
            r"\b[0-9]{2}-[0-9]{7}\b",
            None,
            &[
                "ein",
                "fein",
                "employer id",
                "employer identification",
                "federal tax",
                "tax identification",
                "tax id",
            ],
        ),
        rule(
            "us_aba_routing",
            r"\b[0-9]{9}\b",
            Some(Check::AbaRtnChecksum),
            &["aba", "routing", "rtn", "transit number"],
        ),
        rule(
            "us_npi",
            r"\b[12][0-9]{9}\b",
            Some(Check::UsNpiChecksum),
            &["npi", "national provider"],
        ),
        rule(
            "us_dea",
            r"\b[A-Z][A-Z9][0-9]{7}\b",
            Some(Check::UsDeaChecksum),
            &["dea", "drug enforcement"],
        ),
        rule(
            "ca_sin",
            r"\b[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{3}\b",
            Some(Check::LuhnChecksum),
            &["sin", "social insurance"],
        ),
        rule(
            "passport",
            r"\b(?:[0-9]{9}|[A-Z][0-9]{8})\b",
            None,
            &["passport"],
        ),
    ]);
    rules
}

fn elsewhere() -> Vec<Rule> {
    vec![
        rule(
            "uk_nhs",
            r"\b[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}\b",
            Some(Check::NhsCheckDigit),
            &["national health number", "nhs"],
        ),
        rule(
            "uk_nino",
            r"(?i)\b[A-Z]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]\b",
            Some(Check::UkNinoFormatCheck),
            &[
                "national insurance",
                "nin",
                "nino",
                "ni number",
                "insurance number",
            ],
        ),
    ]
}

fn of_machines() -> Vec<Rule> {
    let octet = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
    let h = "[0-9a-fA-F]{1,4}";
    // Leftmost-first: the longest forms stand first, so that none stops short of another.
    let v6 = [
        format!(r"\b(?:{h}:){{7}}{h}\b"),
        format!(r"\b{h}(?::{h}){{0,5}}::{h}(?::{h}){{0,5}}\b"),
        format!(r"::{h}(?::{h}){{1,6}}\b"),
        format!(r"\b{h}(?::{h}){{0,6}}::"),
    ]
    .join("|");
    vec![
        rule(
            "email",
            r"\b[A-Za-z0-9._%+'-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,24}\b",
            None,
            &[],
        ),
        rule(
            "ipv4",
            &format!(r"\b(?:{octet}\.){{3}}{octet}\b"),
            None,
            &[],
        ),
        rule("ipv6", &v6, None, &[]),
        rule(
            "aws_key",
            r"\b(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA|AGPA|AIDA|AROA|AIPA|ANPA|ANVA)[0-9A-Z]{16}\b",
            None,
            &[
                "aws_access_key_id",
                "access key",
                "aws access",
                "x-amz-credential",
            ],
        ),
        rule(
            "gcp_key",
            r"\bAIza[0-9A-Za-z_-]{35}",
            None,
            &[
                "g_places_key",
                "gcp api key",
                "gcp key",
                "google cloud key",
                "google-api-key",
                "google-cloud-apikeys",
                "googlekey",
                "x-goog-api-key",
            ],
        ),
        rule(
            "github_token",
            r"\bgh[opsu]_[0-9a-zA-Z]{36}\b",
            None,
            &["github", "access", "token"],
        ),
        rule(
            "slack_token",
            r"\bxox[abposr]-[0-9a-zA-Z-]{10,72}\b",
            None,
            &["slack", "access", "token"],
        ),
        rule(
            "jwt",
            r"\beyJ[0-9A-Za-z_-]+\.eyJ[0-9A-Za-z_-]+\.[0-9A-Za-z_-]*",
            None,
            &[],
        ),
        rule(
            "private_key",
            "-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----",
            None,
            &[],
        ),
    ]
}
