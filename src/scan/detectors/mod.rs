//! The identifiers, one file each, and the table of them.
//!
//! Owns: the built-in rows and their order. Refuses: anything two of them share; that lives in the
//! files above. Stays true: a row's index is its [`DetectorId`](crate::chunk::DetectorId) for the
//! life of the process and nowhere else: files and logs name detectors by name.

mod ca_sin;
mod iban;
mod payment_card;
mod uk_nhs;
mod uk_nino;
mod us_aba_routing;
mod us_dea;
mod us_ein;
mod us_itin;
mod us_mbi;
mod us_npi;
mod us_ssn;

mod aws_key;
mod aws_secret_key;
mod bank_account;
mod date_of_birth;
mod email;
mod gcp_key;
mod github_token;
mod ipv4;
mod ipv6;
mod jwt;
mod mrn;
mod passport;
mod phone;
mod private_key;
mod slack_token;

use super::detector::Detector;

/// Every built-in detector.
pub static DETECTORS: &[Detector] = &[
    us_ssn::DETECTOR,
    payment_card::DETECTOR,
    us_itin::DETECTOR,
    us_ein::DETECTOR,
    iban::DETECTOR,
    us_aba_routing::DETECTOR,
    us_npi::DETECTOR,
    uk_nhs::DETECTOR,
    ca_sin::DETECTOR,
    us_mbi::DETECTOR,
    uk_nino::DETECTOR,
    us_dea::DETECTOR,
    aws_key::DETECTOR,
    aws_secret_key::DETECTOR,
    gcp_key::DETECTOR,
    github_token::DETECTOR,
    slack_token::DETECTOR,
    private_key::DETECTOR,
    jwt::DETECTOR,
    email::DETECTOR,
    phone::DETECTOR,
    ipv4::DETECTOR,
    ipv6::DETECTOR,
    date_of_birth::DETECTOR,
    passport::DETECTOR,
    bank_account::DETECTOR,
    mrn::DETECTOR,
];
