//! Numbers that look drawn and are the same for the same seed.

/// A linear congruential generator; its upper half is what is used.
#[derive(Debug, Clone)]
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Another one, whose numbers have nothing to do with those of this one.
    pub(super) fn branch(&mut self) -> Self {
        Self::new(u64::from(self.next()) << 32 | u64::from(self.next()))
    }

    fn next(&mut self) -> u32 {
        let Self(state) = self;
        *state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let [a, b, c, d, ..] = state.to_be_bytes();
        u32::from_be_bytes([a, b, c, d])
    }

    /// 0 to 1, without 1.
    pub(super) fn share(&mut self) -> f64 {
        f64::from(self.next()) / (f64::from(u32::MAX) + 1.0)
    }

    /// One of so many, from 0 on.
    pub(super) fn below(&mut self, many: u32) -> u32 {
        self.next() % many.max(1)
    }

    /// So often in a hundred times.
    pub(super) fn percent(&mut self, often: u32) -> bool {
        self.below(100) < often
    }

    /// A whole number within these, both included.
    pub(super) fn within(&mut self, least: i64, most: i64) -> i64 {
        let width = u32::try_from(most - least + 1).unwrap_or(1);
        least + i64::from(self.below(width))
    }

    /// One of these.
    pub(super) fn one_of<'t, T>(&mut self, these: &'t [T]) -> &'t T {
        let many = u32::try_from(these.len()).unwrap_or(u32::MAX);
        &these[self.below(many) as usize]
    }

    /// A number of things of which so many come on the average.
    pub(super) fn about(&mut self, average: f64) -> u32 {
        let mut many = 0;
        let mut rest = average;
        while rest >= 1.0 || self.share() < rest {
            (many, rest) = (many + 1, rest - 1.0);
            if rest <= 0.0 {
                break;
            }
        }
        many
    }
}
