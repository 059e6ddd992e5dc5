//! Sockets of a core against threads with sockets of their own, in the clear and through TLS, on each
//! driver.

use super::secure::SecureFault;
use super::*;
use crate::data_plane::buffers::Pool;
use crate::data_plane::made::Made;
use crate::data_plane::mailbox::Bell;
use crate::data_plane::test_core::{on_each_driver, pair};
use crate::tls::test_authority::Authority;
use crate::tls::{Acceptor, Certificates, Dialer, TlsFault};
use rustls::{ClientConnection, StreamOwned};
use std::io::{Read as _, Write};
use std::net::TcpStream as Peer;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::{JoinHandle, spawn};
use std::time::Duration;

const BYTES: usize = 320_000;
const PIECE: usize = 64;
const HOST: &str = "gw.example";

/// Both sides of TLS for [`HOST`].
fn parties() -> (Acceptor, Dialer) {
    let dir = tempfile::tempdir().expect("a directory");
    let authority = Authority::new(dir.path());
    let files = authority.issue("gateway", &[HOST]);
    let pair = Certificates::load(&files.certificate, &files.key).expect("a pair");
    let acceptor = Acceptor::of_any_name(Arc::new(pair)).expect("rustls");
    let dialer = Dialer::new(&authority.path(), None).expect("rustls");
    (acceptor, dialer)
}

type Stock = StreamOwned<ClientConnection, Peer>;

fn stock(dialer: &Dialer, peer: Peer) -> Stock {
    let name = dialer.expects(HOST).expect("a name");
    let connection = ClientConnection::new(dialer.config(), name).expect("rustls");
    StreamOwned::new(connection, peer)
}

/// A peer's work on a thread of its own.
fn elsewhere<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    spawn(work)
}

fn byte(at: usize) -> u8 {
    (at % 251) as u8
}

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(byte).collect()
}

/// Sends `BYTES` in small pieces and, beside each, asks for a cancel: some cancels meet a read that
/// has nothing yet, some one that is just being filled.
fn send(mut peer: impl Write, cancel: &Bell) {
    for (index, piece) in bytes(BYTES).chunks(PIECE).enumerate() {
        if index % 16 == 0 {
            cancel.ring();
            std::thread::sleep(Duration::from_micros(50)); // the core waits again
        }
        peer.write_all(piece).expect("the core reads");
        cancel.ring();
    }
}

/// Reads all that comes while reads are cancelled; how many were.
async fn read_while_cancelled(socket: Rc<Socket>, bell: Arc<Bell>) -> usize {
    let cancelled = Rc::clone(&socket);
    monoio::spawn(async move {
        loop {
            bell.rung().await;
            cancelled.cancel_idle_read();
        }
    });
    let pool = Pool::new(1 << 20);
    let (mut read, mut idle) = (0, 0);
    let mut buffer = pool.lend(PIECE).await;
    loop {
        buffer = match socket.read(buffer).await.expect("a sound connection") {
            Read::End => break,
            Read::Idle(buffer) => {
                idle += 1;
                buffer
            }
            Read::Some(buffer) => buffer,
        };
        let filled = buffer.filled().iter();
        let wrong = filled.zip(read..).find(|(b, at)| **b != byte(*at));
        assert_eq!(wrong, None, "lost or changed after {read} bytes");
        read += buffer.filled().len();
        buffer.consume(buffer.filled().len());
    }
    assert_eq!(read, BYTES);
    idle
}

#[test]
fn reads_that_are_cancelled_while_the_peer_sends_lose_no_byte() {
    let tls = &parties();
    on_each_driver(|driver| async move {
        for through_tls in [false, true] {
            let (socket, peer) = pair();
            let bell = Arc::new(Bell::default());
            let (ringing, dialer) = (Arc::clone(&bell), tls.1.clone());
            let sender = elsewhere(move || match through_tls {
                false => send(peer, &ringing),
                true => {
                    let mut stream = stock(&dialer, peer);
                    send(&mut stream, &ringing);
                    stream.conn.send_close_notify();
                    // the gateway's ticket lies unread: closing over it would be a reset
                    stream.read_to_end(&mut Vec::new()).expect("an end");
                }
            });
            if through_tls {
                let pool = Pool::new(1 << 20);
                socket.accept_tls(&tls.0, &pool).await.expect("shakes");
            }
            let socket = Rc::new(socket);
            let idle = read_while_cancelled(Rc::clone(&socket), bell).await;
            socket.cut();
            assert!(idle > 0, "{driver}: no read was ever cancelled");
            eprintln!("{driver}, tls {through_tls}: {idle} reads cancelled, no byte lost");
            sender.join().expect("the sender");
        }
    });
}

/// Reads into buffers of all sizes until the end.
async fn read_to_end(socket: &Socket, pool: &Rc<Pool>) -> Vec<u8> {
    let mut all = Vec::new();
    loop {
        socket.readable().await.expect("a sound connection");
        let buffer = pool.lend(1 << (all.len() % 20)).await;
        match socket.read(buffer).await.expect("a sound connection") {
            Read::Some(buffer) => all.extend_from_slice(buffer.filled()),
            Read::Idle(_) => {}
            Read::End => return all,
        }
    }
}

