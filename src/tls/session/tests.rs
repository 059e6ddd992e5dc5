//! The stepper against rustls' own buffered connections, which share no code of ours.

#![allow(clippy::unwrap_used, clippy::result_large_err)]

use super::*;
use crate::limits::TLS_SCRATCH_BYTES;
use crate::tls::test_authority::{Authority, Files};
use crate::tls::{Certificates, provider};
use proptest::prelude::*;
use rustls::version::{TLS12, TLS13};
use rustls::{AlertDescription, ClientConfig, ClientConnection, RootCertStore, ServerConfig};
use rustls::{ServerConnection, SupportedProtocolVersion};
use std::io::{self, Read, Write};
use std::sync::{Arc, LazyLock};

/// Names of a gateway whose certificate says the first two.
const NAMES: &[&str] = &["gw.example", "*.brokers.example"];

static SET: LazyLock<(Authority, Files)> = LazyLock::new(|| {
    let dir = Box::leak(Box::new(tempfile::tempdir().unwrap()));
    let authority = Authority::new(dir.path());
    let files = authority.issue("gateway", NAMES);
    (authority, files)
});

fn certificates() -> Arc<Certificates> {
    Arc::new(Certificates::load(&SET.1.certificate, &SET.1.key).unwrap())
}

fn any_name() -> Acceptor {
    Acceptor::of_any_name(certificates()).unwrap()
}

fn stock_client(name: &str, version: &'static SupportedProtocolVersion) -> ClientConnection {
    let mut roots = RootCertStore::empty();
    let pem = std::fs::read(SET.0.path()).unwrap();
    let found = crate::tls::certificates::certificates(&SET.0.path(), &pem).unwrap();
    roots.add(found[0].clone()).unwrap();
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    ClientConnection::new(Arc::new(config), name).unwrap()
}

/// Takes all that the other side has to say, in pieces of `piece` bytes.
fn hear(stock: &mut ClientConnection, mut bytes: &[u8], piece: usize) -> Result<(), rustls::Error> {
    while !bytes.is_empty() {
        let mut some = &bytes[..piece.min(bytes.len())];
        let taken = stock.read_tls(&mut some).unwrap();
        bytes = &bytes[taken..];
        stock.process_new_packets()?;
    }
    Ok(())
}

fn say(stock: &mut ClientConnection) -> Vec<u8> {
    let mut said = Vec::new();
    while stock.wants_write() {
        stock.write_tls(&mut said).unwrap();
    }
    said
}

/// Shakes hands, every message cut into pieces of `piece` bytes.
fn shake(
    ours: &mut Session,
    stock: &mut ClientConnection,
    piece: usize,
) -> Result<(), (TlsFault, Option<rustls::Error>)> {
    let (mut incoming, mut told) = (Vec::new(), None);
    loop {
        let said = say(stock);
        assert!(!said.is_empty(), "both sides wait");
        for some in said.chunks(piece) {
            incoming.extend_from_slice(some);
            let result = ours.shake(&mut incoming);
            let heard = hear(stock, &std::mem::take(&mut ours.outgoing), piece);
            told = told.or(heard.err());
            let shaken = result.map_err(|fault| (fault, told.clone()))?;
            incoming.drain(..shaken.used);
            if shaken.done {
                assert_eq!(told, None);
                ours.keep(&incoming);
                return Ok(());
            }
        }
    }
}

/// Opens `wire` in pieces, each into little room.
fn open(ours: &mut Session, wire: &[u8], piece: usize, room: usize) -> Result<Vec<u8>, TlsFault> {
    let (mut space, mut into) = (vec![0; TLS_SCRATCH_BYTES], vec![0; room]);
    let mut opened = Vec::new();
    for some in wire.chunks(piece) {
        let kept = ours.resume(&mut space);
        space[kept..kept + some.len()].copy_from_slice(some);
        let filled = ours.open(&mut space[..kept + some.len()], &mut into)?;
        opened.extend_from_slice(&into[..filled]);
        while ours.has_plain() {
            let taken = ours.take_plain(&mut into);
            opened.extend_from_slice(&into[..taken]);
        }
    }
    Ok(opened)
}

