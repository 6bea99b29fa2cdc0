//! What a request for items asks for, read strictly.
//!
//! Beside the parameters of the standard there are `after` and `offset` for paging, `at` and
//! `min_seq` as everywhere, and every field of the collection that holds one plain value:
//! `status=active` keeps the features whose status is that. Refuses to filter by a field that needs a
//! clearance, whoever asks: plates are searched where a reason has to be given.

use super::crs::Crs;
use crate::http::params::Params;
use crate::instant::queried;
use crate::problem::{Problem, echo};
use atalaya_tiles::catalog::FieldType;
use atalaya_tiles::{Bounds, FeatureId, LayerSpec, Open, Seen, ValueRef};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// What every collection takes.
pub(super) const PARAMETERS: [&str; 10] = [
    "limit", "bbox", "bbox-crs", "datetime", "crs", "f", "after", "offset", "at", "min_seq",
];
/// Features on a page, unless asked for otherwise.
pub(super) const DEFAULT_LIMIT: usize = 100;
/// The farthest that `offset` reaches; `after` reaches any depth.
const OFFSET_MOST: usize = 1_000_000;

/// A question about the items of a collection.
#[derive(Debug, Clone)]
pub(super) struct Query {
    pub(super) limit: usize,
    pub(super) crs: Crs,
    pub(super) at: Option<Timestamp>,
    bounds: Option<Bounds>,
    observed: Option<Span>,
    equal: Vec<(String, String)>,
    after: Option<FeatureId>,
    offset: usize,
}

/// Instants from one to another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    from: Timestamp,
    to: Timestamp,
}

/// What a question found.
#[derive(Debug)]
pub(super) struct Page {
    /// The features of this page, in order of id.
    pub(super) features: Vec<Seen>,
    /// How many there are on all pages.
    pub(super) matched: usize,
    /// Whether there are more after these.
    pub(super) more: bool,
}

/// The fields of a layer by which its items can be filtered: those that exist for everybody.
pub(super) fn filters<'s>(open: &Open<'s>) -> Vec<&'s str> {
    let spec = open.spec();
    let seen = spec.fields.iter().filter(|(name, field)| {
        let visible = spec
            .field(name)
            .is_some_and(|at| open.fields().contains(at));
        let plain = !matches!(field.kind, FieldType::Time | FieldType::List);
        visible && plain && field.clearance.is_none() && !PARAMETERS.contains(&name.as_str())
    });
    seen.map(|(name, _)| name.as_str()).collect()
}

impl Query {
    /// Reads the question; `most` is the most features on a page.
    pub(super) fn read(params: &Params, open: &Open<'_>, most: usize) -> Result<Self, Problem> {
        params.one_of("f", &["json", "geojson"])?;
        let limit = params.usize("limit", 1..=usize::MAX)?;
        let bbox_crs = Crs::parse("bbox-crs", params.raw("bbox-crs"))?;
        let equal = filters(open).into_iter().filter_map(|name| {
            let value = params.raw(name)?;
            Some((name.to_owned(), value.to_owned()))
        });
        Ok(Self {
            // The standard has it that more than can be is no error.
            limit: limit.unwrap_or(DEFAULT_LIMIT).min(most),
            crs: Crs::parse("crs", params.raw("crs"))?,
            at: params.instant("at")?,
            bounds: params
                .raw("bbox")
                .map(|text| bounds(text, bbox_crs))
                .transpose()?,
            observed: params.raw("datetime").map(span).transpose()?,
            equal: equal.collect(),
            after: params.text("after", 4_096)?.map(FeatureId::from),
            offset: params.usize("offset", 0..=OFFSET_MOST)?.unwrap_or(0),
        })
    }

