//! The records of a body that were refused: all counted, the first of them with their reasons.
//!
//! A body of nothing but bad records costs little more than its bytes: of those after the first
//! [`KEPT`] only their number is kept, and who they are about as far as that is told, for bodies that
//! name all that a feed has.

use atalaya_tiles::FeatureId;
use std::collections::HashSet;
use std::ops::Deref;

/// The most rejects of one body that are kept with their reasons.
pub(super) const KEPT: usize = 1_000;
/// The most ids that are kept of the others.
const NAMED: usize = 65_536;

/// A record that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// Position of the record in the input, from 0.
    pub index: usize,
    /// Why, for its sender to read.
    pub reason: String,
    /// JSON pointer (RFC 6901) to what is wrong, or empty.
    pub pointer: String,
    /// The feature that it is about, where so much could be read.
    pub feature: Option<FeatureId>,
}

/// What could not be read, in the order of the input: a slice of the first [`KEPT`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rejects {
    kept: Vec<Reject>,
    total: usize,
    /// Who the others are about.
    named: HashSet<FeatureId>,
    /// Whether they are about more than that.
    unnamed: bool,
    /// Records that say of nobody who they are, as far as they are seen; and the last of them.
    nameless: usize,
    last_nameless: Option<usize>,
}

impl Rejects {
    /// How many there were, those that are not kept included.
    pub fn len(&self) -> usize {
        self.total
    }

    /// Whether there were none.
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// Those that are kept.
    pub fn into_kept(self) -> Vec<Reject> {
        self.kept
    }

    /// Who they are about, as far as they say.
    pub(super) fn named(&self) -> impl Iterator<Item = &FeatureId> {
        let kept = self.kept.iter().filter_map(|it| it.feature.as_ref());
        kept.chain(&self.named)
    }

    /// Whether they are about more features than are kept.
    pub(super) fn has_more_names(&self) -> bool {
        self.unnamed
    }

    /// How many records say of nobody who they are.
    pub(super) fn nameless(&self) -> usize {
        self.nameless
    }

    /// Takes one more, of a record that was read in part or not.
    pub(super) fn push(&mut self, reject: Reject, read: bool) {
        self.total += 1;
        let known = read || self.last_nameless == Some(reject.index);
        if reject.feature.is_none() && !known {
            self.nameless += 1;
            self.last_nameless = Some(reject.index);
        }
        if self.kept.len() < KEPT {
            self.kept.push(reject);
        } else if let Some(feature) = reject.feature {
            if self.named.len() < NAMED {
                self.named.insert(feature);
            } else {
                self.unnamed |= !self.named.contains(&feature);
            }
        }
    }

    /// Notes that something of a record was read after all.
    pub(super) fn note_read(&mut self, index: usize) {
        if self.last_nameless == Some(index) {
            self.nameless -= 1;
            self.last_nameless = None;
        }
    }
}

impl Deref for Rejects {
    type Target = [Reject];

    fn deref(&self) -> &[Reject] {
        &self.kept
    }
}

impl<'r> IntoIterator for &'r Rejects {
    type Item = &'r Reject;
    type IntoIter = std::slice::Iter<'r, Reject>;

    fn into_iter(self) -> Self::IntoIter {
        self.kept.iter()
    }
}

impl<const N: usize> PartialEq<[Reject; N]> for Rejects {
    fn eq(&self, other: &[Reject; N]) -> bool {
        self.total == N && self.kept == *other
    }
}

#[cfg(test)]
mod tests;