/// Seals `plain`; all that is to be sent.
fn seal(ours: &mut Session, plain: &[u8]) -> Vec<u8> {
    let mut space = vec![0; TLS_SCRATCH_BYTES];
    let sealed = ours.seal(plain, &mut space).unwrap();
    let mut wire = std::mem::take(&mut ours.outgoing);
    wire.extend_from_slice(&space[..sealed]);
    wire
}

fn send(stock: &mut ClientConnection, plain: &[u8]) -> Vec<u8> {
    let mut wire = Vec::new();
    for some in plain.chunks(10_000) {
        stock.writer().write_all(some).unwrap();
        wire.extend(say(stock));
    }
    wire
}

fn read_stock(stock: &mut ClientConnection, wire: &[u8]) -> Vec<u8> {
    let (mut read, mut rest) = (Vec::new(), wire);
    while !rest.is_empty() {
        stock.read_tls(&mut rest).unwrap();
        stock.process_new_packets().unwrap();
        let mut some = [0; 1 << 15];
        loop {
            match stock.reader().read(&mut some) {
                Ok(0) => break,
                Ok(n) => read.extend_from_slice(&some[..n]),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
                Err(e) => panic!("{e}"),
            }
        }
    }
    read
}

fn pattern(length: usize, salt: u8) -> Vec<u8> {
    (0..length).map(|at| (at % 251) as u8 ^ salt).collect()
}

fn established(version: &'static SupportedProtocolVersion) -> (Session, ClientConnection) {
    let mut ours = Session::server(&any_name()).unwrap();
    let mut stock = stock_client("gw.example", version);
    shake(&mut ours, &mut stock, 1 << 14).unwrap();
    (ours, stock)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn bytes_arrive_as_they_were_sent_however_the_wire_cuts_them(
        tls13 in any::<bool>(),
        shaking in prop_oneof![Just(1usize), 2usize..3000],
        messages in prop::collection::vec((0usize..60_000, any::<bool>(), any::<bool>()), 1..6),
        piece in prop_oneof![1usize..40, 1000usize..70_000],
        room in prop_oneof![1usize..100, 1000usize..70_000],
    ) {
        let version = if tls13 { &TLS13 } else { &TLS12 };
        let mut ours = Session::server(&any_name()).unwrap();
        let mut stock = stock_client("gw.example", version);
        shake(&mut ours, &mut stock, shaking).unwrap();
        for (salt, (length, to_us, renews)) in messages.into_iter().enumerate() {
            let plain = pattern(length, salt as u8);
            if renews && tls13 {
                stock.refresh_traffic_keys().unwrap(); // which asks us for new keys as well
            }
            if to_us {
                let wire = send(&mut stock, &plain);
                prop_assert_eq!(open(&mut ours, &wire, piece, room).unwrap(), plain);
            } else {
                let mut wire = say(&mut stock);
                open(&mut ours, &std::mem::take(&mut wire), piece, room).unwrap();
                let wire = seal(&mut ours, &plain);
                prop_assert_eq!(read_stock(&mut stock, &wire), plain);
            }
        }
        ours.kept.shrink_to_fit();
        prop_assert_eq!(ours.held_bytes(), 0, "nothing is kept between messages");
    }

    #[test]
    fn garbage_is_answered_with_an_alert_and_keeps_no_memory(bytes in prop::collection::vec(any::<u8>(), 6..400)) {
        let mut ours = Session::server(&any_name()).unwrap();
        let mut incoming = bytes.clone();
        match ours.shake(&mut incoming) {
            // a header that could be one of TLS, and waits for the rest
            Ok(shaken) => prop_assert!(!shaken.done && (20..24).contains(&bytes[0])),
            Err(_) => prop_assert!(ours.outgoing.is_empty() || ours.outgoing[0] == 21),
        }
        let (mut ours, mut stock) = established(&TLS13);
        let mut wire = send(&mut stock, b"right");
        wire.extend(&bytes);
        let opened = open(&mut ours, &wire, wire.len(), 100);
        if let Err(fault) = opened {
            prop_assert!(matches!(fault, TlsFault::Protocol(_)), "{}", fault);
            prop_assert!(ours.seal(b"more", &mut [0; 100]).is_err(), "nothing follows a fault");
        }
    }
}

