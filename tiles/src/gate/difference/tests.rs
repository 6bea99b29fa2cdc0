use crate::catalog::LayerKind;
use crate::city::{self, catalog, folded, viewers};
use crate::feature::{FeatureId, Topic};
use crate::gate::Open;
use proptest::prelude::*;
use proptest::test_runner::Config;
use std::collections::BTreeMap;

/// What a client holds of a layer: each feature with the topic that it came in.
type Held = BTreeMap<FeatureId, (Topic, String)>;

fn text(open: &Open<'_>, seen: &crate::Seen) -> String {
    city::reading::features(open, seen)
}

fn all(open: &Open<'_>) -> Held {
    let seen = open.page(None, usize::MAX);
    seen.iter()
        .map(|it| (it.feature_id(), (it.topic(), text(open, it))))
        .collect()
}

proptest! {
    #![proptest_config(Config::with_cases(48))]

    #[test]
    fn a_difference_leads_from_one_view_to_the_other_and_names_nothing_else(
        log in city::log(60), cut in any::<prop::sample::Index>(),
    ) {
        let catalog = catalog();
        let cut = cut.index(log.len());
        // Folded each on its own: nothing is shared, and neither knows the changes of the other.
        let (was, is) = (folded(&catalog, &log[..cut], 3).view(), folded(&catalog, &log, 7).view());
        for (_, viewer) in viewers(&catalog) {
            for now in is.open_all(&viewer) {
                let before = was.open_at(&viewer, now.layer()).unwrap();
                if now.spec().kind == LayerKind::Sighting {
                    continue;
                }
                let had = all(&before);
                let mut held = had.clone();
                for (topic, delta) in now.difference(&before) {
                    for id in &delta.removes {
                        prop_assert!(had.get(id).is_some_and(|(from, _)| *from == topic));
                        // One that moved may have come in its new topic already.
                        if held.get(id).is_some_and(|(from, _)| *from == topic) {
                            held.remove(id);
                        }
                    }
                    for seen in &delta.upserts {
                        let next = (topic, text(&now, seen));
                        prop_assert!(seen.seq() > before.last_change());
                        held.insert(seen.feature_id(), next);
                    }
                }
                prop_assert_eq!(held, all(&now));
            }
        }
    }
}
