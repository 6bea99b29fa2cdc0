//! Somebody who looks, as a wall does: folds what comes, and keeps tiles until they are named.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use atalaya_tests::{Held, Reply, Visitor, in_time};
use reqwest::Method;
use serde_json::Value;
use tokio::sync::{mpsc, watch};

use super::chance::Chance;
use super::link::{Link, messages};
use super::look::{Look, Place};
use super::world::Class;

/// What all viewers are told to do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Order {
    /// Whatever they like.
    Roam,
    /// See all up to this position of the log, and compare what they hold with what a newcomer gets.
    Compare(u64),
}

/// What a viewer says after a comparison: what it found wrong, and what it has been through.
pub(super) type Report = (Vec<String>, BTreeMap<&'static str, u64>);

/// A tile that is kept.
#[derive(Debug, Clone, PartialEq)]
struct Kept {
    etag: String,
    bytes: Vec<u8>,
}

impl Kept {
    fn of(reply: Reply) -> Self {
        let etag = reply.header("etag").to_owned();
        let bytes = reply.body;
        Self { etag, bytes }
    }
}

/// One viewer.
#[derive(Debug)]
pub(super) struct Viewer {
    name: String,
    class: Class,
    visitor: Visitor,
    chance: Chance,
    look: Look,
    /// What was asked for and not yet answered by a hello, with the tiles of it that were fetched before.
    asked: Option<(Look, BTreeMap<Place, Kept>)>,
    link: Option<Link>,
    held: Held,
    tiles: BTreeMap<Place, Kept>,
    /// Tiles that were named and not fetched since.
    dirty: BTreeSet<Place>,
    /// The id and position of the last tick, and what was looked at then.
    after: String,
    after_of: Look,
    seq: u64,
    wrong: Vec<String>,
    counts: BTreeMap<&'static str, u64>,
}

impl Viewer {
    pub(super) fn new(number: usize, class: Class, visitor: Visitor, mut chance: Chance) -> Self {
        let look = Look::somewhere(&mut chance, &class);
        Self {
            name: format!("viewer {number} with {:?}", class.clearances),
            class,
            visitor,
            chance,
            after_of: look.clone(),
            look,
            asked: None,
            link: None,
            held: Held::default(),
            tiles: BTreeMap::new(),
            dirty: BTreeSet::new(),
            after: String::new(),
            seq: 0,
            wrong: Vec::new(),
            counts: BTreeMap::new(),
        }
    }

    /// Follows orders until there are none any more.
    pub(super) async fn follow(
        mut self,
        mut orders: watch::Receiver<Order>,
        reports: mpsc::Sender<Report>,
    ) {
        loop {
            let order = *orders.borrow_and_update();
            if let Order::Compare(seq) = order {
                self.compare(seq).await;
                let report = (std::mem::take(&mut self.wrong), self.counts.clone());
                if reports.send(report).await.is_err() || orders.changed().await.is_err() {
                    return;
                }
                continue;
            }
            self.act(&orders).await;
            if orders.has_changed().is_err() {
                return;
            }
        }
    }

    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// One of the things that viewers do, until there is another order.
    async fn act(&mut self, orders: &watch::Receiver<Order>) {
        match self.chance.below(100) {
            0..70 => {}
            70..82 => self.look_elsewhere(orders).await,
            82..90 => {
                self.count("stalled");
                self.pause(2_500, orders).await;
            }
            90..98 => {
                self.vanish();
                self.pause(800, orders).await;
            }
            _ => {
                self.vanish();
                // The ring does not reach so far back.
                self.pause(15_000, orders).await;
            }
        }
        for _ in 0..self.chance.below(12) {
            if orders.has_changed().unwrap_or(true) {
                return;
            }
            self.until_tick().await;
        }
        if self.chance.percent(60) {
            self.fetch_dirty().await;
        }
    }

    fn vanish(&mut self) {
        self.count("vanished");
        self.link = None;
        if self.chance.percent(25) {
            self.forget();
        }
    }

    /// Begins anew with the next stream.
    fn forget(&mut self) {
        self.after.clear();
        self.held = Held::default();
    }

    /// Takes nothing for a while, unless there is another order.
    async fn pause(&mut self, most_ms: u32, orders: &watch::Receiver<Order>) {
        let patience = Duration::from_millis(u64::from(self.chance.below(most_ms)));
        // The order itself is for whoever asks for it.
        let mut orders = orders.clone();
        tokio::time::timeout(patience, orders.changed()).await.ok();
    }

    async fn look_elsewhere(&mut self, orders: &watch::Receiver<Order>) {
        let next = Look::somewhere(&mut self.chance, &self.class);
        if self.link.is_none() {
            self.turn_to(next, BTreeMap::new()).await;
            return;
        }
        // Without a hello there is no name to ask by, and of two that are asked for at once nobody knows which comes.
        let named = self
            .link
            .as_ref()
            .is_some_and(|link| !link.stream.is_empty());
        if !named || self.asked.is_some() {
            return;
        }
        let mut ahead = BTreeMap::new();
        if self.chance.below(2) == 0 {
            // A map shows where it is moved to before it comes to rest.
            for place in next.places() {
                ahead.insert(place, Kept::of(self.fetch(&next, place, None).await));
            }
            self.count("fetched ahead");
            self.pause(600, orders).await;
        }
        self.asked = Some((next.clone(), ahead));
        let Some(link) = &mut self.link else {
            return;
        };
        if link.look(&self.visitor, &next).await {
            self.count("looked elsewhere");
        } else {
            self.link = None;
        }
    }

    /// Shows something else from now on. What is not to be seen there is dropped; tiles that are new are fetched, but for
    /// those that were before.
    async fn turn_to(&mut self, next: Look, ahead: BTreeMap<Place, Kept>) {
        if !self.look.has_tiles_of(&next) {
            self.tiles.clear();
        }
        let shown = next.places();
        self.tiles.retain(|place, _| shown.contains(place));
        for (place, kept) in ahead {
            self.tiles.entry(place).or_insert(kept);
        }
        self.look = next;
        let missing: BTreeSet<Place> = shown
            .into_iter()
            .filter(|place| !self.tiles.contains_key(place))
            .collect();
        self.dirty.extend(missing);
        self.fetch_dirty().await;
    }

    /// Reads on to a tick after which nothing has come yet, with a new stream where there is none.
    async fn until_tick(&mut self) {
        if self.link.is_none() {
            if let Some((asked, _)) = self.asked.take() {
                self.turn_to(asked, BTreeMap::new()).await;
            }
            let opened = Link::open(&self.visitor, &self.look, &self.after, &mut self.chance);
            self.link = Some(opened.await);
            self.count("connected");
        }
        loop {
            let link = self.link.as_mut().expect("just opened");
            let Some(text) = link.next().await else {
                self.link = None;
                self.count("cut off");
                return;
            };
            self.class.may_see("a live message", text.as_bytes());
            let mut ticked = false;
            for message in messages(&text) {
                ticked = self.hear(&message).await;
            }
            if ticked {
                return;
            }
        }
    }

    /// Takes a message in; says whether it was a tick.
    async fn hear(&mut self, message: &Value) -> bool {
        self.held.apply(message);
        match message["type"].as_str().unwrap_or_default() {
            "hello" => self.greet(message).await,
            "tiles" => self.note_dirty(&message["tiles"]),
            "resync" => self.count("resynced"),
            "error" => self.wrong.push(format!("{}: {message}", self.name)),
            "tick" => {
                let id = message["id"].as_str().expect("a tick has an id");
                id.clone_into(&mut self.after);
                self.after_of.clone_from(&self.look);
                self.seq = message["seq"].as_u64().expect("a tick has a position");
                return true;
            }
            _ => {}
        }
        false
    }

    async fn greet(&mut self, hello: &Value) {
        let stream = hello["stream"].as_str().expect("a stream has a name");
        if let Some(link) = &mut self.link {
            stream.clone_into(&mut link.stream);
        }
        let asked = self.asked.take();
        let (next, ahead) = asked.unwrap_or_else(|| (self.look.clone(), BTreeMap::new()));
        self.turn_to(next, ahead).await;
        let cells = hello["cells"].as_array().expect("cells");
        let cells: Vec<&str> = cells.iter().filter_map(Value::as_str).collect();
        self.held.keep(&self.look.layers, &cells);
        if self.look != self.after_of {
            // To go on from a tick before this would leave gaps.
            self.after.clear();
        }
    }

    fn note_dirty(&mut self, tiles: &Value) {
        let shown = self.look.places();
        let Some(named) = tiles.as_array() else {
            self.dirty.extend(shown);
            return;
        };
        let number = |place: &Value, at: usize| {
            let number = place[at].as_u64().and_then(|it| u32::try_from(it).ok());
            number.expect("a tile is three numbers")
        };
        let place = |place: &Value| {
            let zoom = u8::try_from(number(place, 0)).expect("a zoom");
            (zoom, number(place, 1), number(place, 2))
        };
        let named = named.iter().map(place);
        self.dirty
            .extend(named.filter(|place| shown.contains(place)));
    }

    /// Fetches the tiles that were named, and no others. What is not fetched when this is given up stays named.
    async fn fetch_dirty(&mut self) {
        while let Some(place) = self.dirty.first().copied() {
            let kept = self.tiles.get(&place);
            let etag = kept.map(|kept| kept.etag.clone());
            let look = self.look.clone();
            let reply = self.fetch(&look, place, etag.as_deref()).await;
            if reply.status == 304 {
                self.count("tiles not modified");
            } else {
                self.count("tiles fetched");
                self.tiles.insert(place, Kept::of(reply));
            }
            self.dirty.remove(&place);
        }
    }

    async fn fetch(&self, look: &Look, place: Place, etag: Option<&str>) -> Reply {
        let path = look.path(place);
        let mut request = self.visitor.request(Method::GET, &path);
        if let Some(etag) = etag {
            request = request.header("if-none-match", etag);
        }
        let reply = self.visitor.send(request).await;
        assert!(
            [200, 204, 304].contains(&reply.status),
            "{path}: {}",
            reply.text()
        );
        self.class.may_see("a tile", &reply.body);
        reply
    }

    /// Catches up, and compares what is held with what a newcomer gets.
    async fn compare(&mut self, seq: u64) {
        in_time("a viewer to catch up", async {
            while self.seq < seq || self.asked.is_some() || self.link.is_none() {
                self.until_tick().await;
            }
        })
        .await;
        self.fetch_dirty().await;
        let (visitor, chance) = (self.visitor.clone(), self.chance.branch());
        let mut newcomer = Self::new(0, self.class, visitor, chance);
        newcomer.look.clone_from(&self.look);
        in_time("a newcomer's picture", newcomer.until_tick()).await;
        for difference in self.held.differences(&newcomer.held) {
            let name = &self.name;
            let amiss = format!("{name} and a newcomer hold {difference}");
            self.wrong.push(amiss);
        }
        for (place, fresh) in &newcomer.tiles {
            if self.tiles.get(place) != Some(fresh) {
                let kept = self.tiles.get(place).map(|kept| &kept.etag);
                let (name, path) = (&self.name, self.look.path(*place));
                let amiss = format!("{name} keeps {path} of {kept:?}: now {}", fresh.etag);
                self.wrong.push(amiss);
            }
        }
        *self.counts.entry("tiles compared").or_default() += newcomer.tiles.len() as u64;
        self.count("compared");
    }
}
