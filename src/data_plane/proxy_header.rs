//! The PROXY protocol's binary header, version 2: where a connection really comes from.
//!
//! Owns: reading the header that a load balancer puts before the first byte of a connection
//! (HAProxy's `proxy-protocol.txt`, §2.2). Refuses: the text form of version 1, what the text
//! reserves, a header longer than `PROXY_HEADER_BYTES_MAX`, a checksum that does not match. Stays
//! true: it is a pure function of bytes, it says how many belong to the header and touches no
//! other, and an address is believed only on a listener that always expects one.

use crate::limits::PROXY_HEADER_BYTES_MAX;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// What every header begins with; no Kafka frame (218 MB) and no TLS record does.
pub const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// Signature, version and command, family, and the length of the rest.
pub const FIXED_BYTES: usize = SIGNATURE.len() + 4;

/// Type, and length of the value.
const TLV_BYTES: usize = 3;
/// A CRC-32C of the whole header, itself taken as zeros.
const TLV_CRC32C: u8 = 0x03;

/// Where a connection comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The proxy speaks for this client.
    Client(SocketAddr),
    /// The proxy speaks for itself (a health check), or does not know for whom: the address of the
    /// connection counts.
    Connection,
}

/// Why a connection cannot be one that a proxy made. It is closed: its address would be a guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadHeader {
    /// It begins with something else.
    #[error("no PROXY protocol v2 header where the listener demands one")]
    Missing,
    /// The version is not 2, or the command is neither LOCAL nor PROXY.
    #[error("PROXY header of a version or command that is not defined ({0:#04x})")]
    Command(u8),
    /// Family or transport are not defined.
    #[error("PROXY header of a family that is not defined ({0:#04x})")]
    Family(u8),
    /// It claims to be longer than is sensible.
    #[error("PROXY header of {0} bytes, more than {PROXY_HEADER_BYTES_MAX}")]
    TooLong(usize),
    /// The addresses or extensions do not fit into the length that it states.
    #[error("PROXY header whose parts do not fit into its length")]
    Short,
    /// The checksum says that it was changed on the way.
    #[error("PROXY header whose checksum does not match")]
    Checksum,
}

/// Reads the header that `bytes` begins with: whom it names and how many bytes it has. `None`: it
/// goes on past the end of `bytes`.
pub fn parse(bytes: &[u8]) -> Result<Option<(Source, usize)>, BadHeader> {
    let Some(whole) = length(bytes)? else {
        return Ok(None);
    };
    let Some(header) = bytes.get(..whole) else {
        return Ok(None);
    };
    let (command, family) = (header[SIGNATURE.len()] & 0xf, header[SIGNATURE.len() + 1]);
    let body = header.get(FIXED_BYTES..).ok_or(BadHeader::Short)?;
    let source = match (command, family) {
        // LOCAL: "discard the protocol block including the family"
        (0, _) => Source::Connection,
        (_, 0x11 | 0x12) => {
            let (address, rest) = body.split_at_checked(12).ok_or(BadHeader::Short)?;
            check_extensions(header, rest)?;
            named(family, Ipv4Addr::from(be(address)?).into(), &address[8..])?
        }
        (_, 0x21 | 0x22) => {
            let (address, rest) = body.split_at_checked(36).ok_or(BadHeader::Short)?;
            check_extensions(header, rest)?;
            named(family, Ipv6Addr::from(be(address)?).into(), &address[32..])?
        }
        _ => Source::Connection,
    };
    Ok(Some((source, whole)))
}

