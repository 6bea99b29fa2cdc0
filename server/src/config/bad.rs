//! Why a configuration is not taken.

use atalaya_tiles::BadCatalog;
use std::path::PathBuf;

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadConfig {
    /// A layer that cannot be as it is described.
    #[error("layer {layer}: {reason}")]
    Layer {
        /// The layer.
        layer: String,
        /// What is wrong.
        reason: String,
    },
    /// The file cannot be read.
    #[error("{path}: {cause}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        cause: std::io::Error,
    },
    /// The file is not what it should be.
    #[error("{path}: {cause}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column.
        cause: Box<toml::de::Error>,
    },
    /// The layers do not fit together.
    #[error(transparent)]
    Catalog(#[from] BadCatalog),
    /// A feed names something that is not there.
    #[error("feed \"{feed}\": {reason}")]
    Feed {
        /// The feed.
        feed: String,
        /// What is wrong.
        reason: String,
    },
    /// A tileset names something that is not there.
    #[error("tileset \"{tileset}\": there is no layer \"{layer}\"")]
    Tileset {
        /// The tileset.
        tileset: String,
        /// The layer it names.
        layer: String,
    },
    /// Tables that cannot be tilesets.
    #[error("postgis: {reason}")]
    PostGis {
        /// What is wrong.
        reason: String,
    },
    /// A tile archive that cannot be. Does not repeat the address, which may hold a secret.
    #[error("tile archive \"{archive}\": {reason}")]
    Archive {
        /// The tileset.
        archive: String,
        /// What is wrong.
        reason: String,
    },
    /// Video that cannot be served. Does not repeat the address, which may hold a secret.
    #[error("streams: camera \"{camera}\": {reason}")]
    Video {
        /// The camera.
        camera: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// A scene that cannot be shown.
    #[error("scene \"{scene}\": {reason}")]
    Scene {
        /// The scene.
        scene: String,
        /// What is wrong.
        reason: String,
    },
    /// A value outside its bounds.
    #[error("{key} = {value}: {limit}")]
    Value {
        /// The key.
        key: &'static str,
        /// The value.
        value: String,
        /// What is allowed.
        limit: &'static str,
    },
}
