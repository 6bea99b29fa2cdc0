//! The live stream: snapshots, then deltas per H3 topic cell at every tick.
//!
//! ```text
//! its connection has room ─▶ stream: view.dirty_topics(viewer, since) ∩ its topics, one by one ─▶ frames
//!                                                                                        │
//!                                  encoded once per (layer, topic, viewer class, from, to) and shared
//! ```
//!
//! A delta is a query, not a queue (invariant 7): per client the server keeps a position and a
//! subscription. A client that falls behind is asked again later and then gets one larger delta with
//! the latest state of each feature; past the change ring it gets snapshots. Server-Sent Events and
//! WebSocket carry the same messages.

mod changes;
mod client;
mod deflate;
mod frames;
mod message;
pub mod standing;
mod stream;
mod streams;
mod subscription;
mod transport;
mod viewport;
mod views;
mod websocket;
mod wire;

pub use frames::{Frame, Frames};
pub use message::{Coding, Message};
pub use stream::{Part, Stream};
pub use streams::{Dismissal, Full, Room, Seat, StreamId, Streams, Wanted};
pub use subscription::{BadSubscription, Pair, Resume, Subscription, Wish};
pub use transport::{patch, refusal, resume, subscribe, wish};
pub use views::Views;
