//! A client and its stream, whatever befalls them.

use super::*;

#[derive(Debug, Clone, Copy)]
pub(super) enum Act {
    Move(&'static str, u8, [f64; 2], u8),
    Tick,
    /// Time passes, so that a step under way may be too old.
    Wait(u64),
    /// The client takes so many parts, or a whole step.
    Take(usize),
    /// The client begins to look elsewhere, and fetches what it will see; the next time it says so.
    Look([f64; 4], &'static [&'static str]),
    /// The link is cut, wherever the step is.
    Drop,
}

pub(super) fn act() -> impl Strategy<Value = Act> {
    let layer = prop_oneof![Just("units"), Just("incidents")];
    let place = (-111.15..-110.6_f64, 32.02..32.38_f64).prop_map(|(lon, lat)| [lon, lat]);
    let bbox = prop_oneof![Just(WEST), Just(EAST)];
    let layers = prop_oneof![
        Just(&["units"][..]),
        Just(&["incidents"][..]),
        Just(&["incidents", "units"][..]),
    ];
    prop_oneof![
        8 => (layer, 0_u8..6, place, 0_u8..3)
            .prop_map(|(layer, id, at, note)| Act::Move(layer, id, at, note)),
        3 => Just(Act::Tick),
        1 => (1_u64..9).prop_map(Act::Wait),
        4 => (1_usize..40).prop_map(Act::Take),
        2 => Just(Act::Take(usize::MAX)),
        2 => (bbox, layers).prop_map(|(bbox, layers)| Act::Look(bbox, layers)),
        1 => Just(Act::Drop),
    ]
}

/// A client and its stream, whatever befalls them.
pub(super) struct Trial {
    catalog: Arc<Catalog>,
    pub(super) picture: Picture,
    viewer: Viewer,
    pub(super) frames: Frames,
    pub(super) views: Views,
    pub(super) client: Client,
    pub(super) stream: Stream,
    pub(super) last_id: Option<String>,
    uptime: Duration,
    /// The tiles of the viewport, each as of when it was fetched last.
    tiles: HashMap<TileCoord, Seq>,
    /// Where the client is about to look, with the tiles that it has fetched for it.
    heading: Option<(Subscription, HashMap<TileCoord, Seq>)>,
}

impl Trial {
    pub(super) fn new(viewer: Viewer, ring: usize) -> Self {
        let limits = RingLimits {
            ticks: ring,
            changes: 1_000,
        };
        let catalog = catalog();
        let picture = Picture::new(Arc::clone(&catalog), limits);
        let view = picture.view();
        let wanted = subscription(&view, &["incidents", "units"], WEST);
        Self {
            stream: Stream::new(viewer, wanted, "e", &view, None),
            catalog,
            picture,
            viewer,
            frames: frames(),
            views: Views::default(),
            client: Client::default(),
            last_id: None,
            uptime: Duration::ZERO,
            tiles: HashMap::new(),
            heading: None,
        }
    }

    /// The version of a tile of the subscribed layers.
    fn version(&self, view: &View, tile: TileCoord) -> Seq {
        self.version_of(self.stream.subscription(), view, tile)
    }

    fn version_of(&self, of: &Subscription, view: &View, tile: TileCoord) -> Seq {
        let layers = of.all_layers().iter();
        let opened = layers.filter_map(|layer| view.open_at(&self.viewer, *layer));
        opened.map(|open| open.tile_seq(tile)).max().unwrap()
    }

    /// The client fetches what a message calls dirty: the picture may have moved on by then.
    fn fetch(&mut self, message: &Message) {
        if message.kind != "tiles" {
            return;
        }
        let json: Value = serde_json::from_slice(&message.text).unwrap();
        let named: Option<Vec<(u8, u32, u32)>> =
            serde_json::from_value(json["tiles"].clone()).unwrap();
        let dirty = match named {
            Some(named) => named
                .iter()
                .map(|(z, x, y)| TileCoord::new(*z, *x, *y).unwrap())
                .collect(),
            None => self.shown(),
        };
        let view = self.picture.view();
        for tile in dirty {
            self.tiles.insert(tile, self.version(&view, tile));
            if let Some((wanted, mut tiles)) = self.heading.take() {
                let version = self.version_of(&wanted, &view, tile);
                tiles.entry(tile).and_modify(|has| *has = version);
                self.heading = Some((wanted, tiles));
            }
        }
    }

    /// All tiles of the viewport.
    fn shown(&self) -> Vec<TileCoord> {
        self.stream.subscription().viewport().unwrap().all()
    }

    /// The client takes parts of a step, at most so many.
    pub(super) fn take(&mut self, most: usize) {
        let view = self.picture.view();
        self.views.keep(&view, self.uptime);
        let held = self.stream.begin(&view, &self.frames);
        for _ in 0..most {
            let Some(part) = self.stream.next(now(), self.uptime) else {
                return;
            };
            let message = match part {
                Part::Own(message) => Some(message),
                Part::Shared(frame) => {
                    let message = self.frames.encoded(&frame, Coding::Plain);
                    self.stream.note(message.as_ref());
                    message
                }
            };
            if let Some(message) = message {
                self.client.take(&message);
                self.fetch(&message);
                if let Some(view) = held.as_ref().filter(|_| message.kind == "tick") {
                    for tile in self.shown() {
                        let has = self.tiles.get(&tile).copied().unwrap_or_default();
                        assert!(
                            has >= self.version(view, tile),
                            "{tile} is older than the tick"
                        );
                    }
                }
                self.last_id = message.id.or(self.last_id.take());
            }
        }
    }

    fn look(&mut self, bbox: [f64; 4], layers: &[&str]) {
        let view = self.picture.view();
        let Some((wanted, tiles)) = self.heading.take() else {
            let wanted = subscription(&view, layers, bbox);
            let tiles = wanted.viewport().unwrap().all().into_iter();
            let fetched = tiles.map(|tile| (tile, self.version_of(&wanted, &view, tile)));
            let fetched = fetched.collect();
            self.heading = Some((wanted, fetched));
            return;
        };
        self.tiles = tiles;
        self.client.keep(&view, &wanted);
        // What it dropped it no longer has, whatever it was told before.
        self.last_id = None;
        self.stream.change(wanted);
    }

    pub(super) fn act(&mut self, act: Act, seq: u64) {
        match act {
            Act::Move(layer, id, at, note) => {
                let record = record(&self.catalog, seq, (layer, id), at, note);
                self.picture.apply(&[record]);
            }
            Act::Tick => self.picture.tick(),
            Act::Wait(seconds) => self.uptime += Duration::from_secs(seconds),
            Act::Take(most) => self.take(most),
            Act::Look(bbox, layers) => self.look(bbox, layers),
            Act::Drop => {
                let wanted = self.stream.subscription().clone();
                let resume = self.last_id.as_deref().and_then(Resume::parse);
                let view = self.picture.view();
                let most_owed = self.stream.most_owed;
                self.stream = Stream::new(self.viewer, wanted, "e", &view, resume.as_ref());
                self.stream.most_owed = most_owed;
            }
        }
    }

    /// What a client that comes now is given.
    pub(super) fn newcomer(&self) -> Client {
        let view = self.picture.view();
        let wanted = self.stream.subscription().clone();
        let mut fresh = Stream::new(self.viewer, wanted, "e", &view, None);
        let mut client = Client::default();
        for message in fresh.advance(&view, &self.frames, now(), self.uptime) {
            client.take(&message);
        }
        client
    }
}
