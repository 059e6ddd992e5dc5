//! The integers of Avro and Protobuf: seven bits a byte, the lowest first.
//!
//! Owns: base-128 varints of 64 bits, and zigzag. Refuses: more than ten bytes. Stays true: nothing is
//! read past the end.

/// Bytes of the longest.
pub const BYTES_MAX: usize = 10;

/// The varint at `at`, and where it ends. None when it is cut short or longer than 64 bits.
#[inline]
pub fn read(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let mut value = 0u64;
    for (i, byte) in bytes.get(at..)?.iter().take(BYTES_MAX).enumerate() {
        let bits = u64::from(byte & 0x7f);
        if i == BYTES_MAX - 1 && bits > 1 {
            return None;
        }
        value |= bits << (7 * i);
        if byte & 0x80 == 0 {
            return Some((value, at + i + 1));
        }
    }
    None
}

/// Writes it in as few bytes as it takes.
pub fn push(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Bytes that [`push`] writes.
pub fn len(value: u64) -> usize {
    (u64::BITS - (value | 1).leading_zeros()).div_ceil(7) as usize
}

/// 0, -1, 1, -2 … from 0, 1, 2, 3 …
#[inline]
pub fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// 0, 1, 2, 3 … from 0, -1, 1, -2 …
pub fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_reads_back(value: u64, shift in 0..64u32) {
            let value = value >> shift;
            let mut out = vec![7];
            push(&mut out, value);
            prop_assert_eq!(read(&out, 1), Some((value, out.len())));
            prop_assert_eq!(len(value), out.len() - 1);
            prop_assert_eq!(zigzag(unzigzag(value)), value);
            prop_assert_eq!(read(&out[..out.len() - 1], 1), None);
        }
    }

    #[test]
    fn more_than_64_bits_are_refused() {
        assert_eq!(read(&[0xff; 12], 0), None);
        let mut most = [0xff; 10];
        most[9] = 1;
        assert_eq!(read(&most, 0), Some((u64::MAX, 10)));
        most[9] = 2;
        assert_eq!(read(&most, 0), None);
    }
}
