//! Ticks, as those hear of them who follow the picture.

use super::Engine;
use atalaya_tiles::Seq;
use tokio::sync::watch;

/// Where the picture was at a tick.
#[derive(Debug, Clone, Copy, Default)]
pub struct News {
    /// The number of the tick.
    pub tick: u64,
    /// The newest change that it shows.
    pub seq: Seq,
}

/// The ticks that there were.
#[derive(Debug, Default)]
pub(crate) struct Ticks {
    count: watch::Sender<u64>,
    /// The last one that showed something new.
    news: watch::Sender<News>,
}

impl Ticks {
    /// Notes that one has passed, and what its picture shows.
    pub(super) fn pass(&self, seq: Seq) {
        self.count.send_modify(|count| *count += 1);
        let tick = *self.count.borrow();
        self.news.send_if_modified(|news| {
            let newer = news.seq < seq;
            if newer {
                *news = News { tick, seq };
            }
            newer
        });
    }
}

impl Engine {
    /// Told at every tick.
    pub fn ticks(&self) -> watch::Receiver<u64> {
        self.shared.ticks.count.subscribe()
    }

    /// Told at every tick that shows something new.
    pub fn news(&self) -> watch::Receiver<News> {
        self.shared.ticks.news.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_tick_with_something_new_is_news() {
        let ticks = Ticks::default();
        let mut news = ticks.news.subscribe();
        let mut told = |seq| {
            ticks.pass(Seq(seq));
            let told = news.has_changed().unwrap();
            let is = *news.borrow_and_update();
            (told, is.tick, is.seq.0)
        };
        assert_eq!(told(0), (false, 0, 0));
        assert_eq!(told(4), (true, 2, 4));
        assert_eq!(told(4), (false, 2, 4));
        assert_eq!(told(5), (true, 4, 5));
    }
}
