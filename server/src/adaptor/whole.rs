//! Bodies that name all that a feed has, so that what they leave out is gone.
//!
//! A body counts as whole only where nothing speaks against it: whatever was refused in it must still
//! have said who it is, and the body must not say itself that there is more. In doubt nothing is gone:
//! a closure that stays for one poll too many is a nuisance, a map that is wiped by one bad poll is not
//! to be trusted again.

use super::Decoded;
use atalaya_tiles::{Event, FeatureId};
use jiff::Timestamp;
use std::collections::HashSet;

/// Who is in a whole body.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Whole {
    /// The features that it names, those of refused records among them.
    pub named: HashSet<FeatureId>,
    /// As of when it was made, where it says.
    pub as_of: Option<Timestamp>,
    /// Why it may not be all that there is.
    pub doubt: Option<Doubt>,
}

/// Why a body cannot be taken as all that there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// It says so itself.
    #[error("{0}")]
    Partial(&'static str),
    /// Records that could be any of those that seem to be missing.
    #[error("the body has records without a readable id ({0})")]
    Nameless(usize),
    /// More features are refused than are remembered.
    #[error("the body has too many records that were refused ({0})")]
    Rejects(usize),
}

impl Decoded {
    /// Who is in the body, and whether it is all that the feed has.
    pub fn whole(&self) -> Whole {
        let seen = self.events.iter().filter_map(|it| match &it.event {
            Event::Observed(observation) => Some(&observation.feature),
            Event::Withdrawn { .. } | Event::Clock => None,
        });
        Whole {
            named: self.rejects.named().chain(seen).cloned().collect(),
            as_of: self.as_of,
            doubt: self.doubt(),
        }
    }

    fn doubt(&self) -> Option<Doubt> {
        let nameless = self.rejects.nameless();
        let partial = self.partial.map(Doubt::Partial);
        let nameless = (nameless > 0).then_some(Doubt::Nameless(nameless));
        let many = self
            .rejects
            .has_more_names()
            .then_some(Doubt::Rejects(self.rejects.len()));
        partial.or(nameless).or(many)
    }
}

#[cfg(test)]
mod tests;
