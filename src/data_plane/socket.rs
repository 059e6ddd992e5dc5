//! The thin seam between the data plane and the runtime's sockets.
//!
//! Owns: reading and writing one TCP stream from two tasks, waiting without a buffer, cutting.
//! Refuses: to drop a read that is under way (the kernel may have filled its buffer): an idle
//! read is cancelled, awaited, and its buffer taken back. Stays true: nothing outside this file and
//! its parts names the runtime's stream type, so another runtime could take its place; nobody else
//! knows whether the bytes go through TLS (`secure`), or whether a proxy speaks for the peer
//! (`source`).

mod secure;
mod source;

pub use self::secure::SecureFault;
pub use self::source::SourceFault;

use self::secure::Secure;
use super::buffers::Buffer;
use super::made::Advance;
use monoio::buf::IoBuf;
use monoio::io::{AsyncWriteRent, CancelableAsyncReadRent, Canceller};
use monoio::net::TcpStream;
use rustix::net::{RecvFlags, SendFlags};
use std::cell::{Cell, OnceCell, RefCell, UnsafeCell};
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
    /// Boxed: most sockets of a gateway without TLS pay a word for it.
    tls: OnceCell<Box<Secure>>,
    /// Whom the proxy in front speaks for.
    source: Cell<Option<SocketAddr>>,
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
            tls: OnceCell::new(),
            source: Cell::new(None),
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
        match self.tls.get() {
            Some(secure) => self.readable_through(secure).await,
            None => self.stream().readable(false).await,
        }
    }

    /// Reads what is there into the buffer's free space, waiting for at least a byte.
    pub async fn read(&self, buffer: Buffer) -> io::Result<Read> {
        if let Some(secure) = self.tls.get() {
            return self.read_through(secure, buffer).await;
        }
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
        if let Some(secure) = self.tls.get() {
            secure.cancel_idle_read();
        } else if self.reading.get() {
            let canceller = self.idle.take();
            self.idle.replace(canceller.cancel());
        }
    }

    /// Writes all of it; returns it for re-use.
    pub async fn write_all<T: IoBuf + Advance>(&self, mut bytes: T) -> io::Result<T> {
        if let Some(secure) = self.tls.get() {
            return self.write_through(secure, bytes).await;
        }
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
        if let Some(secure) = self.tls.get() {
            self.say_end(secure);
        }
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

    /// Who is at the other end, for the audit: whom the proxy speaks for, or the connection's address.
    pub fn peer(&self) -> Option<SocketAddr> {
        let source = self.source.get();
        source.or_else(|| self.stream().peer_addr().ok())
    }

    /// Takes what the kernel has, at once; `WouldBlock` when it has nothing.
    fn receive_now(&self, into: &mut [u8]) -> io::Result<usize> {
        let receive = |stream: &std::net::TcpStream| {
            rustix::net::recv(stream, into, RecvFlags::DONTWAIT).map(|(bytes, _)| bytes)
        };
        Ok(self.with_std(receive)?)
    }

    /// Gives the kernel what it takes at once; `WouldBlock` when that is nothing.
    fn send_now(&self, bytes: &[u8]) -> io::Result<usize> {
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        let sent = self.with_std(|stream| rustix::net::send(stream, bytes, flags))?;
        self.moved.set(true);
        Ok(sent)
    }

    fn fd(&self) -> RawFd {
        self.stream().as_raw_fd()
    }

    #[allow(unsafe_code)]
    fn with_std<T>(&self, use_it: impl FnOnce(&std::net::TcpStream) -> T) -> T {
        // SAFETY: the descriptor is open as long as `self`; the std stream made of it gives it
        // back by `into_raw_fd` and never closes it.
        let stream = unsafe { std::net::TcpStream::from_raw_fd(self.fd()) };
        let result = use_it(&stream);
        let _ = stream.into_raw_fd();
        result
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
mod tests;