/// The length of the header that `bytes` begins with, as soon as they say it.
pub fn length(bytes: &[u8]) -> Result<Option<usize>, BadHeader> {
    let seen = bytes.len().min(SIGNATURE.len());
    if bytes[..seen] != SIGNATURE[..seen] {
        return Err(BadHeader::Missing);
    }
    let Some(&[command, family, high, low]) = bytes
        .get(SIGNATURE.len()..FIXED_BYTES)
        .and_then(|fixed| fixed.first_chunk())
    else {
        return Ok(None);
    };
    if !matches!(command, 0x20 | 0x21) {
        return Err(BadHeader::Command(command));
    }
    // families: none, IPv4, IPv6, UNIX; transports: none, stream, datagram
    if command == 0x21 && (family >> 4 > 3 || family & 0xf > 2) {
        return Err(BadHeader::Family(family));
    }
    let whole = FIXED_BYTES + usize::from(u16::from_be_bytes([high, low]));
    if whole > PROXY_HEADER_BYTES_MAX {
        return Err(BadHeader::TooLong(whole));
    }
    Ok(Some(whole))
}

/// Only TCP speaks for itself here; the text lets a receiver take what it does not handle for
/// unknown.
fn named(family: u8, ip: IpAddr, ports: &[u8]) -> Result<Source, BadHeader> {
    if family & 0xf != 1 {
        return Ok(Source::Connection);
    }
    let port = u16::from_be_bytes(be(ports)?);
    // an IPv4 client behind a dual-stack proxy is that client, not `::ffff:…`
    Ok(Source::Client(SocketAddr::new(ip.to_canonical(), port)))
}

fn be<const N: usize>(bytes: &[u8]) -> Result<[u8; N], BadHeader> {
    bytes.first_chunk().copied().ok_or(BadHeader::Short)
}

/// Walks the type-length-value extensions: they must fill `rest`, and a checksum must match.
fn check_extensions(header: &[u8], mut rest: &[u8]) -> Result<(), BadHeader> {
    while !rest.is_empty() {
        let [kind, high, low] = be(rest)?;
        let length = usize::from(u16::from_be_bytes([high, low]));
        let at = header.len() - rest.len() + TLV_BYTES;
        let value = rest.get(TLV_BYTES..TLV_BYTES + length);
        let value = value.ok_or(BadHeader::Short)?;
        if kind == TLV_CRC32C && u32::from_be_bytes(be(value)?) != checksum(header, at) {
            return Err(BadHeader::Checksum);
        }
        rest = &rest[TLV_BYTES + length..];
    }
    Ok(())
}

