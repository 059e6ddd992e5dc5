//! The sockets that a file asks for.
//!
//! Owns: the rule that no two of them are the same. Refuses: a port that an earlier socket has, on
//! the same address or where one of the two stands for every address of the machine. Stays true:
//! what is told apart here can be bound at the same time.

use super::checker::Checker;
use super::fault::Place;
use std::net::IpAddr;
use std::ops::RangeInclusive;

/// All sockets so far, of clients and of HTTP alike. At most two for each of
/// `CLUSTERS_MAX × LISTENERS_PER_CLUSTER_MAX` listeners and two for HTTP, so that comparing every
/// pair is cheap.
#[derive(Default)]
pub(super) struct Sockets {
    claimed: Vec<Claim>,
}

struct Claim {
    place: Place,
    who: String,
    ip: IpAddr,
    ports: RangeInclusive<u16>,
}

impl Sockets {
    /// Notes sockets for `who`; a fault at `place` if another has one of them.
    pub(super) fn claim(
        &mut self,
        c: &mut Checker<'_>,
        place: Place,
        who: String,
        ip: IpAddr,
        ports: RangeInclusive<u16>,
    ) {
        let ip = ip.to_canonical();
        let taken = self.claimed.iter().find_map(|earlier| {
            let port = shared(&earlier.ports, &ports)?;
            meet(earlier.ip, ip).then_some((port, earlier))
        });
        if let Some((port, earlier)) = taken {
            let what = format!(
                "{who}: port {port} belongs to {} (line {})",
                earlier.who, earlier.place.line
            );
            c.fault(place, what, "a port that nothing else listens on");
        }
        self.claimed.push(Claim {
            place,
            who,
            ip,
            ports,
        });
    }
}

/// The first port of both.
fn shared(a: &RangeInclusive<u16>, b: &RangeInclusive<u16>) -> Option<u16> {
    let first = *a.start().max(b.start());
    (first <= *a.end().min(b.end())).then_some(first)
}

/// Whether one port on both addresses is one socket. `::` takes IPv4 as well, as Linux has it.
fn meet(a: IpAddr, b: IpAddr) -> bool {
    let every = |ip: IpAddr, other: IpAddr| match ip {
        IpAddr::V6(v6) => v6.is_unspecified(),
        IpAddr::V4(v4) => v4.is_unspecified() && other.is_ipv4(),
    };
    a == b || every(a, b) || every(b, a)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_address_for_all_meets_every_address_of_its_kind() {
        let meet = |a: &str, b: &str| {
            let (a, b) = (a.parse().unwrap(), b.parse().unwrap());
            assert_eq!(super::meet(a, b), super::meet(b, a), "{a} {b}");
            super::meet(a, b)
        };
        for (a, b) in [
            ("10.0.0.1", "10.0.0.1"),
            ("0.0.0.0", "10.0.0.1"),
            ("::", "10.0.0.1"),
            ("::", "0.0.0.0"),
            ("::", "::1"),
        ] {
            assert!(meet(a, b), "{a} {b}");
        }
        for (a, b) in [
            ("10.0.0.1", "10.0.0.2"),
            ("0.0.0.0", "::1"),
            ("::1", "127.0.0.1"),
        ] {
            assert!(!meet(a, b), "{a} {b}");
        }
    }

    proptest! {
        #[test]
        fn ranges_share_what_both_contain(a in 1u16..30, b in 1u16..30, la in 0u16..9, lb in 0u16..9) {
            let (a, b) = (a..=a + la, b..=b + lb);
            let slow = a.clone().find(|port| b.contains(port));
            prop_assert_eq!(shared(&a, &b), slow);
        }
    }
}
