//! What there is in the city of this test: its layers, as the configuration and as the model have them, and who looks.

use atalaya_tests::DOWNTOWN;

/// A state layer forgets, as every layer here, what it received a day ago.
pub(super) const RETAINED_S: i64 = 86_400;
/// The box in which everything happens: west, south, east, north.
pub(super) const CITY: [f64; 4] = [
    DOWNTOWN.0 - 0.12,
    DOWNTOWN.1 - 0.08,
    DOWNTOWN.0 + 0.12,
    DOWNTOWN.1 + 0.08,
];

/// Marks of texts, each behind a clearance.
pub(super) const PLATE_MARK: &str = "ZQXPLATE";
pub(super) const NOTE_MARK: &str = "ZQXNOTE";
pub(super) const COVERT_MARK: &str = "ZQXCOVERT";

/// A layer as far as time goes by it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layer {
    pub(super) name: &'static str,
    /// Seen once, and kept by whole minutes.
    pub(super) sightings: bool,
    pub(super) stale_after_s: Option<i64>,
    pub(super) expire_after_s: Option<i64>,
}

const fn state(name: &'static str, stale: Option<i64>, expire: Option<i64>) -> Layer {
    Layer {
        name,
        sightings: false,
        stale_after_s: stale,
        expire_after_s: expire,
    }
}

/// The layers of [`config`] once more.
pub(super) const LAYERS: [Layer; 6] = [
    state("patrols", Some(600), Some(3_600)),
    state("calls", None, None),
    state("hits", Some(900), Some(1_800)),
    state("jams", Some(900), Some(7_200)),
    state("covert", Some(600), Some(3_600)),
    Layer {
        name: "plates",
        sightings: true,
        stale_after_s: None,
        expire_after_s: None,
    },
];

/// The configuration: caches small enough to be full when the watch begins, and a checkpoint at every tick, so that
/// what is past its time goes every few seconds.
pub(super) fn config() -> String {
    let limits = "admin_listen = \"127.0.0.1:0\"\n[limits]\ntile_cache_bytes = 2097152\nlive_frame_bytes = 1048576\n\
        [live]\nring_ticks = 12\nring_changes = 20000\n\
        [store]\ncheckpoint_every_s = 0\nreserve_bytes = 0\nhistory_days = 1\narchive_after_h = 1\n";
    let layers = LAYERS.map(|layer| {
        let name = layer.name;
        let kind = ["state", "sighting"][usize::from(layer.sightings)];
        let (stale, expire) = (layer.stale_after_s, layer.expire_after_s);
        let (stale, expire) = (stale.unwrap_or_default(), expire.unwrap_or_default());
        let geometry = match name {
            "calls" => r#"["point", "none"]"#,
            "jams" => r#"["point", "line"]"#,
            _ => r#"["point"]"#,
        };
        let more = match name {
            "patrols" => "track = true\n[layers.fields]\ncall_sign = \"text\"\n",
            "calls" => "[layers.fields]\npriority = \"integer\"\nnotes = { type = \"text\", clearance = \"medical\" }\n",
            "covert" => "clearance = \"cji\"\n[layers.fields]\nname = \"text\"\n",
            "plates" => "shown_as = \"cells\"\nsingle_clearance = \"cji\"\ncounted_resolution = 9\n\
                [layers.fields]\nplate = { type = \"text\", clearance = \"cji\" }\n",
            "hits" => "[layers.fields]\nreason = \"text\"\nplate = { type = \"text\", clearance = \"cji\" }\n",
            _ => "[layers.fields]\ncause = \"text\"\n",
        };
        format!(
            "[[layers]]\nname = \"{name}\"\nkind = \"{kind}\"\ngeometry = {geometry}\nretain_days = 1\n\
             stale_after_s = {stale}\nexpire_after_s = {expire}\n{more}"
        )
    });
    limits.to_owned() + &layers.concat()
}

/// Who looks: by clearances, and what none of them may ever get.
#[derive(Debug, Clone, Copy)]
pub(super) struct Class {
    pub(super) clearances: &'static [&'static str],
    pub(super) forbidden: &'static [&'static str],
}

/// The first may see everything, the last nothing that is guarded.
pub(super) const CLASSES: [Class; 4] = [
    Class {
        clearances: &["cji", "medical"],
        forbidden: &[],
    },
    Class {
        clearances: &["cji"],
        forbidden: &[NOTE_MARK],
    },
    Class {
        clearances: &["medical"],
        forbidden: &[PLATE_MARK, COVERT_MARK],
    },
    Class {
        clearances: &[],
        forbidden: &[PLATE_MARK, NOTE_MARK, COVERT_MARK],
    },
];

impl Class {
    /// Whether a layer exists for it.
    pub(super) fn opens(&self, layer: &str) -> bool {
        layer != "covert" || self.clearances.contains(&"cji")
    }

    /// Whether it has the features of a layer one by one.
    pub(super) fn singles(&self, layer: &str) -> bool {
        self.opens(layer) && (layer != "plates" || self.clearances.contains(&"cji"))
    }

    /// Insists that nothing guarded is in these bytes.
    #[track_caller]
    pub(super) fn may_see(&self, what: &str, bytes: &[u8]) {
        for mark in self.forbidden {
            let found = bytes
                .windows(mark.len())
                .any(|part| part == mark.as_bytes());
            assert!(!found, "{mark} is in {what} of {:?}", self.clearances);
        }
    }
}
