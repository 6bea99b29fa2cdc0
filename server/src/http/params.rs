//! The query of a request, read strictly.
//!
//! A path says which keys it takes; an unknown or a repeated key is refused, since a typing error in
//! `min_seq` or `bbox` must not silently widen the answer. Every refusal names the key, the value
//! and what was expected.

use crate::instant::queried;
use crate::problem::{Problem, echo};
use actix_web::HttpRequest;
use actix_web::web::Query;
use atalaya_tiles::{Bounds, LonLat, Window};
use jiff::{SignedDuration, Timestamp};
use std::ops::RangeInclusive;
use std::str::FromStr;

/// The most layers that one request names.
pub const MOST_LAYERS: usize = 64;

/// The longest `window`.
const LONGEST_WINDOW: SignedDuration = SignedDuration::from_hours(24 * 366);

/// The most keys a query can have.
const MAX_PAIRS: usize = 64;

/// The parameters of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Reads the query of a request for a path that takes the keys given.
    pub fn parse(request: &HttpRequest, known: &[&str]) -> Result<Self, Problem> {
        Self::of_query(request.query_string(), known)
    }

    /// Reads a query, as it stands after the `?`.
    pub fn of_query(query: &str, known: &[&str]) -> Result<Self, Problem> {
        let pairs = Query::<Vec<(String, String)>>::from_query(query)
            .map_err(|_| Problem::BadRequest {})?
            .into_inner();
        // As they came, empty ones left out as the reader does.
        let mut written = query.split('&').filter(|pair| !pair.is_empty());
        for (at, (name, _)) in pairs.iter().enumerate() {
            let written = written.next().unwrap_or_default();
            if at >= MAX_PAIRS || !known.contains(&name.as_str()) {
                return Err(Problem::UnknownParameter {
                    name: echo(name),
                    known: listed(known),
                });
            }
            if pairs.iter().take(at).any(|(before, _)| before == name) {
                return Err(Problem::RepeatedParameter { name: echo(name) });
            }
            let value = written.split_once('=').map_or("", |(_, value)| value);
            if !is_utf8(value) {
                return Err(bad(name, value, "text in UTF-8, percent-encoded".into()));
            }
        }
        Ok(Self(pairs))
    }

    /// All parameters as they were given.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.0.iter();
        pairs.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The text of a parameter, if it was given.
    pub fn raw(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// A text of at least one and at most `longest` characters.
    pub fn text(&self, name: &str, longest: usize) -> Result<Option<&str>, Problem> {
        let Some(value) = self.raw(name) else {
            return Ok(None);
        };
        if (1..=longest).contains(&value.chars().count()) {
            return Ok(Some(value));
        }
        Err(bad(
            name,
            value,
            format!("a text of 1 to {longest} characters"),
        ))
    }

    /// Texts joined by commas: at least one, at most `most`, none empty.
    pub fn list(&self, name: &str, most: usize) -> Result<Option<Vec<&str>>, Problem> {
        let Some(value) = self.raw(name) else {
            return Ok(None);
        };
        let texts: Vec<&str> = value.split(',').take(most.saturating_add(1)).collect();
        if texts.len() <= most && texts.iter().all(|text| !text.is_empty()) {
            return Ok(Some(texts));
        }
        Err(bad(
            name,
            value,
            format!("1 to {most} names joined by commas"),
        ))
    }

    /// A finite number within a range.
    pub fn f64(&self, name: &str, range: RangeInclusive<f64>) -> Result<Option<f64>, Problem> {
        self.number(name, "a number", range)
    }

    /// A whole number within a range.
    pub fn usize(
        &self,
        name: &str,
        range: RangeInclusive<usize>,
    ) -> Result<Option<usize>, Problem> {
        self.number(name, "a whole number", range)
    }

    /// A small whole number within a range, such as a zoom or a resolution.
    pub fn u8(&self, name: &str, range: RangeInclusive<u8>) -> Result<Option<u8>, Problem> {
        self.number(name, "a whole number", range)
    }

    fn number<T>(
        &self,
        name: &str,
        what: &str,
        range: RangeInclusive<T>,
    ) -> Result<Option<T>, Problem>
    where
        T: FromStr + PartialOrd + std::fmt::Display,
    {
        let Some(value) = self.raw(name) else {
            return Ok(None);
        };
        // A range never contains NaN, and all ranges have finite ends.
        match value.parse() {
            Ok(number) if range.contains(&number) => Ok(Some(number)),
            _ => Err(bad(
                name,
                value,
                format!("{what} from {} to {}", range.start(), range.end()),
            )),
        }
    }

    /// One of several words; the answer is the position of the word in the list.
    pub fn one_of(&self, name: &str, words: &[&str]) -> Result<Option<usize>, Problem> {
        let Some(value) = self.raw(name) else {
            return Ok(None);
        };
        match words.iter().position(|word| *word == value) {
            Some(at) => Ok(Some(at)),
            None => Err(bad(name, value, format!("one of {}", words.join(", ")))),
        }
    }

    /// A box, `west,south,east,north` in degrees; `west > east` spans the antimeridian.
    pub fn bbox(&self, name: &str) -> Result<Option<Bounds>, Problem> {
        let Some(value) = self.raw(name) else {
            return Ok(None);
        };
        let refused = || Problem::BadBbox {
            name: name.into(),
            value: echo(value),
        };
        let edges: Vec<f64> = value
            .split(',')
            .take(5)
            .map(|edge| edge.trim().parse().map_err(|_| refused()))
            .collect::<Result<_, _>>()?;
        let [west, south, east, north] = edges[..] else {
            return Err(refused());
        };
        Bounds::new(west, south, east, north)
            .map(Some)
            .map_err(|_| refused())
    }

    /// The position in `lon` and `lat`, both of which have to be there.
    pub fn lon_lat(&self) -> Result<LonLat, Problem> {
        let degrees = |name| {
            self.raw(name).ok_or_else(|| Problem::MissingParameter {
                name: name.to_owned(),
                expected: "degrees, WGS 84".into(),
            })
        };
        let (lon, lat) = (degrees("lon")?, degrees("lat")?);
        let refused = || Problem::BadCoordinates {
            value: echo(&format!("{lon},{lat}")),
        };
        let (Ok(x), Ok(y)) = (lon.parse(), lat.parse()) else {
            return Err(refused());
        };
        LonLat::new(x, y).map_err(|_| refused())
    }

    /// An RFC 3339 instant.
    pub fn instant(&self, name: &str) -> Result<Option<Timestamp>, Problem> {
        let Some(value) = self.raw(name) else {
            return Ok(None);
        };
        queried(value).map(Some).ok_or_else(|| Problem::BadInstant {
            name: name.into(),
            value: echo(value),
        })
    }

    /// A span of time: a whole number and `s`, `m`, `h` or `d`, at most `longest`.
    pub fn window(
        &self,
        name: &str,
        longest: SignedDuration,
    ) -> Result<Option<SignedDuration>, Problem> {
        let Some(value) = self.raw(name) else {
            return Ok(None);
        };
        match span(value) {
            Some(span) if span > SignedDuration::ZERO && span <= longest => Ok(Some(span)),
            _ => Err(Problem::BadWindow {
                name: name.into(),
                value: echo(value),
                longest: shown(longest),
            }),
        }
    }

    /// The span of time that `window` asks of sightings: it ends at the last whole ten seconds, so
    /// that all tiles and counts of a screen agree and a cache can hold them.
    pub fn sightings_within(&self, now: Timestamp) -> Result<Option<Window>, Problem> {
        let Some(length) = self.window("window", LONGEST_WINDOW)? else {
            return Ok(None);
        };
        let whole = now.as_second().div_euclid(10) * 10;
        let to = Timestamp::from_second(whole).map_err(Problem::internal)?;
        let from = to.checked_sub(length).map_err(Problem::internal)?;
        Ok(Some(Window { from, to }))
    }

    /// The refusal of a request that lacks a parameter.
    pub fn missing(name: &str, expected: &str) -> Problem {
        Problem::MissingParameter {
            name: name.into(),
            expected: expected.into(),
        }
    }
}

