//! The countries that have international bank account numbers, and the structure of theirs.
//!
//! Owns: SWIFT's IBAN Registry, release 101, as a table, and a second of countries whose banks use such
//! numbers without having registered a structure. Refuses: check digits. Stays true: each table ascends
//! by country, so that one is found by halving.

/// Country, and the structure of its accounts: so many `n` digits, `a` letters or `c` of either. By
/// country, ascending.
#[rustfmt::skip]
pub(super) const COUNTRIES: &[(&[u8; 2], &str)] = &[
    (b"AD", "8n12c"), (b"AE", "19n"), (b"AL", "8n16c"), (b"AT", "16n"), (b"AZ", "4a20c"), (b"BA", "16n"),
    (b"BE", "12n"), (b"BG", "4a6n8c"), (b"BH", "4a14c"), (b"BI", "23n"), (b"BR", "23n1a1c"),
    (b"BY", "4c4n16c"), (b"CH", "5n12c"), (b"CR", "18n"), (b"CY", "8n16c"), (b"CZ", "20n"), (b"DE", "18n"),
    (b"DJ", "23n"), (b"DK", "14n"), (b"DO", "4c20n"), (b"EE", "16n"), (b"EG", "25n"), (b"ES", "20n"),
    (b"FI", "14n"), (b"FK", "2a12n"), (b"FO", "14n"), (b"FR", "10n11c2n"), (b"GB", "4a14n"),
    (b"GE", "2a16n"), (b"GI", "4a15c"), (b"GL", "14n"), (b"GR", "7n16c"), (b"GT", "24c"), (b"HN", "4a20n"),
    (b"HR", "17n"), (b"HU", "24n"), (b"IE", "4a14n"), (b"IL", "19n"), (b"IQ", "4a15n"), (b"IS", "22n"),
    (b"IT", "1a10n12c"), (b"JO", "4a4n18c"), (b"KW", "4a22c"), (b"KZ", "3n13c"), (b"LB", "4n20c"),
    (b"LC", "4a24c"), (b"LI", "5n12c"), (b"LT", "16n"), (b"LU", "3n13c"), (b"LV", "4a13c"), (b"LY", "21n"),
    (b"MC", "10n11c2n"), (b"MD", "20c"), (b"ME", "18n"), (b"MK", "3n10c2n"), (b"MN", "16n"), (b"MR", "23n"),
    (b"MT", "4a5n18c"), (b"MU", "4a19n3a"), (b"NI", "4a20n"), (b"NL", "4a10n"), (b"NO", "11n"),
    (b"OM", "3n16c"), (b"PK", "4a16c"), (b"PL", "24n"), (b"PS", "4a21c"), (b"PT", "21n"), (b"QA", "4a21c"),
    (b"RO", "4a16c"), (b"RS", "18n"), (b"RU", "14n15c"), (b"SA", "2n18c"), (b"SC", "4a20n3a"),
    (b"SD", "14n"), (b"SE", "20n"), (b"SI", "15n"), (b"SK", "20n"), (b"SM", "1a10n12c"), (b"SO", "19n"),
    (b"ST", "21n"), (b"SV", "4a20n"), (b"TL", "19n"), (b"TN", "20n"), (b"TR", "6n16c"), (b"UA", "6n19c"),
    (b"VA", "18n"), (b"VG", "4a16n"), (b"XK", "16n"), (b"YE", "4a4n18c"),
];

/// Countries that are not in the registry, in the same way, as their banks print the numbers.
#[rustfmt::skip]
pub(super) const UNREGISTERED: &[(&[u8; 2], &str)] = &[
    (b"AO", "21n"), (b"BF", "2c22n"), (b"BJ", "2c22n"), (b"CF", "23n"), (b"CG", "23n"), (b"CI", "2c22n"),
    (b"CM", "23n"), (b"CV", "21n"), (b"DZ", "22n"), (b"GA", "23n"), (b"GQ", "23n"), (b"GW", "2c19n"),
    (b"IR", "22n"), (b"KM", "23n"), (b"MA", "24n"), (b"MG", "23n"), (b"ML", "2c22n"), (b"MZ", "21n"),
    (b"NE", "2c22n"), (b"SN", "2c22n"), (b"TD", "23n"), (b"TG", "2c22n"),
];

/// The structure of the accounts of a country, given in upper case.
pub(super) fn structure(country: &[u8]) -> Option<&'static str> {
    [COUNTRIES, UNREGISTERED].into_iter().find_map(|table| {
        let row = table.binary_search_by(|(name, _)| name.as_slice().cmp(country));
        table.get(row.ok()?).map(|(_, structure)| *structure)
    })
}

/// The runs of a structure: `8n12c` is eight digits, then twelve of either.
pub(super) fn runs(structure: &str) -> impl Iterator<Item = (usize, u8)> + '_ {
    structure
        .split_inclusive(|kind: char| kind.is_ascii_lowercase())
        .filter_map(|run| {
            let (count, kind) = run.split_at_checked(run.len().checked_sub(1)?)?;
            Some((count.parse().ok()?, *kind.as_bytes().first()?))
        })
}

/// Characters of an account.
pub(super) fn len_of(structure: &str) -> usize {
    runs(structure).map(|(count, _)| count).sum::<usize>()
}

/// Whether the account, country and check digits left off, is made so.
pub(super) fn has_structure(mut account: &[u8], structure: &str) -> bool {
    for (count, kind) in runs(structure) {
        let Some((run, rest)) = account.split_at_checked(count) else {
            return false;
        };
        let fits = match kind {
            b'n' => run.iter().all(u8::is_ascii_digit),
            b'a' => run.iter().all(u8::is_ascii_alphabetic),
            _ => run.iter().all(u8::is_ascii_alphanumeric),
        };
        if !fits {
            return false;
        }
        account = rest;
    }
    account.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_within_bounds() {
        assert_eq!(COUNTRIES.len(), 89);
        assert_eq!(UNREGISTERED.len(), 22);
        assert!(
            [COUNTRIES, UNREGISTERED]
                .iter()
                .all(|table| table.is_sorted_by(|a, b| a.0 < b.0))
        );
        assert!(
            !UNREGISTERED
                .iter()
                .any(|(name, _)| COUNTRIES.iter().any(|row| row.0 == *name))
        );
        for (name, structure) in COUNTRIES.iter().chain(UNREGISTERED) {
            let written: String = runs(structure)
                .map(|(count, kind)| format!("{count}{}", char::from(kind)))
                .collect();
            assert_eq!(written, *structure, "{name:?}");
            assert!((11..=29).contains(&len_of(structure)), "{name:?}");
            assert!(
                runs(structure).all(|(_, kind)| b"nac".contains(&kind)),
                "{name:?}"
            );
        }
    }
}
