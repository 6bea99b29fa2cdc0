//! The other side: servers that run for real, on loopback, and end with their owner.

mod ceiling;
mod database;
mod map_server;
mod redis;

pub(crate) use ceiling::{Answered, Ceiling, NAME as CEILING, serve as ceiling};
pub(crate) use database::{Database, LEG, metres};
pub(crate) use map_server::MapServer;
pub(crate) use redis::Redis;

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

/// A program that is killed when it is dropped.
#[derive(Debug)]
struct Program(Child);

impl Program {
    fn start(command: &mut Command) -> Self {
        let started = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self(started.expect("the program is installed"))
    }

    fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("it is bound").port()
}
