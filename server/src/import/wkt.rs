//! Coordinate systems as `.prj` files describe them: well-known text (OGC 01-009, and as Esri writes
//! it), turned into a PROJ string.
//!
//! Understands geographic systems and the projections that cities use: transverse Mercator (with UTM
//! and half of the state planes), Lambert conformal conic with one or two parallels (the other half),
//! Albers, and Web Mercator. Feet come from the unit's factor, never from its name.
//!
//! Refuses other projections, well-known text 2, and datums that are not within a metre of WGS 84.

/// How deep descriptions nest at most.
const MAX_DEPTH: u8 = 16;
const DEGREE: f64 = std::f64::consts::PI / 180.0;

/// A description that was understood.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) name: String,
    pub(super) proj: String,
}

/// Reads a description.
pub(super) fn read(text: &str) -> Result<Found, String> {
    let mut reading = Reading {
        rest: text.trim().trim_start_matches('\u{feff}'),
    };
    let root = reading.node(MAX_DEPTH)?;
    let root = match root.word.as_str() {
        "COMPD_CS" => {
            let horizontal = |node: &&Node| matches!(node.word.as_str(), "PROJCS" | "GEOGCS");
            root.nodes()
                .find(horizontal)
                .ok_or("a compound system without a horizontal one")?
        }
        _ => &root,
    };
    let name = root.name().to_owned();
    let proj = match root.word.as_str() {
        "GEOGCS" => format!("+proj=longlat {} +no_defs", ellipsoid(root)?),
        "PROJCS" => projected(root)?,
        other => return Err(format!("{other} is neither PROJCS nor GEOGCS")),
    };
    Ok(Found { name, proj })
}

fn projected(root: &Node) -> Result<String, String> {
    let geographic = root.child("GEOGCS").ok_or("PROJCS without GEOGCS")?;
    let projection = root
        .child("PROJECTION")
        .ok_or("PROJCS without PROJECTION")?;
    let unit_m = root
        .child("UNIT")
        .and_then(|unit| unit.number(0))
        .ok_or("PROJCS without UNIT")?;
    if !(unit_m.is_finite() && unit_m > 0.0) {
        return Err(format!("a unit of {unit_m} m"));
    }
    let parameter = |names: &[&str]| names.iter().find_map(|name| root.parameter(name));
    let or_zero = |names: &[&str]| parameter(names).unwrap_or(0.0);
    let lat_0 = or_zero(&["latitude_of_origin", "latitude_of_center"]);
    let lon_0 = or_zero(&[
        "central_meridian",
        "longitude_of_center",
        "longitude_of_origin",
    ]);
    let k_0 = parameter(&["scale_factor"]).unwrap_or(1.0);
    let (lat_1, lat_2) = (
        parameter(&["standard_parallel_1"]),
        parameter(&["standard_parallel_2"]),
    );
    let shape = match (plain(projection.name()).as_str(), lat_1, lat_2) {
        ("transversemercator" | "gausskruger", ..) => {
            format!("+proj=tmerc +lat_0={lat_0} +k_0={k_0}")
        }
        (conic, Some(lat_1), Some(lat_2)) if conic.starts_with("lambertconformalconic") => {
            format!("+proj=lcc +lat_1={lat_1} +lat_2={lat_2} +lat_0={lat_0} +k_0={k_0}")
        }
        (conic, lat_1, None) if conic.starts_with("lambertconformalconic") => {
            format!(
                "+proj=lcc +lat_1={} +lat_0={lat_0} +k_0={k_0}",
                lat_1.unwrap_or(lat_0)
            )
        }
        ("albers" | "albersconicequalarea", Some(lat_1), Some(lat_2)) => {
            format!("+proj=aea +lat_1={lat_1} +lat_2={lat_2} +lat_0={lat_0}")
        }
        ("mercatorauxiliarysphere" | "popularvisualisationpseudomercator", ..) => {
            return Ok(web_mercator(lon_0, unit_m));
        }
        _ if plain(root.name()).contains("pseudomercator") => {
            return Ok(web_mercator(lon_0, unit_m));
        }
        _ => return Err(format!("projection {}", projection.name())),
    };
    let (x_0, y_0) = (
        or_zero(&["false_easting"]) * unit_m,
        or_zero(&["false_northing"]) * unit_m,
    );
    let ellipsoid = ellipsoid(geographic)?;
    Ok(format!(
        "{shape} +lon_0={lon_0} +x_0={x_0} +y_0={y_0} {ellipsoid} +to_meter={unit_m} +no_defs"
    ))
}

/// Web Mercator treats ellipsoidal coordinates as if they were spherical: no datum shift.
fn web_mercator(lon_0: f64, unit_m: f64) -> String {
    format!(
        "+proj=merc +a=6378137 +b=6378137 +lat_ts=0 +lon_0={lon_0} +x_0=0 +y_0=0 +k=1 \
         +to_meter={unit_m} +nadgrids=@null +no_defs"
    )
}

