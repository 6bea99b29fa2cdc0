//! The only dice of the scenario: splitmix64 (Steele, Lea, Flood 2014), fixed by its seed.

/// A stream of pseudo-random numbers.
#[derive(Debug, Clone)]
pub(super) struct Chance {
    state: u64,
}

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// An independent stream for one actor or one instant.
    pub(super) fn fork(seed: u64, actor: u64, index: u64) -> Self {
        let mut mixed = Self::new(seed ^ actor.rotate_left(32));
        let base = mixed.next();
        Self::new(base ^ index.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    pub(super) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number in `0..n`; 0 when `n` is 0.
    pub(super) fn below(&mut self, n: u32) -> u32 {
        let drawn = self.next() % u64::from(n.max(1));
        u32::try_from(drawn).unwrap_or(0)
    }

    /// A number in `low..high`, in whole units.
    pub(super) fn within(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high.saturating_sub(low))
    }

    /// A number in `[0, 1)`.
    pub(super) fn part(&mut self) -> f64 {
        let drawn = u32::try_from(self.next() >> 32).unwrap_or(0);
        f64::from(drawn) / (f64::from(u32::MAX) + 1.0)
    }

    /// A number in `[low, high)`.
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.part()
    }

    /// One of `options`, or none of an empty list.
    pub(super) fn pick<'a, T>(&mut self, options: &'a [T]) -> Option<&'a T> {
        let index = self.below(u32::try_from(options.len()).unwrap_or(u32::MAX));
        options.get(usize::try_from(index).unwrap_or(0))
    }
}
