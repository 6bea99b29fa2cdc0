//! `/sprites`: the icons of the map as one sheet, drawn from the SVGs in `styles/icons`.
//!
//! A sheet is drawn once per process and ratio. Names of icons are the names of the files.

use super::assets::{CHECK, Styles, coded_json};
use super::coding::Coding;
use super::get;
use super::params::Params;
use super::representation::Representation;
use super::{App, Caller};
use crate::identity::hex;
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use spreet::resvg::usvg::{Options, Tree};
use spreet::{Sprite, Spritesheet};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// Mounts the sprite sheets.
pub(super) fn mount(service: &mut web::ServiceConfig) {
    service.service(get("/sprites/{name}", sprite));
}

/// A drawn sheet.
#[derive(Debug)]
struct Sheet {
    png: Bytes,
    index: Bytes,
    etag: String,
}

/// A sheet that cannot be drawn.
#[derive(Debug, Clone, thiserror::Error)]
enum Undrawn {
    #[error("icon {0} is no SVG that can be drawn")]
    Icon(String),
    #[error("the icons do not fit on a sheet")]
    Crowded,
    #[error("the sheet cannot be written: {0}")]
    Write(String),
}

static SHEETS: [OnceLock<Result<Sheet, Undrawn>>; 2] = [OnceLock::new(), OnceLock::new()];

fn draw(ratio: u8) -> Result<Sheet, Undrawn> {
    let mut sprites = BTreeMap::new();
    for path in Styles::iter() {
        let name = path
            .strip_prefix("icons/")
            .and_then(|name| name.strip_suffix(".svg"));
        let (Some(name), Some(file)) = (name, Styles::get(&path)) else {
            continue;
        };
        let tree = Tree::from_data(&file.data, &Options::default()).ok();
        let sprite = tree.and_then(|tree| Sprite::new(tree, ratio));
        sprites.insert(
            name.to_owned(),
            sprite.ok_or_else(|| Undrawn::Icon(name.to_owned()))?,
        );
    }
    let sheet = Spritesheet::build().sprites(sprites).spacing(2).generate();
    let sheet = sheet.ok_or(Undrawn::Crowded)?;
    let png = sheet
        .encode_png()
        .map_err(|cause| Undrawn::Write(cause.to_string()))?;
    let index =
        serde_json::to_vec(sheet.get_index()).map_err(|cause| Undrawn::Write(cause.to_string()))?;
    let digest = Sha256::new()
        .chain_update(&png)
        .chain_update(&index)
        .finalize();
    Ok(Sheet {
        png: png.into(),
        index: index.into(),
        etag: format!("\"{}\"", hex(&digest[..12])),
    })
}

/// `GET /sprites/atalaya{@2x}.{json|png}`.
pub(super) async fn sprite(
    request: HttpRequest,
    app: web::Data<App>,
    _caller: Caller,
    name: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    Params::parse(&request, &[])?;
    let (stem, extension) = name.rsplit_once('.').unwrap_or((&name, ""));
    let ratio: u8 = match stem {
        "atalaya" => 1,
        "atalaya@2x" => 2,
        _ => return Err(Problem::NoSuchPath {}),
    };
    let kept = &SHEETS[usize::from(ratio) - 1];
    let sheet = if let Some(sheet) = kept.get() {
        sheet
    } else {
        let draw = move || kept.get_or_init(|| draw(ratio));
        app.questions.answer(draw).await?
    };
    let sheet = sheet
        .as_ref()
        .map_err(|cause| Problem::internal(cause.clone()))?;
    match extension {
        "json" => coded_json(&request, sheet.index.clone()).await,
        "png" => {
            let representation = Representation {
                etag: sheet.etag.clone(),
                cache: CHECK,
                coding: Coding::Identity,
                varies: false,
            };
            let held = representation.held_by(&request);
            Ok(held.unwrap_or_else(|| representation.with_body("image/png", sheet.png.clone())))
        }
        _ => Err(Problem::NoSuchPath {}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_icon_is_on_both_sheets() {
        for ratio in [1, 2] {
            let sheet = draw(ratio).unwrap();
            let index: BTreeMap<String, serde_json::Value> =
                serde_json::from_slice(&sheet.index).unwrap();
            let icons = Styles::iter().filter(|path| path.ends_with(".svg")).count();
            assert_eq!(index.len(), icons);
            assert!(sheet.png.starts_with(b"\x89PNG"));
        }
    }
}