fn ellipsoid(geographic: &Node) -> Result<String, String> {
    let datum = geographic.child("DATUM").ok_or("GEOGCS without DATUM")?;
    let name = plain(datum.name());
    let known = [
        "wgs1984",
        "wgs84",
        "worldgeodeticsystem1984",
        "northamerican",
        "nad1983",
        "nad83",
        "etrs",
        "europeanterrestrial",
        "gda94",
        "gda2020",
        "itrf",
    ];
    let name = name
        .strip_prefix('d')
        .filter(|rest| known.iter().any(|known| rest.starts_with(known)))
        .unwrap_or(&name);
    if !known.iter().any(|known| name.starts_with(known)) || name.contains("1927") {
        return Err(format!("datum {}", datum.name()));
    }
    let degrees = geographic
        .child("UNIT")
        .and_then(|unit| unit.number(0))
        .unwrap_or(DEGREE);
    if (degrees - DEGREE).abs() > 1e-9 {
        return Err(format!("angles in units of {degrees} radians"));
    }
    if geographic
        .child("PRIMEM")
        .and_then(|meridian| meridian.number(0))
        .unwrap_or(0.0)
        .abs()
        > 1e-9
    {
        return Err("a prime meridian other than Greenwich".into());
    }
    let spheroid = datum.child("SPHEROID").ok_or("DATUM without SPHEROID")?;
    match (spheroid.number(0), spheroid.number(1)) {
        (Some(a), Some(rf)) if rf > 0.0 => Ok(format!("+a={a} +rf={rf} +towgs84=0,0,0")),
        (Some(a), _) => Ok(format!("+a={a} +b={a} +towgs84=0,0,0")),
        (None, _) => Err("SPHEROID without a size".into()),
    }
}

/// Letters and digits only, in lower case: writers differ in the rest.
fn plain(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

#[derive(Debug)]
struct Node {
    word: String,
    items: Vec<Item>,
}

#[derive(Debug)]
enum Item {
    Node(Node),
    Text(String),
    Number(f64),
    Word,
}

impl Node {
    fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.items.iter().filter_map(|item| {
            if let Item::Node(node) = item {
                Some(node)
            } else {
                None
            }
        })
    }

    fn child(&self, word: &str) -> Option<&Node> {
        self.nodes().find(|node| node.word == word)
    }

    fn name(&self) -> &str {
        self.items
            .iter()
            .find_map(|item| {
                if let Item::Text(text) = item {
                    Some(text.as_str())
                } else {
                    None
                }
            })
            .unwrap_or_default()
    }

    fn number(&self, at: usize) -> Option<f64> {
        let mut numbers = self.items.iter().filter_map(|item| {
            if let Item::Number(x) = item {
                Some(*x)
            } else {
                None
            }
        });
        numbers.nth(at)
    }

    fn parameter(&self, name: &str) -> Option<f64> {
        let mut parameters = self.nodes().filter(|node| node.word == "PARAMETER");
        parameters
            .find(|node| plain(node.name()) == plain(name))?
            .number(0)
    }
}

struct Reading<'t> {
    rest: &'t str,
}

impl<'t> Reading<'t> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn eat(&mut self, any_of: &[char]) -> bool {
        self.skip_space();
        match self.rest.strip_prefix(any_of) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn run(&mut self, of: impl Fn(char) -> bool) -> &'t str {
        self.skip_space();
        let end = self.rest.find(|c| !of(c)).unwrap_or(self.rest.len());
        let (run, rest) = self.rest.split_at(end);
        self.rest = rest;
        run
    }

    fn node(&mut self, depth: u8) -> Result<Node, String> {
        let word = self
            .run(|c| c.is_ascii_alphanumeric() || c == '_')
            .to_ascii_uppercase();
        if word.is_empty() || !self.eat(&['[', '(']) {
            return Err("no well-known text".into());
        }
        let depth = depth.checked_sub(1).ok_or("nested too deep")?;
        let mut items = Vec::new();
        loop {
            items.push(self.item(depth)?);
            if self.eat(&[',']) {
                continue;
            }
            if self.eat(&[']', ')']) {
                return Ok(Node { word, items });
            }
            return Err(format!("{word} does not end"));
        }
    }

    fn item(&mut self, depth: u8) -> Result<Item, String> {
        if self.eat(&['"']) {
            let (text, rest) = self.rest.split_once('"').ok_or("a text does not end")?;
            self.rest = rest;
            return Ok(Item::Text(text.to_owned()));
        }
        self.skip_space();
        if self
            .rest
            .starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'))
        {
            let text = self.run(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.'));
            return text
                .parse()
                .map(Item::Number)
                .map_err(|_| format!("{text} is no number"));
        }
        let before = self.rest;
        self.run(|c| c.is_ascii_alphanumeric() || c == '_');
        self.skip_space();
        if self.rest.starts_with(['[', '(']) {
            self.rest = before;
            return self.node(depth).map(Item::Node);
        }
        // A bare word, such as the direction of an axis.
        Ok(Item::Word)
    }
}