/// The CRC-32C of a header whose checksum lies at `at`.
fn checksum(header: &[u8], at: usize) -> u32 {
    let mut digest = crc_fast::Digest::new(crc_fast::CrcAlgorithm::Crc32Iscsi);
    digest.update(&header[..at]);
    digest.update(&[0; 4]);
    digest.update(&header[at + 4..]);
    digest.finalize() as u32
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    /// A header as a proxy would make it, with a checksum over everything.
    fn header(client: SocketAddr, extensions: &[(u8, Vec<u8>)]) -> Vec<u8> {
        let mut body = Vec::new();
        match client.ip() {
            IpAddr::V4(ip) => body.extend([ip.octets(), [10, 0, 0, 1]].concat()),
            IpAddr::V6(ip) => body.extend([ip.octets(), [7; 16]].concat()),
        }
        body.extend(client.port().to_be_bytes());
        body.extend(9092u16.to_be_bytes());
        for (kind, value) in extensions {
            body.push(*kind);
            body.extend((value.len() as u16).to_be_bytes());
            body.extend(value);
        }
        body.extend([TLV_CRC32C, 0, 4, 0, 0, 0, 0]);
        let family = if client.is_ipv4() { 0x11 } else { 0x21 };
        let mut all = fixed(0x21, family, body.len() as u16);
        all.extend(body);
        let at = all.len() - 4;
        let sum = crc_fast::crc32_iscsi(&all);
        all[at..].copy_from_slice(&sum.to_be_bytes());
        all
    }

    fn fixed(command: u8, family: u8, length: u16) -> Vec<u8> {
        let mut all = SIGNATURE.to_vec();
        all.extend([command, family]);
        all.extend(length.to_be_bytes());
        all
    }

    fn client() -> impl Strategy<Value = SocketAddr> {
        (any::<IpAddr>(), any::<u16>()).prop_map(|(ip, port)| SocketAddr::new(ip, port))
    }

    fn extensions() -> impl Strategy<Value = Vec<(u8, Vec<u8>)>> {
        let one = (0x20u8..0x40, prop::collection::vec(any::<u8>(), 0..40));
        prop::collection::vec(one, 0..4)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn a_header_is_read_whole_and_nothing_behind_it(
            client in client(), extensions in extensions(), behind in prop::collection::vec(any::<u8>(), 0..20)
        ) {
            let header = header(client, &extensions);
            let whole = header.len();
            for cut in 0..whole {
                prop_assert_eq!(parse(&header[..cut]), Ok(None), "cut at {}", cut);
            }
            let bytes = [header, behind].concat();
            let wanted = SocketAddr::new(client.ip().to_canonical(), client.port());
            prop_assert_eq!(parse(&bytes), Ok(Some((Source::Client(wanted), whole))));
        }

        #[test]
        fn no_flipped_bit_gives_another_address(
            client in client(), extensions in extensions(), at in any::<prop::sample::Index>(), bit in 0..8u32
        ) {
            let right = header(client, &extensions);
            let mut wrong = right.clone();
            wrong[at.index(right.len())] ^= 1u8 << bit;
            // a flip elsewhere may be let by; one in the address never is
            if let Ok(Some((Source::Client(named), _))) = parse(&wrong) {
                prop_assert_eq!(named, SocketAddr::new(client.ip().to_canonical(), client.port()));
            }
        }

        #[test]
        fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let crafted = [SIGNATURE.to_vec(), bytes.clone()].concat();
            for bytes in [bytes, crafted] {
                if let Ok(Some((_, whole))) = parse(&bytes) {
                    prop_assert!((FIXED_BYTES..=bytes.len()).contains(&whole));
                }
            }
        }
    }

    #[test]
    fn a_health_check_and_an_unknown_client_count_as_the_connection() {
        for (command, family, body) in [
            (0x20, 0x00, 0),
            (0x20, 0xff, 5),
            (0x21, 0x00, 7),
            (0x21, 0x31, 216),
            (0x21, 0x12, 12),
        ] {
            let mut bytes = fixed(command, family, body);
            bytes.extend(vec![0; usize::from(body)]);
            let whole = bytes.len();
            assert_eq!(
                parse(&bytes),
                Ok(Some((Source::Connection, whole))),
                "{command:#x} {family:#x}"
            );
        }
    }

    #[test]
    fn what_is_no_header_is_refused_at_the_first_byte_that_says_so() {
        assert_eq!(parse(b"\x16\x03\x01"), Err(BadHeader::Missing));
        assert_eq!(parse(b"\r\n\r\nX"), Err(BadHeader::Missing));
        assert_eq!(parse(b"PROXY TCP4 1.2.3.4"), Err(BadHeader::Missing));
        assert_eq!(parse(&fixed(0x11, 0x11, 12)), Err(BadHeader::Command(0x11)));
        assert_eq!(parse(&fixed(0x22, 0x11, 12)), Err(BadHeader::Command(0x22)));
        assert_eq!(parse(&fixed(0x21, 0x41, 12)), Err(BadHeader::Family(0x41)));
        assert_eq!(parse(&fixed(0x21, 0x13, 12)), Err(BadHeader::Family(0x13)));
        let long = parse(&fixed(0x21, 0x11, u16::MAX));
        assert_eq!(long, Err(BadHeader::TooLong(FIXED_BYTES + 65_535)));
        let mut short = fixed(0x21, 0x21, 35);
        short.extend([0; 35]);
        assert_eq!(parse(&short), Err(BadHeader::Short));
        let mut overlong = fixed(0x21, 0x11, 16);
        overlong.extend([[0; 12].as_slice(), &[4, 0, 2, 0]].concat());
        assert_eq!(parse(&overlong), Err(BadHeader::Short));
    }
}
