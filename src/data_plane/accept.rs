//! Listening sockets, one per core and port.
//!
//! Owns: SO_REUSEPORT (the kernel spreads connections over the cores) and the accept loop.
//! Refuses: to abandon an accept that is under way: a listener ends by shutdown(2). Stays true: an
//! error of one accept never ends the loop; running out of descriptors slows it down.

use super::connection::Door;
use super::core::Core;
use super::socket::Socket;
use crate::limits::{ACCEPT_BACKLOG, ACCEPT_PAUSE_MS};
use monoio::net::TcpListener;
use socket2::{Domain, Protocol, SockRef, Socket as RawSocket, Type};
use std::io;
use std::net::{Shutdown, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

/// A listening socket; dropping it ends its accept loop.
pub struct Listening {
    listener: Rc<TcpListener>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        let _ = SockRef::from(&Borrowed(&self.listener)).shutdown(Shutdown::Both);
    }
}

struct Borrowed<'a>(&'a TcpListener);

impl std::os::fd::AsFd for Borrowed<'_> {
    #[allow(unsafe_code)]
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        use std::os::fd::AsRawFd;
        // SAFETY: the descriptor is open as long as the listener, which outlives this borrow.
        unsafe { std::os::fd::BorrowedFd::borrow_raw(self.0.as_raw_fd()) }
    }
}

/// Listens and accepts until the result is dropped.
pub fn listen(core: &Rc<Core>, address: SocketAddr, door: Door) -> io::Result<Listening> {
    let listener = Rc::new(TcpListener::from_std(bind(address)?)?);
    let task = accept_all(Rc::clone(core), Rc::clone(&listener), door);
    monoio::spawn(task);
    Ok(Listening { listener })
}

/// A bound and listening socket that other cores may bind as well.
pub fn bind(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = RawSocket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(ACCEPT_BACKLOG)?;
    Ok(socket.into())
}

async fn accept_all(core: Rc<Core>, listener: Rc<TcpListener>, door: Door) {
    while core.accepts() {
        match listener.accept().await {
            Ok((stream, _)) if core.accepts() => core.admit(Socket::new(stream), door),
            Ok(_) => return,
            Err(error) if is_final(&error) => return,
            Err(error) => {
                tracing::warn!(core = core.index, %error, "accept failed");
                monoio::time::sleep(Duration::from_millis(ACCEPT_PAUSE_MS)).await;
            }
        }
    }
}

/// Whether the socket no longer listens.
fn is_final(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EINVAL | libc::EBADF | libc::ECANCELED)
    )
}
