//! The live stream: snapshots, then deltas per H3 topic cell at every tick.
//!
//! ```text
//! tick ─▶ each stream: view.dirty_topics(since) ∩ its topics ─▶ frames ─▶ its connection
//!                                                   │
//!                     encoded once per (layer, topic, viewer class, from, to) and shared
//! ```
//!
//! A delta is a query, not a queue (invariant 7): per client the server keeps a position and a
//! subscription. A client that falls behind is asked again later and then gets one larger delta with
//! the latest state of each feature; past the change ring it gets snapshots. Server-Sent Events and
//! WebSocket carry the same messages.

mod batch;
mod frames;
mod link;
mod message;
mod session;
pub mod standing;
mod stream;
mod streams;
mod subscription;
mod transport;

pub use frames::Frames;
pub use message::Message;
pub use stream::Stream;
pub use streams::{Dismissal, Seat, StreamId, Streams};
pub use subscription::{BadSubscription, Resume, Subscription, Wish};
pub use transport::{patch, refusal, resume, subscribe, wish};
