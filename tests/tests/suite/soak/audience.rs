//! Those who look: viewers who stay, as they are spoken to, and passers-by whom nobody knows.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use atalaya_tests::Visitor;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::chance::Chance;
use super::day::Day;
use super::viewer::{Order, Report, Viewer};
use super::world::CLASSES;

pub(super) const VIEWERS: usize = 30;
/// Between two of those who open a stream and are gone before it says anything.
const PASSING_EVERY: Duration = Duration::from_millis(20);
const PASSING: &str = "layers=calls,hits&bbox=-110.98,32.21,-110.97,32.22&zoom=14";

/// The viewers, as they are spoken to.
#[derive(Debug)]
pub(super) struct Audience {
    orders: watch::Sender<Order>,
    reports: mpsc::Receiver<Report>,
    following: JoinSet<()>,
    passed: Arc<AtomicU64>,
}

impl Audience {
    pub(super) fn gather(day: &Day, chance: &mut Chance) -> Self {
        let (orders, _) = watch::channel(Order::Roam);
        let (report, reports) = mpsc::channel(VIEWERS);
        let mut following = JoinSet::new();
        for number in 0..VIEWERS {
            let class = CLASSES[number % CLASSES.len()];
            let visitor = day.city.program("analyst", class.clearances);
            let viewer = Viewer::new(number, class, visitor, chance.branch());
            following.spawn(viewer.follow(orders.subscribe(), report.clone()));
        }
        let passed = Arc::new(AtomicU64::new(0));
        let passing = pass_by(day.city.operator(), orders.subscribe(), Arc::clone(&passed));
        following.spawn(passing);
        Self {
            orders,
            reports,
            following,
            passed,
        }
    }

    /// Lets everybody do as they like.
    pub(super) fn roam(&self) {
        self.orders.send_replace(Order::Roam);
    }

    /// Sends everybody away.
    pub(super) async fn go(&mut self) {
        self.following.shutdown().await;
    }

    /// Has everybody compare at a position; the answer is what is wrong, and what they have been through so far.
    pub(super) async fn compare(&mut self, seq: u64) -> (Vec<String>, BTreeMap<&'static str, u64>) {
        self.orders.send_replace(Order::Compare(seq));
        let (mut wrong, mut counts) = (Vec::new(), BTreeMap::new());
        for _ in 0..VIEWERS {
            let report = tokio::select! {
                report = self.reports.recv() => report.expect("viewers report"),
                ended = self.following.join_next() => {
                    let failed = ended.and_then(Result::err).map(|it| it.to_string());
                    unreachable!("a viewer ended: {failed:?}");
                }
            };
            wrong.extend(report.0);
            for (what, often) in report.1 {
                *counts.entry(what).or_default() += often;
            }
        }
        counts.insert("passed by", self.passed.load(Ordering::Relaxed));
        (wrong, counts)
    }
}

/// Opens one stream after the other while viewers roam, and takes nothing of any.
async fn pass_by(visitor: Visitor, orders: watch::Receiver<Order>, passed: Arc<AtomicU64>) {
    let mut beats = tokio::time::interval(PASSING_EVERY);
    loop {
        beats.tick().await;
        if *orders.borrow() == Order::Roam {
            let opened = visitor.socket(PASSING, true).await;
            opened.expect("the server upgrades");
            passed.fetch_add(1, Ordering::Relaxed);
        }
    }
}
