//! The thin seam between the data plane and the runtime's sockets.
//!
//! Owns: reading and writing one TCP stream from two tasks, waiting without a buffer, cutting.
//! Refuses: to drop a read that is under way (the kernel may have filled its buffer): an idle
//! read is cancelled, awaited, and its buffer taken back. Stays true: nothing outside this file
//! names the runtime's stream type, so another runtime could take its place.

use super::buffers::Buffer;
use super::made::Advance;
use monoio::buf::IoBuf;
use monoio::io::{AsyncWriteRent, CancelableAsyncReadRent, Canceller};
use monoio::net::TcpStream;
use std::cell::{Cell, RefCell, UnsafeCell};
use std::io;
use std::net::{Shutdown, SocketAddr};
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, RawFd};

/// One TCP stream, read by one task and written by another.
pub struct Socket {
    stream: UnsafeCell<TcpStream>,
    idle: RefCell<Canceller>,
    reading: Cell<bool>,
    moved: Cell<bool>,
    frames: Cell<u64>,
    in_frame: Cell<bool>,
}

/// How a read ended.
pub enum Read {
    /// Bytes arrived.
    Some(Buffer),
    /// The peer will send no more.
    End,
    /// The read was cancelled because the connection is idle; the buffer is back.
    Idle(Buffer),
}

impl Socket {
    /// Takes a connected stream.
    pub fn new(stream: TcpStream) -> Socket {
        // replies and requests are whole frames: waiting for more to send would only add delay
        let _ = stream.set_nodelay(true);
        Socket {
            stream: UnsafeCell::new(stream),
            idle: RefCell::new(Canceller::new()),
            reading: Cell::new(false),
            moved: Cell::new(false),
            frames: Cell::new(0),
            in_frame: Cell::new(false),
        }
    }

    /// Connects.
    pub async fn connect(address: SocketAddr) -> io::Result<Socket> {
        TcpStream::connect_addr(address).await.map(Socket::new)
    }

    #[allow(unsafe_code, clippy::mut_from_ref)]
    fn stream(&self) -> &mut TcpStream {
        // SAFETY: the reference lives only for the call that starts an operation; the runtime's
        // read and write methods take `&mut self` but only clone the descriptor out of it, and
        // this type is neither Send nor Sync, so no two such calls overlap.
        unsafe { &mut *self.stream.get() }
    }

    /// Waits until there is something to read (or the end) without holding a buffer.
    pub async fn readable(&self) -> io::Result<()> {
        self.stream().readable(false).await
    }

    /// Reads what is there into the buffer's free space, waiting for at least a byte.
    pub async fn read(&self, buffer: Buffer) -> io::Result<Read> {
        let handle = self.idle.borrow().handle();
        self.reading.set(true);
        let (result, space) = self
            .stream()
            .cancelable_read(buffer.into_space(), handle)
            .await;
        self.reading.set(false);
        let buffer = space.into_buffer();
        match result {
            Ok(0) => Ok(Read::End),
            Ok(_) => Ok(Read::Some(buffer)),
            Err(e) if e.raw_os_error() == Some(libc::ECANCELED) => Ok(Read::Idle(buffer)),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => Ok(Read::Idle(buffer)),
            Err(e) => Err(e),
        }
    }

    /// Makes a read that has nothing to read give its buffer back.
    pub fn cancel_idle_read(&self) {
        if self.reading.get() {
            let canceller = self.idle.take();
            self.idle.replace(canceller.cancel());
        }
    }