/// Whether the bytes that a percent-encoded value stands for are UTF-8.
fn is_utf8(value: &str) -> bool {
    let mut bytes = Vec::with_capacity(value.len());
    let mut left = value.as_bytes();
    while let Some((first, rest)) = left.split_first() {
        let escaped = rest.split_at_checked(2).filter(|_| *first == b'%');
        let digits =
            escaped.and_then(|(digits, after)| Some((std::str::from_utf8(digits).ok()?, after)));
        let byte =
            digits.and_then(|(digits, after)| Some((u8::from_str_radix(digits, 16).ok()?, after)));
        let (byte, after) = byte.unwrap_or((*first, rest));
        bytes.push(byte);
        left = after;
    }
    std::str::from_utf8(&bytes).is_ok()
}

fn bad(name: &str, value: &str, expected: String) -> Problem {
    Problem::BadParameter {
        name: name.into(),
        value: echo(value),
        expected,
    }
}

fn listed(known: &[&str]) -> String {
    if known.is_empty() {
        return "none".into();
    }
    known.join(", ")
}

const UNITS: [(char, i64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// `15m` and the like; digits only, so that neither a sign nor a fraction slips in.
fn span(text: &str) -> Option<SignedDuration> {
    let unit = text.chars().next_back()?;
    let (_, seconds) = UNITS.iter().find(|(known, _)| *known == unit)?;
    let count = text.strip_suffix(unit)?;
    if !count.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let count: i64 = count.parse().ok()?;
    count.checked_mul(*seconds).map(SignedDuration::from_secs)
}

/// The inverse of [`span`], in the largest unit that fits.
fn shown(span: SignedDuration) -> String {
    let seconds = span.as_secs();
    UNITS
        .iter()
        .find(|(_, unit)| seconds % unit == 0)
        .map_or_else(
            || format!("{seconds}s"),
            |(name, unit)| format!("{}{name}", seconds / unit),
        )
}

#[cfg(test)]
mod tests;
