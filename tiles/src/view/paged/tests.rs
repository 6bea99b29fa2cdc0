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
}
