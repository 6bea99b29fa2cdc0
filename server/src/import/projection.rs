//! Coordinate systems of files: from what they have to WGS 84 longitude and latitude.
//!
//! Promises: a foot is the foot that is meant, international or US survey; a position comes out
//! within a metre, datums that differ from WGS 84 by less than that being taken for it.
//!
//! Refuses NAD27 and other datums whose shift needs a grid: they would be off by a hundred metres.

use super::wkt;
use proj4rs::Proj;
use serde_json::Value as Json;

/// The semi-major axis of Clarke 1866, which NAD27 stands on, in metres.
const CLARKE_1866_M: f64 = 6_378_206.4;
const WGS_84: &str = "+proj=longlat +datum=WGS84 +no_defs";

/// A coordinate system that is not known here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadCrs {
    /// No code.
    #[error("\"{0}\" is no coordinate system: write EPSG:n, such as EPSG:2223")]
    Code(String),
    /// A code that is not known.
    #[error("there is no coordinate system EPSG:{0} here")]
    Unknown(u32),
    /// A datum that needs a grid.
    #[error(
        "{0} is on a datum (NAD27 or its like) whose shift to WGS 84 needs a grid; convert the file first"
    )]
    Grid(String),
    /// A description that is not understood.
    #[error("the coordinate system is not understood: {0}")]
    Wkt(String),
}

/// A coordinate system.
#[derive(Debug)]
pub(crate) struct Crs {
    name: String,
    /// From it and to WGS 84; `None` is WGS 84 itself.
    steps: Option<(Proj, Proj)>,
}

impl Crs {
    /// WGS 84 longitude and latitude.
    pub(crate) fn wgs84() -> Self {
        Self {
            name: "WGS 84".into(),
            steps: None,
        }
    }

    /// Reads `EPSG:n`.
    pub(crate) fn parse(text: &str) -> Result<Self, BadCrs> {
        let bad = || BadCrs::Code(text.to_owned());
        let (authority, code) = text.split_once(':').ok_or_else(bad)?;
        if !authority.eq_ignore_ascii_case("EPSG") {
            return Err(bad());
        }
        Self::epsg(code.parse().map_err(|_| bad())?)
    }

    /// A system by its code.
    pub(crate) fn epsg(code: u32) -> Result<Self, BadCrs> {
        if code == 4326 {
            return Ok(Self::wgs84());
        }
        let short = u16::try_from(code).map_err(|_| BadCrs::Unknown(code))?;
        let from = Proj::from_epsg_code(short).map_err(|_| BadCrs::Unknown(code))?;
        Self::of(format!("EPSG:{code}"), from)
    }

    /// A system by its description, as in a `.prj`.
    pub(crate) fn of_wkt(text: &str) -> Result<Self, BadCrs> {
        let found = wkt::read(text).map_err(BadCrs::Wkt)?;
        let from = Proj::from_proj_string(&found.proj);
        let from = from.map_err(|cause| BadCrs::Wkt(format!("{}: {cause}", found.name)))?;
        Self::of(found.name, from)
    }

    fn of(name: String, from: Proj) -> Result<Self, BadCrs> {
        if (from.ellipse_parameters().0 - CLARKE_1866_M).abs() < 0.1 {
            return Err(BadCrs::Grid(name));
        }
        let to = Proj::from_proj_string(WGS_84).map_err(|cause| BadCrs::Wkt(cause.to_string()))?;
        Ok(Self {
            name,
            steps: Some((from, to)),
        })
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// A position in WGS 84.
    pub(crate) fn lon_lat(&self, x: f64, y: f64) -> Result<(f64, f64), String> {
        let Some((from, to)) = &self.steps else {
            return Ok((x, y));
        };
        let mut at = if from.is_latlong() {
            (x.to_radians(), y.to_radians(), 0.0)
        } else {
            (x, y, 0.0)
        };
        let outside = || format!("[{x}, {y}] is not a place of {}", self.name);
        proj4rs::transform::transform(from, to, &mut at).map_err(|_| outside())?;
        let (lon, lat) = (at.0.to_degrees(), at.1.to_degrees());
        if lon.is_finite() && lat.is_finite() {
            Ok((lon, lat))
        } else {
            Err(outside())
        }
    }

    /// Brings a GeoJSON geometry into WGS 84.
    pub(crate) fn geometry(&self, geometry: &mut Json) -> Result<(), String> {
        if self.steps.is_none() {
            return Ok(());
        }
        if let Some(Json::Array(members)) = geometry.get_mut("geometries") {
            return members
                .iter_mut()
                .try_for_each(|member| self.geometry(member));
        }
        match geometry.get_mut("coordinates") {
            Some(coordinates) => self.coordinates(coordinates),
            None => Ok(()),
        }
    }

    fn coordinates(&self, coordinates: &mut Json) -> Result<(), String> {
        let Json::Array(items) = coordinates else {
            return Ok(());
        };
        if let [Json::Number(x), Json::Number(y), ..] = items.as_slice() {
            let (x, y) = (
                x.as_f64().unwrap_or(f64::NAN),
                y.as_f64().unwrap_or(f64::NAN),
            );
            let (lon, lat) = self.lon_lat(x, y)?;
            *items = vec![lon.into(), lat.into()];
            return Ok(());
        }
        items.iter_mut().try_for_each(|item| self.coordinates(item))
    }
}

#[cfg(test)]
mod tests;
