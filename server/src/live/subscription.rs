//! What a client wants to see: layers, a viewport, and perhaps the dirty tiles of a zoom.

use super::changes::Changes;
use super::viewport::Viewport;
use crate::identity::hex;
use crate::metrics;
use atalaya_tiles::{
    Bounds, Cell, LayerIx, LayerKind, LayerSpec, Seq, TileCoord, Topic, View, Viewer,
};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// The most topic cells of a viewport; beyond it only the topic `*` flows. Part of the protocol: a client
/// sees by it in `hello` what flows.
const MAX_CELLS: usize = 1_024;

/// A subscription that cannot be.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum BadSubscription {
    /// A layer that the viewer cannot open.
    #[error("there is no layer \"{0}\"")]
    NoSuchLayer(String),
    /// A layer of counts, which has no features that could flow, where no tiles are asked for either.
    #[error(
        "layer \"{0}\" holds counts of others, in tiles and at /cells, and no features that could flow"
    )]
    CountsOnly(String),
    /// No layer at all.
    #[error("layers is empty: name at least one layer")]
    NoLayers,
    /// A zoom that tiles do not have.
    #[error("zoom {0} is not within 0 and 22")]
    Zoom(u8),
}

/// What a client asks for.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Layers whose features flow.
    pub layers: Vec<String>,
    /// Layers of which only the dirty tiles are named, besides those above.
    pub tile_layers: Vec<String>,
    /// The viewport.
    pub bounds: Bounds,
    /// The zoom whose dirty tiles are named; none where absent.
    pub zoom: Option<u8>,
}

/// A layer's topic within one subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pair(u32);

/// Pairs in order, however many, in next to no room.
#[derive(Debug, Clone, Default)]
pub struct Pairs(Range<u32>);

impl Pairs {
    /// Whether a pair is among them.
    pub fn contains(&self, pair: Pair) -> bool {
        self.0.contains(&pair.0)
    }
}

impl Iterator for Pairs {
    type Item = Pair;

    fn next(&mut self) -> Option<Pair> {
        self.0.next().map(Pair)
    }
}

/// A checked subscription.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// In the catalog's order.
    layers: Vec<LayerIx>,
    tile_layers: Vec<LayerIx>,
    viewport: Option<Arc<Viewport>>,
    /// `*` and the cells of the viewport, in order; `*` alone where there are too many.
    topics: Vec<Topic>,
    /// Where each topic stands in `topics`.
    wanted: HashMap<Topic, u32>,
    scope: String,
}

/// Where a client wants to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resume {
    /// The epoch it knows.
    pub epoch: String,
    /// The last seq that it has in full.
    pub seq: Seq,
    /// The scope it had then; `None` where it did not say.
    pub scope: Option<String>,
    /// The instant whose picture it has, where that was one of the past.
    pub at: Option<Timestamp>,
}

impl Resume {
    /// Reads `epoch:seq:scope` or `epoch:seq`, and of the past `epoch:seq:scope@second`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ':');
        let (epoch, seq, scope) = (parts.next()?, parts.next()?, parts.next());
        let (scope, second) = match scope.and_then(|scope| scope.split_once('@')) {
            Some((scope, second)) => (Some(scope), Some(second)),
            None => (scope, None),
        };
        let at = second.map(|second| {
            second
                .parse()
                .ok()
                .and_then(|s| Timestamp::from_second(s).ok())
        });
        Some(Self {
            epoch: Some(epoch).filter(|epoch| !epoch.is_empty())?.to_owned(),
            seq: Seq(seq.parse().ok()?),
            scope: scope.map(str::to_owned),
            at: at.map_or(Some(None), |at| at.map(Some))?,
        })
    }

    /// The id of a position in the past: of a change, and of the second whose picture it is.
    pub fn past_id(epoch: &str, seq: Seq, scope: &str, at: Timestamp) -> String {
        format!("{epoch}:{seq}:{scope}@{}", at.as_second())
    }
}

