//! A private PostGIS on a free port, for differential tests.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use tokio_postgres::{Client, Config, NoTls};

use crate::command::run;
use crate::wait::eventually;

/// A running database server with the `postgis` extension, stopped when it is dropped.
#[derive(Debug)]
pub struct PostGis {
    server: Child,
    port: u16,
    folder: TempDir,
}

/// Why there is none.
#[derive(Debug)]
pub struct Absent;

impl PostGis {
    /// Starts a server; [`Absent`] where PostgreSQL or PostGIS is not installed.
    ///
    /// # Panics
    /// Where it is installed and does not start.
    pub fn start() -> Result<Self, Absent> {
        Self::with_settings(&[])
    }

    /// As [`Self::start`], with these settings, each `name=value`.
    ///
    /// # Errors
    /// [`Absent`] where PostgreSQL or PostGIS is not installed.
    pub fn with_settings(settings: &[&str]) -> Result<Self, Absent> {
        let programs = programs().ok_or(Absent)?;
        let folder = tempfile::Builder::new()
            .prefix("atalaya-postgis-")
            .tempdir()
            .expect("a folder");
        let store = folder.path().join("store");
        if root() {
            run(Command::new("chown").arg("postgres").arg(folder.path())).ok();
        }
        run(as_postgres(&programs.join("initdb"))
            .args([
                "--auth=trust",
                "--username=atalaya",
                "--no-sync",
                "--encoding=UTF8",
                "--locale=C",
            ])
            .arg("--pgdata")
            .arg(&store))
        .ok();
        let port = free_port();
        let server = as_postgres(&programs.join("postgres"))
            .arg("-D")
            .arg(&store)
            .args([
                "-c",
                "listen_addresses=127.0.0.1",
                "-c",
                "fsync=off",
                "-c",
                "jit=off",
                "-p",
                &port.to_string(),
            ])
            .arg("-k")
            .arg(folder.path())
            .args(settings.iter().flat_map(|setting| ["-c", setting]))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("PostgreSQL starts");
        Ok(Self {
            server,
            port,
            folder,
        })
    }

    /// A connection to a database with the extension.
    ///
    /// # Panics
    /// Where the server does not take it until the deadline.
    pub async fn connect(&self) -> Client {
        let mut config = Config::new();
        config
            .host("127.0.0.1")
            .port(self.port)
            .user("atalaya")
            .dbname("postgres");
        let (client, connection) =
            eventually("PostgreSQL", async || config.connect(NoTls).await.ok()).await;
        #[expect(
            clippy::disallowed_methods,
            reason = "the connection's driver ends with the test's runtime"
        )]
        tokio::spawn(connection);
        client
            .batch_execute("create extension if not exists postgis")
            .await
            .expect("PostGIS is installed");
        client
    }

    /// The operating system's id of the server, whose children serve the connections.
    pub fn process_id(&self) -> u32 {
        self.server.id()
    }

    /// Where other programs reach it.
    pub fn address(&self) -> String {
        format!("postgres://atalaya@127.0.0.1:{}/postgres", self.port)
    }

    /// The folder that holds the store.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for PostGis {
    fn drop(&mut self) {
        // An immediate shutdown: the store goes with its folder.
        Command::new("kill")
            .args(["-QUIT", &self.server.id().to_string()])
            .status()
            .ok();
        self.server.wait().ok();
    }
}

/// The newest PostgreSQL with PostGIS.
fn programs() -> Option<PathBuf> {
    let mut versions: Vec<u32> = std::fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    versions.sort_unstable();
    let extension =
        |version: &u32| format!("/usr/share/postgresql/{version}/extension/postgis.control");
    let newest = versions
        .into_iter()
        .rev()
        .find(|version| Path::new(&extension(version)).exists())?;
    Some(PathBuf::from(format!("/usr/lib/postgresql/{newest}/bin")))
}

fn root() -> bool {
    run(Command::new("id").arg("-u")).ok() == "0"
}

/// PostgreSQL refuses to run as root.
fn as_postgres(program: &Path) -> Command {
    if !root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=postgres", "--regid=postgres", "--init-groups"])
        .arg(program)
        .current_dir("/");
    command
}

fn free_port() -> u16 {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    taken
        .local_addr()
        .expect("a bound socket has an address")
        .port()
}
