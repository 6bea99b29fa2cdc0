//! Columns and properties that go by names other than ours: what lists of cameras, calls and stations usually call them.
//!
//! Promises: capitals, spaces, dashes and underscores make no difference, and what is taken for what is
//! said before anything is imported. Refuses to know times, whose zone no name tells, and numbers whose
//! unit it does not.

/// Columns of the id, the best first.
const IDS: [&str; 4] = ["id", "uuid", "globalid", "objectid"];

/// Fields, and what else they are called.
const FIELDS: [(&str, &[&str]); 8] = [
    (
        "name",
        &[
            "title",
            "label",
            "cameraname",
            "sitename",
            "stationname",
            "fullname",
        ],
    ),
    (
        "type",
        &[
            "nature",
            "offense",
            "category",
            "calltype",
            "incidenttype",
            "eventtype",
        ],
    ),
    (
        "address",
        &["location", "streetaddress", "fulladdress", "addr"],
    ),
    (
        "cad_id",
        &[
            "incidentno",
            "incidentnumber",
            "callno",
            "callnumber",
            "casenumber",
        ],
    ),
    ("call_sign", &["callsign", "unit", "unitid"]),
    ("heading_deg", &["heading", "bearing", "azimuth"]),
    ("fov_deg", &["fov", "fieldofview"]),
    ("plate", &["licenseplate", "platenumber"]),
];

/// The column that a field is read from: the one of its own name, else one that is called so.
pub(super) fn column<'c>(field: &str, columns: &'c [String]) -> Option<&'c str> {
    let known = FIELDS.iter().find(|(known, _)| *known == field);
    let others = known.map_or(&[][..], |(_, others)| *others);
    let own = columns.iter().find(|column| *column == field);
    let own = own.or_else(|| {
        columns
            .iter()
            .find(|column| column.eq_ignore_ascii_case(field))
    });
    let own = own.map(String::as_str);
    own.or_else(|| first(&[&plain(field)], columns))
        .or_else(|| first(others, columns))
}

/// The column of the id.
pub(super) fn id(columns: &[String]) -> Option<&str> {
    first(&IDS, columns)
}

fn first<'c>(names: &[&str], columns: &'c [String]) -> Option<&'c str> {
    let of = |name: &&str| columns.iter().find(|column| plain(column) == *name);
    names.iter().find_map(of).map(String::as_str)
}

/// A name by its letters and digits alone, in lower case.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(header: &str) -> Vec<String> {
        header.split(',').map(str::to_owned).collect()
    }

    #[test]
    fn the_own_name_comes_first_and_spelling_makes_no_difference() {
        for (field, header, expected) in [
            ("name", "title,NAME", Some("NAME")),
            ("name", "NAME,name", Some("name")),
            ("name", "Camera Name,lat", Some("Camera Name")),
            ("type", "id,nature,offense", Some("nature")),
            ("cad_id", "CAD ID,incident_no", Some("CAD ID")),
            ("cad_id", "incident_no", Some("incident_no")),
            ("heading_deg", "Heading", Some("Heading")),
            ("opened_at", "time,opened", None),
            ("range_m", "range", None),
        ] {
            assert_eq!(
                column(field, &columns(header)),
                expected,
                "{field} in {header}"
            );
        }
        assert_eq!(id(&columns("OBJECTID,GlobalID")), Some("GlobalID"));
        assert_eq!(id(&columns("name,lat")), None);
    }
}
