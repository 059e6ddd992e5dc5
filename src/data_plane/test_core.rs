//! A runtime as a core has it, for tests of what only shows on a real one.
//!
//! Owns: running a test on every driver that a core may run on: epoll, and a ring with
//! DEFER_TASKRUN, each on a thread of its own as a core is. Refuses: to leave a driver out in
//! silence: where rings are forbidden it says so.

use monoio::{IoUringDriver, LegacyDriver, RuntimeBuilder};
use std::future::Future;

const ENTRIES: u32 = 256;

/// Runs `test` to its end on each driver, one after the other.
pub fn on_each_driver<F: Future<Output = ()>>(test: impl Fn(&'static str) -> F + Sync) {
    std::thread::scope(|threads| {
        let epoll = || {
            let builder = RuntimeBuilder::<LegacyDriver>::new().enable_timer();
            builder.build().expect("epoll").block_on(test("epoll"));
        };
        threads.spawn(epoll).join().expect("on epoll");
        let ring = || {
            if let Err(error) = deferred().build(ENTRIES).map(|_: io_uring::IoUring| ()) {
                return eprintln!("no ring here ({error}): shown on epoll alone");
            }
            let builder = RuntimeBuilder::<IoUringDriver>::new()
                .uring_builder(deferred())
                .with_entries(ENTRIES)
                .enable_timer();
            builder.build().expect("a ring").block_on(test("uring"));
        };
        threads.spawn(ring).join().expect("on a ring");
    });
}

fn deferred() -> io_uring::Builder {
    let mut builder = io_uring::IoUring::builder();
    builder.setup_single_issuer().setup_defer_taskrun();
    builder
}

/// A socket of this core, and its peer for another thread.
pub fn pair() -> (super::socket::Socket, std::net::TcpStream) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let peer = std::net::TcpStream::connect(address).expect("connects");
    peer.set_nodelay(true).expect("sends at once");
    let (ours, _) = listener.accept().expect("accepts");
    ours.set_nonblocking(true).expect("as the runtime wants it");
    let ours = monoio::net::TcpStream::from_std(ours).expect("a stream of this core");
    (super::socket::Socket::new(ours), peer)
}