#[test]
fn every_flipped_byte_of_a_record_is_noticed() {
    let (ours, stock) = &mut established(&TLS13);
    let wire = send(stock, b"some bytes");
    for at in 5..wire.len() {
        let (ours, stock) = &mut established(&TLS13);
        let mut wire = send(stock, b"some bytes");
        wire[at] ^= 1;
        let fault = open(ours, &wire, wire.len(), 100).unwrap_err();
        assert!(matches!(fault, TlsFault::Protocol(_)), "{at}: {fault}");
        assert_eq!(ours.outgoing.first(), Some(&23), "a sealed alert");
    }
    assert_eq!(open(ours, &wire, wire.len(), 100).unwrap(), b"some bytes");
}

#[test]
fn what_comes_with_the_last_message_of_the_handshake_is_not_lost() {
    for piece in [1, 1 << 14] {
        let mut ours = Session::server(&any_name()).unwrap();
        let mut stock = stock_client("gw.example", &TLS13);
        let mut incoming = say(&mut stock);
        let used = ours.shake(&mut incoming).unwrap().used;
        assert_eq!(used, incoming.len());
        hear(&mut stock, &std::mem::take(&mut ours.outgoing), piece).unwrap();
        stock.writer().write_all(b"at once").unwrap();
        let mut incoming = say(&mut stock);
        let part = send(&mut stock, b"and the half");
        incoming.extend(&part[..10]);
        let shaken = ours.shake(&mut incoming).unwrap();
        assert!(shaken.done && shaken.used == incoming.len() - 10);
        ours.keep(&incoming[shaken.used..]);
        let mut into = [0; 100];
        assert!(ours.has_plain());
        assert_eq!(ours.take_plain(&mut into), 7);
        assert_eq!(&into[..7], b"at once");
        assert_eq!(
            open(&mut ours, &part[10..], 1, 100).unwrap(),
            b"and the half"
        );
    }
}

#[test]
fn either_side_ends_its_direction_and_the_other_goes_on() {
    for version in [&TLS12, &TLS13] {
        let (ours, stock) = &mut established(version);
        let mut wire = send(stock, b"last");
        stock.send_close_notify();
        wire.extend(say(stock));
        assert_eq!(open(ours, &wire, 3, 100).unwrap(), b"last");
        assert!(ours.has_ended());
        let wire = seal(ours, b"the answer");
        assert_eq!(read_stock(stock, &wire), b"the answer");
        let mut out = [0; 100];
        let bytes = ours.close(&mut out).unwrap();
        stock.read_tls(&mut &out[..bytes]).unwrap();
        assert!(stock.process_new_packets().unwrap().peer_has_closed());
        ours.seal(b"more", &mut out).unwrap_err();
    }
}

