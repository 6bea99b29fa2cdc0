//! One running server with a store of its own.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tempfile::TempDir;

use crate::certificate::Certificate;
use crate::command::{Ran, atalaya, binary, run};
use crate::disk::Disk;
use crate::tile::Tile;
use crate::visitor::{Reply, Visitor};
use crate::wait::{DEADLINE, eventually};

/// A server process, killed when it is dropped.
#[derive(Debug)]
struct Process {
    child: Child,
    base: String,
}

impl Process {
    /// Starts a server and waits for the line that says where it listens.
    fn start(arguments: &[String], environment: &[(String, String)], log: &Log) -> Self {
        let mut child = Command::new(binary())
            .args(arguments)
            .envs(environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let stderr = BufReader::new(child.stderr.take().expect("stderr is piped"));
        let kept = log.clone();
        std::thread::spawn(move || {
            stderr
                .lines()
                .map_while(Result::ok)
                .for_each(|line| kept.keep(line));
        });
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let (first, announced) = sync_channel(1);
        std::thread::spawn(move || {
            let mut line = String::new();
            // Read on after the first line, so that the server never waits for its stdout.
            if stdout.read_line(&mut line).is_ok() && first.send(line).is_ok() {
                std::io::copy(&mut stdout, &mut std::io::sink()).ok();
            }
        });
        let line = announced.recv_timeout(DEADLINE).unwrap_or_default();
        let base = line
            .trim_end()
            .strip_prefix("listening on ")
            .map(str::to_owned);
        if base.is_none() {
            child.kill().ok();
        }
        assert!(
            base.is_some(),
            "the first line on stdout was {line:?}; log:\n{}",
            log.tail()
        );
        Self {
            child,
            base: base.expect("just asserted"),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// What the servers of one city wrote on stderr.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn keep(&self, line: String) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(line);
    }

    fn lines(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn tail(&self) -> String {
        let lines = self.lines();
        lines
            .get(lines.len().saturating_sub(40)..)
            .unwrap_or_default()
            .join("\n")
    }

    /// The warnings and errors that nobody expected.
    fn unexpected(&self, expected: &[String]) -> Vec<String> {
        let loud = |line: &String| {
            ["WARN", "ERROR", "panicked at"]
                .iter()
                .any(|level| line.contains(level))
        };
        let known = |line: &String| expected.iter().any(|part| line.contains(part.as_str()));
        self.lines()
            .into_iter()
            .filter(|line| loud(line) && !known(line))
            .collect()
    }
}

/// A running server, its store and its keys. Dropped, it checks that its log held no unexpected warning.
#[derive(Debug)]
pub struct City {
    /// Unmounted before the folder goes.
    disk: Option<Disk>,
    folder: TempDir,
    config: Option<PathBuf>,
    environment: Vec<(String, String)>,
    process: Option<Process>,
    base: String,
    /// The certificate that visitors trust, of a server with TLS.
    trusted: Option<Certificate>,
    log: Log,
    expected: Mutex<Vec<String>>,
    keys: Mutex<HashMap<String, String>>,
}

impl City {
    /// A server without a configuration.
    pub async fn start() -> Self {
        Self::open(None, None, None).await
    }

    /// A server with this configuration file.
    pub async fn with_config(toml: &str) -> Self {
        Self::open(Some(toml), None, None).await
    }

    /// A server with this configuration file, whose store has a disk of its own.
    ///
    /// # Errors
    /// Why there cannot be such a disk.
    pub async fn on_disk(
        toml: &str,
        disk: impl FnOnce(&Path) -> Result<Disk, String>,
    ) -> Result<Self, String> {
        let folder = folder();
        let disk = disk(&folder.path().join("data"))?;
        Ok(Self::open(Some(toml), Some((folder, disk)), None).await)
    }

    /// A server with TLS, its certificate in [`Self::scratch`].
    pub async fn with_tls(certificate: &Certificate) -> Self {
        Self::open(Some(Certificate::CONFIG), None, Some(certificate)).await
    }

    async fn open(
        toml: Option<&str>,
        place: Option<(TempDir, Disk)>,
        certificate: Option<&Certificate>,
    ) -> Self {
        let (folder, disk) =
            place.map_or_else(|| (folder(), None), |(folder, disk)| (folder, Some(disk)));
        if let Some(certificate) = certificate {
            certificate.write(folder.path());
        }
        let config = toml.map(|toml| {
            let file = folder.path().join("atalaya.toml");
            std::fs::write(&file, toml).expect("the folder can be written");
            file
        });
        let mut city = Self {
            disk,
            folder,
            config,
            environment: Vec::new(),
            process: None,
            base: String::new(),
            trusted: certificate.cloned(),
            log: Log::default(),
            expected: Mutex::default(),
            keys: Mutex::default(),
        };
        city.launch("127.0.0.1:0");
        city.wait_ready().await;
        city
    }

    fn launch(&mut self, listen: &str) {
        let mut arguments: Vec<String> = vec!["serve".into(), "--listen".into(), listen.into()];
        arguments.extend(self.place());
        let process = Process::start(&arguments, &self.environment, &self.log);
        self.base.clone_from(&process.base);
        self.process = Some(process);
    }

    /// `--data` and `--config` of this city.
    fn place(&self) -> Vec<String> {
        let text = |path: &Path| {
            path.to_str()
                .expect("temporary folders have plain names")
                .to_owned()
        };
        let mut place = vec!["--data".to_owned(), text(&self.data())];
        if let Some(config) = &self.config {
            place.extend(["--config".to_owned(), text(config)]);
        }
        place
    }

    /// The folder of the store.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A folder for a test's own files, beside the store.
    pub fn scratch(&self) -> &Path {
        self.folder.path()
    }

    /// The server's address, without a slash at its end.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Waits until the server says that it is ready.
    pub async fn wait_ready(&self) {
        let anybody = self.anybody();
        eventually("/health/ready", async || {
            let request = anybody.request(reqwest::Method::GET, "/health/ready");
            Visitor::try_send(request)
                .await
                .ok()
                .filter(|reply| reply.status == 200)
        })
        .await;
    }

    /// Ends the process as a power cut would, as far as a process can tell.
    pub fn kill9(&mut self) {
        self.process = None;
    }

    /// The disk of the store, where it has one of its own.
    ///
    /// # Panics
    /// Where it has none.
    pub fn disk(&self) -> &Disk {
        self.disk.as_ref().expect("the city was made with a disk")
    }

    /// Ends the process politely and waits until it is gone; the answer is its exit code.
    pub fn stop(&mut self) -> Option<i32> {
        let mut process = self.process.take()?;
        Command::new("kill")
            .arg(process.child.id().to_string())
            .status()
            .expect("kill runs");
        process
            .child
            .wait()
            .expect("a child can be waited for")
            .code()
    }

    /// Starts the server again at the same address; kills it first where it still runs.
    pub async fn restart(&mut self) {
        self.restart_unready();
        self.wait_ready().await;
    }

    /// As [`Self::restart`], for a server that serves reads and is not ready.
    pub fn restart_unready(&mut self) {
        self.kill9();
        let (_, listen) = self.base.split_once("://").expect("an address");
        let listen = listen.to_owned();
        self.launch(&listen);
    }

    /// Sends the server a signal, by its name without SIG.
    ///
    /// # Panics
    /// Where it does not run.
    pub fn signal(&self, name: &str) {
        let process = self.process_id().expect("the server runs");
        let arguments = [format!("-{name}"), process.to_string()];
        run(Command::new("kill").args(arguments)).ok();
    }

    /// Starts the server again with this configuration file, and these variables in its environment.
    pub async fn configure(&mut self, toml: &str, environment: &[(&str, &str)]) {
        let file = self.folder.path().join("atalaya.toml");
        std::fs::write(&file, toml).expect("the folder can be written");
        self.config = Some(file);
        let variables = environment.iter();
        self.environment = variables
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        self.restart().await;
    }

    /// The operating system's id of the server.
    pub fn process_id(&self) -> Option<u32> {
        self.process.as_ref().map(|process| process.child.id())
    }

    /// Runs a command of the program on this city's store.
    pub fn command(&self, arguments: &[&str]) -> Ran {
        let own = arguments.iter().map(|it| (*it).to_owned());
        atalaya(own.chain(self.place()))
    }

    /// Permits log lines that contain this text, which a test provokes.
    pub fn expect_log(&self, part: &str) {
        self.expected
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(part.to_owned());
    }

    /// What the server has written on stderr so far.
    pub fn log(&self) -> String {
        self.log.lines().join("\n")
    }

    /// The bearer token of a feed.
    pub fn key(&self, feed: &str) -> String {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            self.command(&["key", "create", "--feed", feed])
                .ok()
                .to_owned()
        };
        keys.entry(feed.to_owned()).or_insert_with(make).clone()
    }

    /// A bearer token of a role with clearances.
    pub fn role_key(&self, role: &str, clearances: &[&str]) -> String {
        let joined = clearances.join(",");
        let mut arguments = vec!["key", "create", "--role", role];
        if !clearances.is_empty() {
            arguments.extend(["--clearance", joined.as_str()]);
        }
        self.command(&arguments).ok().to_owned()
    }

    /// Somebody at the admin address.
    ///
    /// # Panics
    /// Where the server notes none.
    pub fn admin(&self) -> Visitor {
        let address = std::fs::read_to_string(self.data().join("admin-address"));
        Visitor::new(
            &format!("http://{}", address.expect("an admin address")),
            None,
        )
    }

    /// Somebody without credentials.
    pub fn anybody(&self) -> Visitor {
        Visitor::new(&self.base, self.trusted.as_ref())
    }

    /// A program that holds this token.
    pub fn bearer(&self, token: &str) -> Visitor {
        self.anybody().with_token(token)
    }

    /// A program of a role with clearances.
    pub fn program(&self, role: &str, clearances: &[&str]) -> Visitor {
        self.bearer(&self.role_key(role, clearances))
    }

    /// A program that may read the operational picture, without clearances.
    pub fn operator(&self) -> Visitor {
        self.program("operator", &[])
    }

    /// The token of a one-time sign-in link.
    ///
    /// # Panics
    /// Where what is printed is no link.
    pub fn link_token(&self, role: &str) -> String {
        let printed = self.command(&["link", "--role", role]).ok().to_owned();
        let token = printed
            .lines()
            .find_map(|line| line.split_once("/sign-in#"));
        assert!(token.is_some(), "no link in {printed:?}");
        let (before, token) = token.expect("just asserted");
        assert!(before.contains("http"), "{printed}");
        token
            .split_whitespace()
            .next()
            .unwrap_or_default()
            .to_owned()
    }

    /// A browser that has signed in through a one-time link.
    pub async fn sign_in(&self, role: &str) -> Visitor {
        let token = self.link_token(role);
        let reply = self
            .anybody()
            .post("/sign-in", &serde_json::json!({ "token": token }))
            .await
            .expect(204);
        let cookie = reply
            .header("set-cookie")
            .split(';')
            .next()
            .unwrap_or_default()
            .to_owned();
        assert!(!cookie.is_empty(), "signing in sets a cookie");
        self.anybody().with_cookie(&cookie)
    }

    /// Posts to a feed with its key, and waits until every reader can see what was accepted.
    pub async fn send(&self, feed: &str, body: &Value) -> Reply {
        let path = format!("/feeds/{feed}");
        let reply = self.bearer(&self.key(feed)).post(&path, body).await;
        if reply.status == 200 {
            self.published(&reply.json()["seq"]).await;
        }
        reply
    }

    /// Waits until the picture has reached this position of the log.
    async fn published(&self, seq: &Value) {
        let reader = self.bearer(&self.reader_key());
        let epoch = reader.epoch().await;
        let path = format!("/near?lon=0&lat=0&limit=1&min_seq={epoch}:{seq}");
        eventually("the picture to catch up", async || {
            (reader.get(&path).await.status == 200).then_some(())
        })
        .await;
    }

    /// The token of a reader without clearances, made once.
    fn reader_key(&self) -> String {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || self.role_key("operator", &[]);
        keys.entry(String::new()).or_insert_with(make).clone()
    }

    /// Posts to a feed with its key, and insists that all of it is accepted; the answer is the receipt.
    ///
    /// # Panics
    /// Where anything is rejected.
    pub async fn post(&self, feed: &str, body: &Value) -> Value {
        let receipt = self.send(feed, body).await.expect(200).json();
        assert_eq!(receipt["rejected"], Value::Array(Vec::new()), "{receipt}");
        receipt
    }

    /// A tile as an operator sees it.
    pub async fn tile(&self, layers: &str, z: u8, x: u32, y: u32) -> Tile {
        self.operator().tile(layers, z, x, y).await
    }
}

fn folder() -> TempDir {
    tempfile::Builder::new()
        .prefix("atalaya-test-")
        .tempdir()
        .expect("a folder for the store")
}

impl Drop for City {
    fn drop(&mut self) {
        self.process = None;
        if std::thread::panicking() {
            writeln!(
                std::io::stderr(),
                "the server's log ended:\n{}",
                self.log.tail()
            )
            .ok();
            return;
        }
        let expected = self.expected.lock().unwrap_or_else(PoisonError::into_inner);
        let unexpected = self.log.unexpected(&expected);
        assert!(
            unexpected.is_empty(),
            "unexpected in the server's log:\n{}",
            unexpected.join("\n")
        );
    }
}
