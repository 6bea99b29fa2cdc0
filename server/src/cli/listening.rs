//! The addresses to listen on.
//!
//! Promises: a connection whose client takes nothing for a while, or is gone without a word, ends. The
//! framework has no time limit for writing, and does not ask a stream for more while a client does not
//! read; so the operating system holds the limit (`TCP_USER_TIMEOUT`, RFC 5482; accepted connections
//! inherit it). Where there is no such option, on other systems than Linux, nothing ends them.

use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::time::Duration;

/// Connections that wait to be accepted.
const BACKLOG: i32 = 1_024;

/// Listens on every address that the text stands for, as far as that is possible; an error where it is
/// for none.
pub(super) fn listen(on: &str, stall: Duration) -> io::Result<Vec<TcpListener>> {
    let mut refused = io::Error::new(io::ErrorKind::AddrNotAvailable, "it is no address");
    let mut listeners = Vec::new();
    for address in on.to_socket_addrs()? {
        match listen_on(address, stall) {
            Ok(listener) => listeners.push(listener),
            Err(cause) => refused = cause,
        }
    }
    if listeners.is_empty() {
        return Err(refused);
    }
    Ok(listeners)
}

fn listen_on(address: SocketAddr, stall: Duration) -> io::Result<TcpListener> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(stall))?;
    #[cfg(not(target_os = "linux"))]
    let _: Duration = stall;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests;
