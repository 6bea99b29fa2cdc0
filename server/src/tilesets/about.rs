//! What a tileset says of itself, checked: the part of TileJSON 3.0 that it knows.

use serde_json::{Map, Value};

/// What its tiles are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TileKind {
    /// Mapbox Vector Tiles.
    Mvt,
    /// MapLibre Tiles.
    Mlt,
    /// Images.
    Png,
    /// Images.
    Jpeg,
    /// Images.
    Webp,
    /// Images.
    Avif,
}

impl TileKind {
    /// All there are, each with its name, its media type and how an address of it may end.
    const ALL: [(Self, &'static str, &'static str, &'static [&'static str]); 6] = [
        (
            Self::Mvt,
            "mvt",
            "application/vnd.mapbox-vector-tile",
            &[".mvt", ".pbf"],
        ),
        (Self::Mlt, "mlt", "application/vnd.maplibre-tile", &[".mlt"]),
        (Self::Png, "png", "image/png", &[".png"]),
        (Self::Jpeg, "jpeg", "image/jpeg", &[".jpg", ".jpeg"]),
        (Self::Webp, "webp", "image/webp", &[".webp"]),
        (Self::Avif, "avif", "image/avif", &[".avif"]),
    ];

    fn row(self) -> &'static (Self, &'static str, &'static str, &'static [&'static str]) {
        let row = Self::ALL.iter().find(|(kind, ..)| *kind == self);
        row.unwrap_or(&Self::ALL[0])
    }

    /// In one word.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// The media type of its tiles.
    pub fn media_type(self) -> &'static str {
        self.row().2
    }

    /// How an address of one may end, the usual way first.
    pub fn endings(self) -> &'static [&'static str] {
        self.row().3
    }

    /// Whether it is an image.
    pub fn is_raster(self) -> bool {
        !matches!(self, Self::Mvt | Self::Mlt)
    }

    /// The row of a tile without what the address ends with, and of which kind that is; it need not end with any.
    pub fn ending(row: &str) -> (&str, Option<Self>) {
        let all = Self::ALL.iter();
        let mut endings =
            all.flat_map(|(kind, .., endings)| endings.iter().map(move |it| (it, *kind)));
        let known = endings.find_map(|(ending, kind)| Some((row.strip_suffix(ending)?, kind)));
        known.map_or((row, None), |(row, kind)| (row, Some(kind)))
    }

    /// As the metadata of an MBTiles database names it.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "pbf" => Some(Self::Mvt),
            "jpg" => Some(Self::Jpeg),
            _ => {
                let row = Self::ALL.iter().find(|(_, known, ..)| *known == name);
                row.map(|(kind, ..)| *kind)
            }
        }
    }
}

/// What a tileset says of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct About {
    /// What its tiles are.
    pub kind: TileKind,
    /// The first and last zoom with tiles.
    pub zooms: [u8; 2],
    /// West, south, east and north, in degrees.
    pub bounds: [f64; 4],
    /// Whom to credit, as text without marks of HTML.
    pub attribution: String,
    /// What it calls itself; empty where it does not.
    pub title: String,
    /// Its source-layers, as TileJSON has them.
    pub vector_layers: Vec<Value>,
}

impl About {
    /// Checked and put together; `said` is what the metadata holds besides.
    pub(super) fn new(
        kind: TileKind,
        zooms: [u8; 2],
        bounds: [f64; 4],
        said: &Map<String, Value>,
    ) -> Result<Self, String> {
        let [first, last] = zooms;
        if first > last || last > atalaya_tiles::tile::MAX_ZOOM {
            return Err(format!("its zooms are {first} to {last}"));
        }
        let [west, south, east, north] = bounds;
        let on_globe = bounds.iter().all(|degrees| degrees.is_finite())
            && [west, east].iter().all(|lon| lon.abs() <= 180.0)
            && [south, north].iter().all(|lat| lat.abs() <= 90.0);
        let whole = [-180.0, -85.051_129, 180.0, 85.051_129];
        let text = |key: &str| said.get(key).and_then(Value::as_str).unwrap_or_default();
        // MBTiles has more of it as text in a row `json`, and so has what was made of one.
        let more = serde_json::from_str::<Map<String, Value>>(text("json")).unwrap_or_default();
        let layers = |of: &Map<String, Value>| of.get("vector_layers")?.as_array().cloned();
        let layers = layers(said).or_else(|| layers(&more));
        let layers = layers.into_iter().flatten().filter_map(described);
        Ok(Self {
            kind,
            zooms,
            bounds: if on_globe && south < north && west < east {
                bounds
            } else {
                whole
            },
            attribution: without_marks(text("attribution")),
            title: without_marks(text("name")),
            vector_layers: layers.collect(),
        })
    }
}

/// A source-layer as TileJSON has it, which is with its fields, if it is one.
fn described(layer: Value) -> Option<Value> {
    let Value::Object(mut layer) = layer else {
        return None;
    };
    layer.get("id").filter(|id| id.is_string())?;
    if !layer.get("fields").is_some_and(Value::is_object) {
        layer.insert("fields".to_owned(), Value::Object(Map::new()));
    }
    Some(Value::Object(layer))
}

/// Text without the tags of HTML: whoever shows it need not trust the archive.
pub(super) fn without_marks(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut inside = false;
    for letter in text.chars() {
        match letter {
            '<' => inside = true,
            '>' if inside => inside = false,
            '>' => {}
            _ if inside => {}
            _ => plain.push(letter),
        }
    }
    plain.replace("&copy;", "©").trim().to_owned()
}