#[test]
fn a_name_that_the_listener_is_not_gets_the_alert_for_it() {
    let known = |name: &str| name == "b7.known.example";
    let acceptor = Acceptor::of_names(certificates(), known).unwrap();
    for version in [&TLS12, &TLS13] {
        for (name, taken) in [
            ("gw.example", true), // in the certificate
            ("B7.brokers.example", true),
            ("other.example", false),
        ] {
            let mut ours = Session::server(&acceptor).unwrap();
            let result = shake(&mut ours, &mut stock_client(name, version), 100);
            assert_eq!(result.is_ok(), taken, "{name}");
            assert_eq!(ours.server_name(), Some(name.to_lowercase().as_str()));
            if let Err((fault, heard)) = result {
                assert!(matches!(fault, TlsFault::UnknownName(_)), "{fault}");
                let alert = rustls::Error::AlertReceived(AlertDescription::UnrecognisedName);
                assert_eq!(heard, Some(alert));
            }
        }
        // known, but the certificate is not for it: that is for the client to judge
        let mut ours = Session::server(&acceptor).unwrap();
        let result = shake(
            &mut ours,
            &mut stock_client("b7.known.example", version),
            100,
        );
        let (fault, heard) = result.unwrap_err();
        assert!(matches!(fault, TlsFault::Protocol(_)), "{fault}");
        assert!(
            matches!(heard, Some(rustls::Error::InvalidCertificate(_))),
            "{heard:?}"
        );
        // an address is no name
        let mut ours = Session::server(&acceptor).unwrap();
        let _ = shake(&mut ours, &mut stock_client("127.0.0.1", version), 100);
        assert_eq!(ours.server_name(), None);
    }
}

#[test]
fn upstream_only_the_expected_broker_is_believed() {
    let other = Authority::new(tempfile::tempdir().unwrap().keep().as_path());
    for (authorities, name, host, believed) in [
        (SET.0.path(), None, "gw.example", true),
        (SET.0.path(), None, "b1.brokers.example.", true),
        (SET.0.path(), Some("gw.example"), "10.0.0.1", true),
        (SET.0.path(), None, "10.0.0.1", false),
        (SET.0.path(), None, "elsewhere.example", false),
        (other.path(), None, "gw.example", false),
    ] {
        let dialer = Dialer::new(&authorities, name).unwrap();
        let mut ours = Session::client(&dialer, dialer.expects(host).unwrap()).unwrap();
        let mut stock = stock_server();
        let mut incoming = Vec::new();
        let result = loop {
            let shaken = match ours.shake(&mut incoming) {
                Ok(shaken) => shaken,
                Err(fault) => break Err(fault),
            };
            incoming.drain(..shaken.used);
            let said = std::mem::take(&mut ours.outgoing);
            let mut said = said.as_slice();
            while !said.is_empty() {
                stock.read_tls(&mut said).unwrap();
                stock.process_new_packets().unwrap();
            }
            while stock.wants_write() {
                stock.write_tls(&mut incoming).unwrap();
            }
            if shaken.done {
                break Ok(());
            }
        };
        assert_eq!(result.is_ok(), believed, "{host}: {result:?}");
        if believed {
            let wire = seal(&mut ours, b"to the broker");
            stock.read_tls(&mut wire.as_slice()).unwrap();
            stock.process_new_packets().unwrap();
            let mut read = [0; 13];
            stock.reader().read_exact(&mut read).unwrap();
            assert_eq!(&read, b"to the broker");
        } else {
            let mut said = ours.outgoing.as_slice();
            stock.read_tls(&mut said).unwrap();
            let told = stock.process_new_packets().unwrap_err();
            assert!(matches!(told, rustls::Error::AlertReceived(_)), "{told}");
        }
    }
    assert!(Dialer::new(&SET.0.path(), Some("no name at all")).is_err());
    assert!(Dialer::new(&SET.1.key, None).is_err());
}

fn stock_server() -> ServerConnection {
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Fixed(certificates())));
    ServerConnection::new(Arc::new(config)).unwrap()
}

#[derive(Debug)]
struct Fixed(Arc<Certificates>);

impl rustls::server::ResolvesServerCert for Fixed {
    fn resolve(
        &self,
        _: rustls::server::ClientHello<'_>,
    ) -> Option<Arc<rustls::sign::CertifiedKey>> {
        Some(self.0.current())
    }
}
