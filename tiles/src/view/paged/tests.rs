use super::*;
use proptest::prelude::*;

proptest! {
    #[test]
    fn a_list_holds_what_was_put_and_its_snapshots_never_change(
        steps in prop::collection::vec((0_usize..2_000, 1_u32..), 1..60),
    ) {
        let (mut list, mut plain) = (Paged::default(), Vec::new());
        let mut snapshots = Vec::new();
        for (at, value) in steps {
            list.set(at, value);
            plain.resize(plain.len().max(at + 1), 0);
            plain[at] = value;
            snapshots.push((list.clone(), plain.clone()));
        }
        for (list, plain) in snapshots {
            for at in 0..2_100 {
                prop_assert_eq!(list.get(at), plain.get(at).copied().unwrap_or_default());
            }
        }
    }

    #[test]
    fn a_list_made_at_once_is_as_one_by_one(plain in prop::collection::vec(any::<u32>(), 0..1_000)) {
        let (mut at_once, mut one_by_one) = (Paged::of(&plain), Paged::default());
        for (at, value) in plain.iter().enumerate() {
            one_by_one.set(at, *value);
        }
        at_once.set(plain.len() + 7, 1);
        one_by_one.set(plain.len() + 7, 1);
        for at in 0..plain.len() + 600 {
            prop_assert_eq!(at_once.get(at), one_by_one.get(at));
        }
    }
}