    /// Writes all of it; returns it for re-use.
    pub async fn write_all<T: IoBuf + Advance>(&self, mut bytes: T) -> io::Result<T> {
        while bytes.bytes_init() > 0 {
            let (result, back) = self.stream().write(bytes).await;
            bytes = back;
            match result {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => {
                    bytes.advance(n);
                    self.moved.set(true);
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(bytes)
    }

    /// Whether the peer has taken bytes since the last call.
    pub fn take_moved(&self) -> bool {
        self.moved.take()
    }

    /// Notes that the reader waits for the rest of a frame.
    pub fn frame_begun(&self) {
        self.in_frame.set(true);
    }

    /// Notes that a whole frame was read.
    pub fn frame_whole(&self) {
        self.in_frame.set(false);
        self.frames.set(self.frames.get().wrapping_add(1));
    }

    /// The number of the frame whose rest is waited for.
    pub fn partial_frame(&self) -> Option<u64> {
        self.in_frame.get().then(|| self.frames.get())
    }

    /// Ends both directions at once: every read and write under way, or to come, returns.
    pub fn cut(&self) {
        self.with_std(|stream| {
            let _ = stream.shutdown(Shutdown::Both);
        });
    }

    /// Whether the peer has closed its side, seen without reading.
    pub fn peer_closed(&self) -> bool {
        const TCP_CLOSE_WAIT: u8 = 8;
        const TCP_CLOSE: u8 = 7;
        let state = tcp_state(self.fd());
        state == TCP_CLOSE_WAIT || state == TCP_CLOSE
    }

    /// The peer's address, for the audit.
    pub fn peer(&self) -> Option<SocketAddr> {
        self.stream().peer_addr().ok()
    }

    fn fd(&self) -> RawFd {
        self.stream().as_raw_fd()
    }

    #[allow(unsafe_code)]
    fn with_std(&self, use_it: impl FnOnce(&std::net::TcpStream)) {
        // SAFETY: the descriptor is open as long as `self`; the std stream made of it gives it
        // back by `into_raw_fd` and never closes it.
        let stream = unsafe { std::net::TcpStream::from_raw_fd(self.fd()) };
        use_it(&stream);
        let _ = stream.into_raw_fd();
    }
}

/// `tcpi_state` of a socket, 0 when the kernel does not say.
#[allow(unsafe_code)]
fn tcp_state(fd: RawFd) -> u8 {
    let mut state = [0u8; 8]; // tcpi_state is the first byte; a short buffer is filled as far as it goes
    let mut length = state.len() as libc::socklen_t;
    // SAFETY: `state` and `length` are live for the call and `length` is the size of `state`.
    let result = unsafe {
        libc::getsockopt(
            fd,
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            state.as_mut_ptr().cast(),
            &mut length,
        )
    };
    if result == 0 && length > 0 {
        state[0]
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data_plane::buffers::Pool;
    use crate::data_plane::mailbox::Bell;
    use crate::data_plane::test_core::{on_each_driver, pair};
    use std::io::Write;
    use std::rc::Rc;
    use std::sync::Arc;
    use std::time::Duration;

    const BYTES: usize = 320_000;
    const PIECE: usize = 64;

    /// Sends `BYTES` in small pieces and, beside each, asks for a cancel: some cancels meet a read
    /// that has nothing yet, some one that the kernel is just filling.
    fn send(mut peer: std::net::TcpStream, cancel: &Bell) {
        let bytes: Vec<u8> = (0..BYTES).map(byte).collect();
        for (index, piece) in bytes.chunks(PIECE).enumerate() {
            if index % 16 == 0 {
                cancel.ring();
                std::thread::sleep(Duration::from_micros(50)); // the core waits again
            }
            peer.write_all(piece).expect("the core reads");
            cancel.ring();
        }
    }

    fn byte(at: usize) -> u8 {
        (at % 251) as u8
    }

    #[test]
    fn reads_that_are_cancelled_while_the_peer_sends_lose_no_byte() {
        on_each_driver(|driver| async move {
            let (socket, peer) = pair();
            let (socket, bell) = (Rc::new(socket), Arc::new(Bell::default()));
            let ringing = Arc::clone(&bell);
            let sender = std::thread::spawn(move || send(peer, &ringing));
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
                let wrong = buffer
                    .filled()
                    .iter()
                    .zip(read..)
                    .find(|(b, at)| **b != byte(*at));
                assert_eq!(wrong, None, "{driver}: lost or changed after {read} bytes");
                read += buffer.filled().len();
                buffer.consume(buffer.filled().len());
            }
            assert_eq!(read, BYTES, "{driver}");
            assert!(idle > 0, "{driver}: no read was ever cancelled");
            eprintln!("{driver}: {idle} reads cancelled, {read} bytes, none lost");
            sender.join().expect("the sender");
        });
    }
}
