//! Could one of hundreds of words begin here? Four bytes decide.
//!
//! Owns: the tables that the kernels look bytes up in, 16 entries for each half of a byte, eight
//! buckets to an entry (the idea of Teddy, from Intel's Hyperscan). Refuses: to be exact; `words` and the
//! literals' own text are, for the few places left. Stays true: a place where a word or literal of
//! the vocabulary begins always gets its bit.
//!
//! Bytes are looked up folded: bit 5 set, which makes small letters of capitals, and bit 7 clear, which
//! makes every byte one that a shuffle can look up. Buckets 0–6 are keywords, bucket 7 literals.

/// Bytes of a word that are looked at.
pub(in crate::scan) const BYTES: usize = 4;
/// Buckets of keywords.
pub(super) const WORDS: u8 = 0b0111_1111;
/// The bucket of literals.
pub(super) const LITERALS: u8 = 0b1000_0000;

const WORD_BUCKETS: usize = 7;

/// A byte as it is looked up.
pub(super) fn fold(byte: u8) -> u8 {
    (byte & 0x7f) | 0x20
}

/// The tables.
#[derive(Clone, Debug)]
pub(in crate::scan) struct Fingerprint {
    /// By position and low half of the byte: the buckets that allow it.
    pub(super) low: [[u8; 16]; BYTES],
    /// By position and high half.
    pub(super) high: [[u8; 16]; BYTES],
}

impl Fingerprint {
    /// For these keywords (a space is optional: `words`) and literals.
    pub(in crate::scan) fn new<'a>(
        words: impl Iterator<Item = &'a [u8]>,
        literals: impl Iterator<Item = &'a [u8]>,
    ) -> Fingerprint {
        let mut tables = Fingerprint {
            low: [[0; 16]; BYTES],
            high: [[0; 16]; BYTES],
        };
        let mut words: Vec<&[u8]> = words.collect();
        words.sort_unstable();
        words.dedup();
        // Neighbours in the alphabet share beginnings, so a bucket of neighbours allows little else.
        let each = words.len().div_ceil(WORD_BUCKETS).max(1);
        for (bucket, group) in words.chunks(each).enumerate() {
            for word in group {
                for spelling in spellings(word) {
                    tables.add(1 << bucket, &spelling);
                }
            }
        }
        literals.for_each(|text| tables.add(LITERALS, text));
        tables
    }

    fn add(&mut self, bucket: u8, text: &[u8]) {
        for at in 0..BYTES {
            match text.get(at) {
                Some(byte) => {
                    let folded = fold(*byte);
                    self.low[at][usize::from(folded & 15)] |= bucket;
                    self.high[at][usize::from(folded >> 4)] |= bucket;
                }
                // Shorter than the print: anything may follow.
                None => {
                    self.low[at].iter_mut().for_each(|entry| *entry |= bucket);
                    self.high[at].iter_mut().for_each(|entry| *entry |= bucket);
                }
            }
        }
    }

    /// The buckets whose words may begin with these bytes; missing ones count as NUL.
    pub(super) fn buckets(&self, text: &[u8]) -> u8 {
        (0..BYTES).fold(u8::MAX, |buckets, at| {
            let folded = fold(text.get(at).copied().unwrap_or(0));
            buckets
                & self.low[at][usize::from(folded & 15)]
                & self.high[at][usize::from(folded >> 4)]
        })
    }
}

/// A keyword's beginnings: with each separator, or none, where it has a space.
fn spellings(word: &[u8]) -> Vec<Vec<u8>> {
    let mut all = vec![Vec::new()];
    for byte in word {
        let grown = all.into_iter().flat_map(|head: Vec<u8>| {
            let next: &[&[u8]] = match byte {
                _ if head.len() >= BYTES => &[&[]],
                b' ' => &[b"", b" ", b"_", b"-", b"."],
                _ => &[std::slice::from_ref(byte)],
            };
            next.iter()
                .map(move |tail| [&head[..], tail].concat())
                .collect::<Vec<_>>()
        });
        all = grown.collect();
    }
    all
}