    /// Asks a layer. May take as long as reading all of it.
    pub(super) fn ask(&self, open: &Open<'_>) -> Page {
        let wanted = self.offset + self.limit + 1;
        let unfiltered = self.bounds.is_none() && self.observed.is_none() && self.equal.is_empty();
        let (mut features, matched) = if unfiltered {
            (open.page(self.after.as_ref(), wanted), open.count())
        } else {
            let mut found = match self.bounds {
                Some(bounds) => open.within(bounds, None),
                None => open.page(None, usize::MAX),
            };
            found.retain(|seen| self.admits(open.spec(), seen));
            let passed =
                |after: &FeatureId| found.partition_point(|seen| seen.id() <= after.as_str());
            let start = self.after.as_ref().map_or(0, passed);
            let matched = found.len();
            (found.drain(start..).take(wanted).collect(), matched)
        };
        features.drain(..self.offset.min(features.len()));
        let more = features.len() > self.limit;
        features.truncate(self.limit);
        Page {
            features,
            matched,
            more,
        }
    }

    fn admits(&self, spec: &LayerSpec, seen: &Seen) -> bool {
        let at = seen.observed_at();
        self.observed
            .is_none_or(|span| span.from <= at && at <= span.to)
            && self.equal.iter().all(|(name, text)| {
                let value = seen.property(spec, name);
                value.is_some_and(|value| equals(value, text))
            })
            && self
                .bounds
                .is_none_or(|bounds| seen.geometry().is_some_and(|it| bounds.meets(&it)))
    }
}

fn equals(value: ValueRef<'_>, text: &str) -> bool {
    match value {
        ValueRef::Text(own) => own == text,
        ValueRef::Integer(own) => text.parse() == Ok(own),
        ValueRef::Number(own) => text
            .parse()
            .is_ok_and(|asked: f64| own.total_cmp(&asked).is_eq()),
        ValueRef::Boolean(own) => text.parse() == Ok(own),
        ValueRef::Time(_) | ValueRef::List(_) => false,
    }
}

/// Four numbers, or six with heights, which nothing here has.
fn bounds(text: &str, crs: Crs) -> Result<Bounds, Problem> {
    let refused = || Problem::BadBbox {
        name: "bbox".into(),
        value: echo(text),
    };
    let edges: Vec<f64> = text
        .split(',')
        .take(7)
        .map(|edge| edge.trim().parse().map_err(|_| refused()))
        .collect::<Result<_, _>>()?;
    let corners = match edges[..] {
        [a, b, c, d] | [a, b, _, c, d, _] => [a, b, c, d],
        _ => return Err(refused()),
    };
    crs.bounds(corners).ok_or_else(refused)
}

/// An instant, or two joined by a slash, of which one may be open.
fn span(text: &str) -> Result<Span, Problem> {
    let refused = || {
        Problem::BadParameter {
        name: "datetime".into(),
        value: echo(text),
        expected: "an RFC 3339 instant such as 2026-03-01T12:00:00Z, or two joined by /, one of which may be ..".into(),
    }
    };
    let end = |text: &str| match text {
        "" | ".." => Ok(None),
        text => moment(text).map(Some).ok_or_else(refused),
    };
    let (from, to) = match text.split_once('/') {
        None => (moment(text), moment(text)),
        Some((from, to)) => (end(from)?, end(to)?),
    };
    if from.is_none() && to.is_none() {
        return Err(refused());
    }
    let span = Span {
        from: from.map_or(Timestamp::MIN, |span| span.from),
        to: to.map_or(Timestamp::MAX, |span| span.to),
    };
    (span.from <= span.to).then_some(span).ok_or_else(refused)
}

/// An instant; a date without a time is the whole day in UTC.
fn moment(text: &str) -> Option<Span> {
    if text.len() > "2026-03-01".len() {
        let at = queried(text)?;
        return Some(Span { from: at, to: at });
    }
    let date: Date = text.parse().ok()?;
    let from = date.to_zoned(TimeZone::UTC).ok()?.timestamp();
    let day = SignedDuration::from_hours(24) - SignedDuration::from_nanos(1);
    let to = from.checked_add(day).ok()?;
    Some(Span { from, to })
}

#[cfg(test)]
mod tests;