#[test]
fn both_directions_carry_much_at_once_and_a_half_close() {
    const MUCH: usize = 5_000_003;
    let tls = &parties();
    on_each_driver(|driver| async move {
        let (socket, peer) = pair();
        let dialer = tls.1.clone();
        let other = elsewhere(move || {
            let mut stream = stock(&dialer, peer);
            stream.write_all(&bytes(MUCH)).expect("the core reads");
            stream.conn.send_close_notify();
            stream.flush().expect("the core reads");
            std::thread::sleep(Duration::from_millis(100)); // the core's writer meets a full socket
            let mut all = Vec::new();
            stream.read_to_end(&mut all).expect("and says that it ends");
            all == bytes(MUCH)
        });
        let pool = Pool::new(8 << 20);
        socket.accept_tls(&tls.0, &pool).await.expect("shakes");
        let socket = Rc::new(socket);
        let writing = Rc::clone(&socket);
        let writer = monoio::spawn(async move {
            for some in bytes(MUCH).chunks(700_001) {
                let sent = writing.write_all(Made::new(some.to_vec())).await;
                sent.expect("the peer reads in the end");
            }
        });
        assert!(read_to_end(&socket, &pool).await == bytes(MUCH), "{driver}");
        writer.await;
        assert!(socket.take_moved());
        socket.cut();
        assert!(other.join().expect("the peer"), "{driver}");
        drop(socket);
        assert_eq!(pool.used_bytes(), 0);
    });
}

#[test]
fn an_idle_session_holds_no_buffer_and_half_a_record_is_counted() {
    let tls = &parties();
    on_each_driver(|driver| async move {
        let (socket, peer) = pair();
        let dialer = tls.1.clone();
        let (go, wait) = std::sync::mpsc::channel();
        let other = elsewhere(move || {
            let mut stream = stock(&dialer, peer);
            stream.write_all(b"hello").expect("the core reads");
            wait.recv().expect("the test goes on");
            stream
                .conn
                .writer()
                .write_all(&bytes(10_000))
                .expect("fits");
            let mut sealed = Vec::new();
            stream.conn.write_tls(&mut sealed).expect("seals");
            stream.sock.write_all(&sealed[..5000]).expect("sends");
            wait.recv().expect("the test goes on");
            stream.sock.write_all(&sealed[5000..]).expect("sends");
            wait.recv().expect("the test ends");
        });
        let pool = Pool::new(1 << 20);
        socket.accept_tls(&tls.0, &pool).await.expect("shakes");
        let socket = Rc::new(socket);
        let reading = |bytes| read_some(Rc::clone(&socket), Rc::clone(&pool), bytes);
        reading(5).await;
        assert_eq!(pool.used_bytes(), 0, "{driver}: idle");
        go.send(()).expect("the peer");
        let rest = monoio::spawn(reading(10_000));
        while !(5000..6000).contains(&(pool.used_bytes() % (16 << 10))) {
            monoio::time::sleep(Duration::from_millis(1)).await; // until half of it has come
        }
        go.send(()).expect("the peer");
        rest.await;
        assert_eq!(pool.used_bytes(), 0, "{driver}: idle again");
        go.send(()).expect("the peer");
        other.join().expect("the peer");
    });
}

async fn read_some(socket: Rc<Socket>, pool: Rc<Pool>, wanted: usize) {
    let mut read = 0;
    while read < wanted {
        socket.readable().await.expect("a sound connection");
        let Read::Some(buffer) = socket
            .read(pool.lend(1).await)
            .await
            .expect("a sound connection")
        else {
            panic!("the peer ended")
        };
        read += buffer.filled().len();
    }
    assert_eq!(read, wanted);
}

#[test]
fn a_handshake_that_stalls_or_makes_no_sense_leaves_nothing_behind() {
    let tls = &parties();
    on_each_driver(|driver| async move {
        let pool = Pool::new(1 << 20);
        let limit = Duration::from_millis(50);
        for begun in [&b""[..], b"\x16\x03\x01\x02\x00\x01"] {
            let (socket, mut peer) = pair();
            peer.write_all(begun).expect("sends");
            let shaking = socket.accept_tls(&tls.0, &pool);
            assert!(monoio::time::timeout(limit, shaking).await.is_err());
            assert_eq!(pool.used_bytes(), 0, "{driver}: {begun:?}");
        }
        // a Kafka client that speaks no TLS; random bytes; one that goes at once
        for sent in [&b"\0\0\0\x23\0\x12\0\x04"[..], &[0x5a; 600], b""] {
            let (socket, mut peer) = pair();
            peer.write_all(sent).expect("sends");
            peer.shutdown(Shutdown::Write).expect("ends");
            let fault = socket.accept_tls(&tls.0, &pool).await;
            match (sent, fault.expect_err("no handshake")) {
                ([], SecureFault::Left) | ([_, ..], SecureFault::Tls(TlsFault::Protocol(_))) => {}
                (_, fault) => panic!("{driver}: {fault}"),
            }
            assert_eq!(pool.used_bytes(), 0, "{driver}");
        }
    });
}

