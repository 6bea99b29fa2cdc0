//! What is wrong with a catalog, naming the layer, the key and the value.

/// A catalog that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadCatalog {
    /// A name that paths cannot carry.
    #[error(
        "layer name \"{0}\": lower case letters, digits and _ only, a letter first, at most 48 characters, not ending in _cells"
    )]
    Name(String),
    /// Two layers of one name.
    #[error("layer {0} is configured twice")]
    Twice(String),
    /// Too much of something.
    #[error("{count} {what} where {limit} is the most")]
    TooMany {
        /// Of what.
        what: String,
        /// How many.
        count: usize,
        /// How many there can be.
        limit: usize,
    },
    /// Zooms that are turned over or too deep.
    #[error("layer {layer}: zooms {first} to {last} are not within 0 and 22")]
    Zooms {
        /// The layer.
        layer: String,
        /// First zoom.
        first: u8,
        /// Last zoom.
        last: u8,
    },
    /// A derived layer whose source does not exist, or is no layer that anything is derived from.
    #[error("layer {layer} is derived from {from}, which is no state layer before it")]
    Source {
        /// The derived layer.
        layer: String,
        /// The source it names.
        from: String,
    },
    /// A resolution that is not served.
    #[error("layer {layer}: counted_resolution {resolution} is above 12")]
    Resolution {
        /// The layer.
        layer: String,
        /// The resolution.
        resolution: u8,
    },
    /// A sighting layer whose features should age: they were seen once, and only retention ends them.
    #[error(
        "layer {layer}: {key} = {seconds}, and a sighting layer takes 0 only; retain_days ends sightings"
    )]
    Age {
        /// The layer.
        layer: String,
        /// The key.
        key: &'static str,
        /// Its value.
        seconds: u32,
    },
    /// A key of a field that its type has no use for.
    #[error(
        "layer {layer}, field {field}: {key} is for fields of type {allowed}, and this is {kind}"
    )]
    Misplaced {
        /// The layer.
        layer: String,
        /// The field.
        field: String,
        /// The key.
        key: &'static str,
        /// The types that it is for.
        allowed: &'static str,
        /// The type of the field.
        kind: &'static str,
    },
    /// A sighting layer that takes something other than points.
    #[error("layer {0}: a sighting layer takes points only")]
    SightingGeometry(String),
    /// A layer without current features that a wall should hold.
    #[error("layer {0}: only a state layer is live on a wall")]
    Live(String),
    /// A field that cannot be searched by, or named in what is found.
    #[error("layer {layer}: search names the field {field}, which is {what}")]
    Search {
        /// The layer.
        layer: String,
        /// The field.
        field: String,
        /// What it is, in place of text for everybody.
        what: &'static str,
    },
}
