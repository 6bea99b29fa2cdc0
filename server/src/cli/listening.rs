//! The addresses to listen on: taken before anything is made, listened on when all is.
//!
//! Promises: an address that another server listens on is refused when it is taken; nobody connects to one
//! that nothing answers on yet; a connection whose client takes nothing for a while, or is gone without a word, ends. The
//! framework has no time limit for writing, and does not ask a stream for more while a client does not
//! read; so the operating system holds the limit (`TCP_USER_TIMEOUT`, RFC 5482; accepted connections
//! inherit it). Where there is no such option, on other systems than Linux, nothing ends them.

use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::time::Duration;

/// Connections that wait to be accepted.
const BACKLOG: i32 = 1_024;

/// Addresses that are taken, and not listened on yet.
#[derive(Debug)]
pub(super) struct Taken(Vec<Socket>);

/// Takes every address that the text stands for, as far as that is possible; an error where it is for none.
pub(super) fn take(on: &str, stall: Duration) -> io::Result<Taken> {
    let addresses = on.to_socket_addrs()?;
    some(addresses.map(|address| bound(address, stall))).map(Taken)
}

impl Taken {
    /// Listens on them, as far as that is possible; an error where it is for none.
    pub(super) fn listen(self) -> io::Result<Vec<TcpListener>> {
        some(self.0.into_iter().map(|socket| {
            socket.listen(BACKLOG)?;
            Ok(socket.into())
        }))
    }
}

/// Those that there are; why not where there is none.
fn some<T>(tried: impl Iterator<Item = io::Result<T>>) -> io::Result<Vec<T>> {
    let mut refused = io::Error::new(io::ErrorKind::AddrNotAvailable, "it is no address");
    let mut there = Vec::new();
    for one in tried {
        match one {
            Ok(one) => there.push(one),
            Err(cause) => refused = cause,
        }
    }
    if there.is_empty() {
        return Err(refused);
    }
    Ok(there)
}

fn bound(address: SocketAddr, stall: Duration) -> io::Result<Socket> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(stall))?;
    #[cfg(not(target_os = "linux"))]
    let _: Duration = stall;
    socket.bind(&address.into())?;
    Ok(socket)
}

#[cfg(test)]
mod tests;
