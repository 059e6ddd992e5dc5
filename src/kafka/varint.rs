//! Unsigned varints: seven bits a byte, least significant first, until a byte without the top bit.
//!
//! Owns: reading them fast. Refuses: a varint longer than its type, by bytes or by bits. Stays true:
//! the fast path and the loop agree.
//!
//! A record is mostly varints of one to three bytes. Reading those without a loop, always inlined,
//! and the others out of line by value, so that a caller's position can live in a register, made
//! the walk over 1 MiB of 1 KiB records three times faster (25 to 7.6 µs; 9.3 with a mere hint to
//! inline, which also left the walk over fields at 21 instead of 12).

use super::reader::Malformed;

/// The varint of at most 5 bytes and 32 bits at `start`, and where it ends.
#[inline(always)]
pub(super) fn u32_at(bytes: &[u8], start: usize) -> Result<(u32, usize), Malformed> {
    if let Some(found) = short(bytes, start) {
        return Ok(found);
    }
    let (value, end) = long(bytes, start, 5)?;
    match u32::try_from(value) {
        Ok(value) => Ok((value, end)),
        Err(_) => Err(Malformed {
            what: "uvarint over 32 bits",
            at: start,
        }),
    }
}

/// The varint of at most 10 bytes and 64 bits at `start`, and where it ends.
#[inline(always)]
pub(super) fn u64_at(bytes: &[u8], start: usize) -> Result<(u64, usize), Malformed> {
    match short(bytes, start) {
        Some((value, end)) => Ok((value.into(), end)),
        None => long(bytes, start, 10),
    }
}

/// One to three bytes, unless the slice ends before a third.
#[inline(always)]
fn short(bytes: &[u8], start: usize) -> Option<(u32, usize)> {
    let [a, b, c] = bytes.get(start..)?.first_chunk::<3>()?.map(u32::from);
    if a < 0x80 {
        return Some((a, start + 1));
    }
    let low = a & 0x7f;
    if b < 0x80 {
        return Some((low | b << 7, start + 2));
    }
    let low = low | (b & 0x7f) << 7;
    (c < 0x80).then_some((low | c << 14, start + 3))
}

#[cold]
#[inline(never)]
fn long(bytes: &[u8], start: usize, max_bytes: usize) -> Result<(u64, usize), Malformed> {
    let fault = |what| Err(Malformed { what, at: start });
    let mut value: u64 = 0;
    for i in 0..max_bytes {
        let Some(&byte) = bytes.get(start + i) else {
            return fault("varint past the end");
        };
        if i == 9 && byte > 1 {
            break; // bits 64 and up
        }
        value |= u64::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            return Ok((value, start + i + 1));
        }
    }
    fault("varint too long")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn the_fast_path_agrees_with_the_loop(
            bytes in proptest::collection::vec(any::<u8>(), 0..12),
            start in 0usize..3,
        ) {
            let told = long(&bytes, start, 10);
            prop_assert_eq!(u64_at(&bytes, start), told);
            let in_32_bits = long(&bytes, start, 5).ok().filter(|(value, _)| *value >> 32 == 0);
            let found = u32_at(&bytes, start).ok();
            prop_assert_eq!(found.map(|(value, end)| (value.into(), end)), in_32_bits);
        }
    }
}
