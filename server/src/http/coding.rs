//! Content codings: which one a client gets (RFC 9110 section 12.5.3), and the bytes in it.

use actix_web::HttpRequest;
use actix_web::http::header::ACCEPT_ENCODING;
use bytes::Bytes;
use std::io::{self, Read, Write};

/// Bodies smaller than this are not worth compressing.
const SMALLEST: usize = 256;

/// A content coding that is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Coding {
    /// As it is.
    Identity,
    /// Zstandard: a fifth of gzip's time for about its size.
    Zstd,
    /// Brotli.
    Brotli,
    /// Gzip.
    Gzip,
}

impl Coding {
    /// The ones there are, best first.
    pub(crate) const BEST_FIRST: [Self; 4] = [Self::Zstd, Self::Brotli, Self::Gzip, Self::Identity];

    /// The name in `Content-Encoding`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Zstd => "zstd",
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    /// The best coding that the request accepts. Identity always is: a client that forbids it gets
    /// it all the same rather than nothing.
    pub(super) fn negotiate(request: &HttpRequest) -> Self {
        Self::negotiate_among(request, &Self::BEST_FIRST)
    }

    /// As [`Self::negotiate`], where only these codings are at hand; the best comes first.
    pub(super) fn negotiate_among(request: &HttpRequest, at_hand: &[Self]) -> Self {
        let headers = request.headers().get_all(ACCEPT_ENCODING);
        let mut accepted = headers.filter_map(|value| value.to_str().ok());
        let first = accepted.next().unwrap_or_default();
        let more: Vec<&str> = accepted.collect();
        if more.is_empty() {
            return Self::choose(first, at_hand);
        }
        Self::choose(&format!("{first},{}", more.join(",")), at_hand)
    }

    fn choose(accepted: &str, at_hand: &[Self]) -> Self {
        let mut weights: [Option<f64>; Self::BEST_FIRST.len()] = [None; _];
        let mut any = None;
        for part in accepted.split(',') {
            let (name, parameters) = part.split_once(';').unwrap_or((part, ""));
            let name = name.trim();
            let named = |coding: &Self| name.eq_ignore_ascii_case(coding.name());
            let weight = match Self::BEST_FIRST.iter().position(named) {
                Some(at) => weights.get_mut(at),
                None if name == "*" => Some(&mut any),
                None => None,
            };
            if let Some(weight) = weight {
                weight.get_or_insert_with(|| quality(parameters));
            }
        }
        let mut best = (Self::Identity, 0.0);
        for &coding in at_hand {
            let named = Self::BEST_FIRST.iter().zip(weights);
            let weight = named
                .filter(|(known, _)| **known == coding)
                .find_map(|(_, weight)| weight);
            // Identity counts least unless it is named.
            let unnamed = if coding == Self::Identity { 0.001 } else { 0.0 };
            let weight = weight.or(any).unwrap_or(unnamed);
            if weight > best.1 {
                best = (coding, weight);
            }
        }
        best.0
    }

    /// The bytes in this coding. Blocking: not for the event loop.
    pub(crate) fn encode(self, plain: &Bytes) -> io::Result<Bytes> {
        match self {
            Self::Identity => Ok(plain.clone()),
            // A fifth of what gzip takes; more effort gains few bytes of a tile.
            Self::Zstd => zstd::bulk::compress(plain, 1).map(Bytes::from),
            Self::Gzip => {
                let mut encoder =
                    flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
                encoder.write_all(plain)?;
                encoder.finish().map(Bytes::from)
            }
            Self::Brotli => {
                let mut coded = Vec::new();
                {
                    let mut encoder = brotli::CompressorWriter::new(&mut coded, 4_096, 4, 22);
                    encoder.write_all(plain)?;
                    encoder.flush()?;
                }
                Ok(coded.into())
            }
        }
    }

    /// What the bytes in this coding were; nothing where that is more than so many bytes. Blocking: not for the event loop.
    pub(crate) fn decode(self, coded: &Bytes, most: usize) -> io::Result<Option<Bytes>> {
        let mut plain = Vec::new();
        let room = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
        match self {
            Self::Identity => return Ok((coded.len() <= most).then(|| coded.clone())),
            Self::Zstd => zstd::Decoder::new(&**coded)?
                .take(room)
                .read_to_end(&mut plain),
            Self::Gzip => flate2::read::MultiGzDecoder::new(&**coded)
                .take(room)
                .read_to_end(&mut plain),
            Self::Brotli => brotli::Decompressor::new(&**coded, 4_096)
                .take(room)
                .read_to_end(&mut plain),
        }?;
        Ok((plain.len() <= most).then(|| plain.into()))
    }

    /// Whether a body of this size is compressed at all.
    pub(crate) fn suits(self, bytes: usize) -> bool {
        self == Self::Identity || bytes >= SMALLEST
    }
}

/// The weight among the parameters of a coding or a media type: 1 where it is not given, 0 where it is no number.
pub(super) fn quality(parameters: &str) -> f64 {
    let mut words = parameters.split(';').map(str::trim);
    let weight = words.find_map(|word| word.strip_prefix("q="));
    weight.map_or(1.0, |weight| weight.parse().unwrap_or(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_accepted_coding_wins() {
        let table = [
            ("", Coding::Identity),
            ("gzip", Coding::Gzip),
            ("gzip, deflate, br, zstd", Coding::Zstd),
            ("gzip, br", Coding::Brotli),
            ("br;q=0.5, gzip;q=0.8", Coding::Gzip),
            ("zstd;q=0, gzip", Coding::Gzip),
            ("*", Coding::Zstd),
            ("identity", Coding::Identity),
            ("deflate", Coding::Identity),
        ];
        for (accepted, expected) in table {
            let chosen = Coding::choose(accepted, &Coding::BEST_FIRST);
            assert_eq!(chosen, expected, "{accepted}");
        }
    }

    #[test]
    fn what_is_not_at_hand_is_not_chosen() {
        let made_at_build = [Coding::Brotli, Coding::Gzip, Coding::Identity];
        let table = [
            ("gzip, deflate, br, zstd", Coding::Brotli),
            ("zstd", Coding::Identity),
            ("zstd, gzip;q=0.2", Coding::Gzip),
            ("br;q=0, gzip;q=0", Coding::Identity),
            ("*;q=0", Coding::Identity),
            ("identity, br;q=0.5", Coding::Identity),
        ];
        for (accepted, expected) in table {
            let chosen = Coding::choose(accepted, &made_at_build);
            assert_eq!(chosen, expected, "{accepted}");
        }
    }

    #[test]
    fn every_coding_can_be_undone() {
        let plain = Bytes::from("a tile of a city at night ".repeat(40));
        for coding in Coding::BEST_FIRST {
            let coded = coding.encode(&plain).unwrap();
            let back = coding.decode(&coded, plain.len()).unwrap();
            assert_eq!(back.as_ref(), Some(&plain), "{coding:?}");
            let more = coding.decode(&coded, plain.len() - 1).unwrap();
            assert_eq!(more, None, "{coding:?}");
        }
    }
}
