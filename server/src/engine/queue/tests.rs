use super::*;
use proptest::prelude::*;

fn put<T>(intake: &Intake<T>, lane: &str, cost: usize, request: T) -> Result<(), NotTaken> {
    intake.send(Some(lane.into()), cost, request)
}

/// Takes one request as the writer does that is idle.
fn take<T>(waiting: &Outlet<T>) -> Option<T> {
    match waiting.next(Duration::ZERO) {
        Next::Request(request) => Some(request),
        Next::None | Next::Closed => None,
    }
}

#[test]
fn whoever_comes_seldom_does_not_wait_for_a_flood() {
    let (intake, waiting) = queue(1_000);
    for body in 0..400 {
        put(&intake, "flood", 8_000, ("flood", body)).unwrap();
    }
    assert_eq!(take(&waiting), Some(("flood", 0)));
    for turn in 0..5 {
        // It comes while a body of the flood is being written.
        put(&intake, "calls", 1, ("calls", turn)).unwrap();
        assert_eq!(take(&waiting), Some(("calls", turn)), "next, not last");
        assert_eq!(take(&waiting), Some(("flood", turn + 1)));
    }
}

#[test]
fn a_flood_of_one_at_a_time_takes_turns_as_well() {
    let (intake, waiting) = queue(10);
    put(&intake, "flood", 8_000, "flood 1").unwrap();
    assert_eq!(take(&waiting), Some("flood 1"));
    // Nothing waits while it is written; the next of the flood comes before the other.
    put(&intake, "flood", 8_000, "flood 2").unwrap();
    put(&intake, "calls", 1, "calls").unwrap();
    assert_eq!(take(&waiting), Some("calls"));
    assert_eq!(take(&waiting), Some("flood 2"));
    assert_eq!(take(&waiting), None);
    // Idle: what was had before counts for nothing.
    put(&intake, "flood", 8_000, "flood 3").unwrap();
    put(&intake, "calls", 1, "calls").unwrap();
    assert_eq!(take(&waiting), Some("flood 3"));
}

#[test]
fn a_group_takes_what_fits_and_leaves_the_rest_in_its_place() {
    let (intake, waiting) = queue(10);
    put(&intake, "a", 3, "a").unwrap();
    put(&intake, "b", 5, "b").unwrap();
    put(&intake, "c", 1, "c").unwrap();
    assert_eq!(take(&waiting), Some("a"));
    assert_eq!(waiting.next_within(4), None, "nobody is passed over");
    assert_eq!(waiting.next_within(5), Some("b"));
    assert_eq!(take(&waiting), Some("c"));
}

#[test]
fn a_lane_holds_as_many_places_as_it_leaves() {
    let (intake, waiting) = queue(8);
    let fill = |name: &str| {
        (0..9)
            .take_while(|_| put(&intake, name, 1, ()).is_ok())
            .count()
    };
    assert_eq!(fill("flood"), 4, "half of it");
    assert_eq!(fill("flood"), 0);
    assert_eq!(fill("calls"), 2, "half of the rest");
    assert_eq!(fill("units"), 1);
    assert_eq!(intake.send(None, 1, ()), Ok(()), "the last place");
    assert_eq!(put(&intake, "sites", 1, ()), Err(NotTaken::Full));
    while take(&waiting).is_some() {}
    assert_eq!(fill("flood"), 4, "what left holds nothing");
}

#[test]
fn what_was_taken_leaves_after_the_queue_is_closed() {
    let (intake, waiting) = queue(8);
    put(&intake, "a", 1, 1).unwrap();
    drop(intake);
    assert_eq!(waiting.next(Duration::MAX), Next::Request(1));
    assert_eq!(waiting.next(Duration::MAX), Next::Closed);
    let (intake, waiting) = queue(8);
    let request = Arc::new(());
    put(&intake, "a", 1, Arc::clone(&request)).unwrap();
    drop(waiting);
    assert_eq!(Arc::strong_count(&request), 1, "whoever asked is told");
    assert_eq!(put(&intake, "a", 1, request), Err(NotTaken::Ended));
}

#[test]
fn whoever_waits_is_woken() {
    let (intake, waiting) = queue(8);
    std::thread::scope(|scope| {
        let taken = scope.spawn(|| waiting.next(Duration::MAX));
        put(&intake, "a", 1, 7).unwrap();
        assert_eq!(taken.join().unwrap(), Next::Request(7));
        let closed = scope.spawn(|| waiting.next(Duration::MAX));
        drop(intake);
        assert_eq!(closed.join().unwrap(), Next::Closed);
    });
}

#[derive(Debug, Clone)]
enum Step {
    Send(u8, u16),
    Take,
    TakeWithin(u16),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0..4_u8, 0..200_u16).prop_map(|(lane, cost)| Step::Send(lane, cost)),
        1 => Just(Step::Take),
        1 => (0..200_u16).prop_map(Step::TakeWithin),
    ];
    proptest::collection::vec(step, 0..200)
}

proptest! {
    /// Nothing is lost or doubled, and a lane keeps its order, whatever is sent and taken when.
    #[test]
    fn the_order_within_a_lane_is_kept(steps in steps()) {
        let (intake, waiting) = queue(1_000);
        let mut sent = vec![0_u32; 4];
        let mut left = vec![0_u32; 4];
        let mut leave = |request: Option<(u8, u32)>| {
            let Some((lane, number)) = request else {
                return false;
            };
            assert_eq!(left[usize::from(lane)], number, "lane {lane}");
            left[usize::from(lane)] += 1;
            true
        };
        for step in steps {
            match step {
                Step::Send(name, cost) => {
                    let number = &mut sent[usize::from(name)];
                    let request = (name, *number);
                    let put = put(&intake, &name.to_string(), cost.into(), request);
                    prop_assert_eq!(put, Ok(()));
                    *number += 1;
                }
                Step::Take => drop(leave(take(&waiting))),
                Step::TakeWithin(cost) => drop(leave(waiting.next_within(cost.into()))),
            }
        }
        while leave(take(&waiting)) {}
        prop_assert_eq!(sent, left);
    }

    /// Of lanes that never run dry none gets ahead of another by more than a request of each.
    #[test]
    fn lanes_that_wait_get_equal_shares(
        costs in proptest::collection::vec(proptest::collection::vec(1..5_000_usize, 100), 2..5),
    ) {
        let (intake, waiting) = queue(10_000);
        for (name, costs) in costs.iter().enumerate() {
            for cost in costs {
                put(&intake, &name.to_string(), *cost, (name, *cost)).unwrap();
            }
        }
        let mut served = vec![0_usize; costs.len()];
        let mut taken = vec![0_usize; costs.len()];
        while let Some((name, cost)) = take(&waiting) {
            served[name] += cost;
            taken[name] += 1;
            if taken.contains(&100) {
                break;
            }
            let (least, most) = (served.iter().min().unwrap(), served.iter().max().unwrap());
            prop_assert!(most - least <= 2 * 5_000, "{:?}", served);
        }
    }
}