#[test]
fn a_session_that_is_tampered_with_breaks() {
    let tls = &parties();
    on_each_driver(|driver| async move {
        let (socket, peer) = pair();
        let dialer = tls.1.clone();
        let (go, wait) = std::sync::mpsc::channel();
        let other = elsewhere(move || {
            let mut stream = stock(&dialer, peer);
            stream.write_all(b"right").expect("the core reads");
            wait.recv().expect("the core has read it");
            let forged = [&[23, 3, 3, 0, 30][..], &[7; 30]].concat();
            stream.sock.write_all(&forged).expect("sends");
            let told = stream.read(&mut [0; 10]).expect_err("an alert");
            told.to_string()
        });
        let pool = Pool::new(1 << 20);
        socket.accept_tls(&tls.0, &pool).await.expect("shakes");
        read_some_of(&socket, &pool, b"right").await;
        go.send(()).expect("the peer");
        let broken = socket.read(pool.lend(1).await).await;
        assert!(broken.is_err(), "{driver}");
        let written = socket.write_all(Made::new(vec![1])).await;
        assert!(written.is_err(), "{driver}: nothing follows a fault");
        socket.cut();
        let told = other.join().expect("the peer");
        assert!(told.contains("BadRecordMac"), "{driver}: {told}");
    });
}

async fn read_some_of(socket: &Socket, pool: &Rc<Pool>, wanted: &[u8]) {
    socket.readable().await.expect("a sound connection");
    match socket.read(pool.lend(1).await).await {
        Ok(Read::Some(buffer)) => assert_eq!(buffer.filled(), wanted),
        _ => panic!("the peer ended"),
    }
}

#[test]
fn the_gateway_dials_a_broker_through_tls_and_only_the_right_one() {
    let tls = &parties();
    on_each_driver(|driver| async move {
        let pool = Pool::new(1 << 20);
        for (host, right) in [(HOST, true), ("other.example", false), ("no name", false)] {
            // both ends on this core: one dials, one accepts
            let (dials, peer) = pair();
            peer.set_nonblocking(true).expect("as the runtime wants it");
            let accepts = Socket::new(TcpStream::from_std(peer).expect("a stream"));
            let (acceptor, shared) = (tls.0.clone(), Rc::clone(&pool));
            let server = monoio::spawn(async move {
                let shaken = accepts.accept_tls(&acceptor, &shared).await;
                (accepts, shaken)
            });
            let dialled = dials.connect_tls(&tls.1, host, &pool).await;
            assert_eq!(dialled.is_ok(), right, "{driver}: {host}");
            if !right {
                dials.cut();
            }
            let (accepts, shaken) = server.await;
            assert_eq!(shaken.is_ok(), right, "{driver}: {host}");
            if right {
                assert_eq!(accepts.server_name().as_deref(), Some(HOST));
                dials
                    .write_all(Made::new(b"request".to_vec()))
                    .await
                    .expect("sends");
                read_some_of(&accepts, &pool, b"request").await;
                accepts
                    .write_all(Made::new(b"reply".to_vec()))
                    .await
                    .expect("sends");
                read_some_of(&dials, &pool, b"reply").await;
            }
        }
        assert_eq!(pool.used_bytes(), 0);
    });
}

#[test]
fn a_proxys_header_names_the_peer_and_what_follows_is_untouched() {
    let header = [
        &crate::data_plane::proxy_header::SIGNATURE[..],
        &[
            0x21, 0x11, 0, 12, 192, 0, 2, 7, 10, 0, 0, 1, 0x80, 0x01, 0x23, 0x84,
        ],
    ]
    .concat();
    let (tls, header) = (&parties(), &header);
    on_each_driver(|driver| async move {
        let pool = Pool::new(1 << 20);
        for piece in [1, 1000] {
            let (socket, mut peer) = pair();
            let (dialer, header) = (tls.1.clone(), header.clone());
            let other = elsewhere(move || {
                for some in header.chunks(piece) {
                    peer.write_all(some).expect("sends");
                }
                let mut stream = stock(&dialer, peer);
                stream.write_all(b"right").expect("the core reads");
                let _ = stream.read(&mut [0; 10]);
            });
            socket.take_source(&pool).await.expect("a header");
            let peer = socket.peer().map(|peer| peer.to_string());
            assert_eq!(peer.as_deref(), Some("192.0.2.7:32769"), "{driver}");
            socket.accept_tls(&tls.0, &pool).await.expect("shakes");
            read_some_of(&socket, &pool, b"right").await;
            socket.cut();
            other.join().expect("the peer");
        }
        let (socket, mut peer) = pair();
        peer.write_all(b"\0\0\0\x23\0\x12\0\x04 a request")
            .expect("sends");
        socket.take_source(&pool).await.expect_err("no header");
        let (socket, peer) = pair();
        drop(peer);
        let left = socket.take_source(&pool).await;
        assert!(matches!(left, Err(SourceFault::Left)), "nothing at all");
        assert_eq!(pool.used_bytes(), 0);
    });
}
