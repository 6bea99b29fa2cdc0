//! Which format a tile is answered in: as the ending of its address says, else as `Accept` does
//! (RFC 9110 section 12.5.1).

use actix_web::HttpRequest;
use actix_web::http::header;
use atalaya_tiles::TileFormat;

/// What addresses of tiles may end with.
const ENDINGS: [(&str, TileFormat); 3] = [
    (".mvt", TileFormat::Mvt),
    (".pbf", TileFormat::Mvt),
    (".mlt", TileFormat::Mlt),
];

/// The media type of a format.
pub(super) const fn media_type(format: TileFormat) -> &'static str {
    match format {
        TileFormat::Mvt => "application/vnd.mapbox-vector-tile",
        TileFormat::Mlt => "application/vnd.maplibre-tile",
    }
}

/// Which form tiles have, in their `ETag`: raised where the same picture gives other bytes than before.
pub(super) const fn form(format: TileFormat) -> &'static str {
    match format {
        TileFormat::Mvt => "mvt 4",
        TileFormat::Mlt => "mlt 1",
    }
}

/// Takes the ending off, and says of which format it is.
pub(super) fn ending(row: &str) -> (&str, Option<TileFormat>) {
    let known = ENDINGS
        .into_iter()
        .find_map(|(ending, format)| Some((row.strip_suffix(ending)?, Some(format))));
    known.unwrap_or((row, None))
}

/// The format that a request asks for. That is MVT unless the other is named, and liked at least as well: who
/// takes anything was not asked whether it can read this.
pub(super) fn accepted(request: &HttpRequest) -> TileFormat {
    let values = request.headers().get_all(header::ACCEPT);
    let values = values.filter_map(|value| value.to_str().ok());
    let (mut mlt, mut mvt, mut any) = (None, None, None);
    for range in values.flat_map(|value| value.split(',')) {
        let (name, parameters) = range.split_once(';').unwrap_or((range, ""));
        let name = name.trim();
        let of = |format| name.eq_ignore_ascii_case(media_type(format));
        let weight = if of(TileFormat::Mlt) {
            &mut mlt
        } else if of(TileFormat::Mvt) {
            &mut mvt
        } else if name == "*/*" {
            &mut any
        } else {
            continue;
        };
        *weight = Some(crate::http::coding::quality(parameters));
    }
    match mlt {
        Some(weight) if weight > 0.0 && weight >= mvt.or(any).unwrap_or(0.0) => TileFormat::Mlt,
        _ => TileFormat::Mvt,
    }
}

#[cfg(test)]
mod tests;