impl Subscription {
    /// Checks the layers against what the viewer can open, and finds the topics of the viewport.
    pub fn new(view: &View, viewer: &Viewer, wish: &Wish) -> Result<Self, BadSubscription> {
        if wish.layers.is_empty() && wish.tile_layers.is_empty() {
            return Err(BadSubscription::NoLayers);
        }
        if let Some(zoom) = wish
            .zoom
            .filter(|zoom| *zoom > atalaya_tiles::tile::MAX_ZOOM)
        {
            return Err(BadSubscription::Zoom(zoom));
        }
        let layers = indexes(view, viewer, &wish.layers)?;
        let mut specs = layers.iter().map(|layer| view.catalog().spec(*layer));
        let counts_only =
            |spec: &&LayerSpec| spec.kind == LayerKind::Derived && spec.derived_from.is_none();
        // Of their tiles it can be said which are dirty.
        if let Some(counts) = specs.find(counts_only).filter(|_| wish.zoom.is_none()) {
            return Err(BadSubscription::CountsOnly(counts.name.clone()));
        }
        let mut tile_layers = indexes(view, viewer, &wish.tile_layers)?;
        tile_layers.extend(&layers);
        tile_layers.sort_unstable();
        tile_layers.dedup();
        let resolution = view.catalog().topic_resolution();
        let cells = Cell::covering(wish.bounds, resolution, MAX_CELLS)
            .ok()
            .flatten();
        if cells.is_none() {
            metrics::LIVE_WIDE.increment(1);
        }
        let cells = cells.into_iter().flatten().map(Topic::Cell);
        let topics: Vec<Topic> = std::iter::once(Topic::Everywhere).chain(cells).collect();
        Ok(Self {
            scope: scope(view, viewer, &layers, &topics),
            wanted: topics.iter().copied().zip(0..).collect(),
            layers,
            viewport: wish
                .zoom
                .map(|zoom| Arc::new(Viewport::new(&tile_layers, wish.bounds, zoom))),
            tile_layers,
            topics,
        })
    }

    /// All layers that it is about, those of which only tiles are named included.
    pub fn all_layers(&self) -> &[LayerIx] {
        &self.tile_layers
    }

    /// The layers whose features flow.
    pub fn layers(&self) -> &[LayerIx] {
        &self.layers
    }

    /// The topics, `*` first.
    pub fn topics(&self) -> &[Topic] {
        &self.topics
    }

    /// A hash of layers, topics and viewer class: what a position is relative to.
    pub fn scope(&self) -> &str {
        &self.scope
    }

    /// Where changes of this layer and topic belong, if they are wanted.
    pub fn pair(&self, layer: LayerIx, topic: Topic) -> Option<Pair> {
        let topic = self.wanted.get(&topic)?;
        let layer = u32::try_from(self.layers.binary_search(&layer).ok()?).ok()?;
        let topics = u32::try_from(self.topics.len()).ok()?;
        Some(Pair(layer * topics + topic))
    }

    /// The pairs in which something changed, in order.
    pub fn among<'c>(&'c self, changes: &'c Changes) -> Box<dyn Iterator<Item = Pair> + 'c> {
        let (pairs, topics) = (self.pairs(), changes.topics());
        if pairs.0.len() < topics.len() {
            return Box::new(pairs.filter(|pair| changes.has(self.at(*pair))));
        }
        let wanted = |(layer, topic): &(LayerIx, Topic)| self.pair(*layer, *topic);
        Box::new(topics.iter().filter_map(wanted))
    }

    /// The layer and topic of a pair of this subscription.
    pub fn at(&self, pair: Pair) -> (LayerIx, Topic) {
        let (pair, topics) = (pair.0 as usize, self.topics.len());
        (self.layers[pair / topics], self.topics[pair % topics])
    }

    /// All pairs, layer by layer.
    pub fn pairs(&self) -> Pairs {
        let count = self.layers.len() * self.topics.len();
        Pairs(0..u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// The tiles that it is about; none where no zoom was given.
    pub fn viewport(&self) -> Option<&Arc<Viewport>> {
        self.viewport.as_ref()
    }

    /// The tiles of the viewport that changed after `since` as far as the viewer may know, with the
    /// layers that did; `None` for the tiles where there are too many to look at.
    pub fn dirty_tiles<'v>(
        &self,
        view: &'v View,
        viewer: &Viewer,
        since: Seq,
    ) -> (Vec<&'v str>, Option<Vec<TileCoord>>) {
        let viewport = self.viewport.as_ref();
        let dirty = viewport.map(|viewport| viewport.dirty(view, viewer, since));
        dirty.unwrap_or_else(|| (Vec::new(), Some(Vec::new())))
    }
}

fn indexes(
    view: &View,
    viewer: &Viewer,
    names: &[String],
) -> Result<Vec<LayerIx>, BadSubscription> {
    let mut indexes = Vec::with_capacity(names.len());
    for name in names {
        let open = view.open(viewer, name);
        indexes.push(
            open.map_err(|_| BadSubscription::NoSuchLayer(name.clone()))?
                .layer(),
        );
    }
    indexes.sort_unstable();
    indexes.dedup();
    Ok(indexes)
}

fn scope(view: &View, viewer: &Viewer, layers: &[LayerIx], topics: &[Topic]) -> String {
    let mut digest = Sha256::new();
    digest.update(viewer.class(view.catalog()));
    for layer in layers {
        digest.update(&view.catalog().spec(*layer).name);
        digest.update([0]);
    }
    for topic in topics {
        digest.update(super::message::topic_name(*topic));
    }
    hex(&digest.finalize()[..8])
}
