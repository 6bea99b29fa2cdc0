//! Control values come from `gdaltransform -s_srs … -t_srs EPSG:4326 -output_xy` of GDAL 3.6.2.

use super::*;

/// Metres on the ground, near enough for what is compared.
fn apart_m(a: (f64, f64), b: (f64, f64)) -> f64 {
    let (dx, dy) = ((a.0 - b.0) * a.1.to_radians().cos(), a.1 - b.1);
    dx.hypot(dy) * 111_320.0
}

fn check(crs: &Crs, from: (f64, f64), to: (f64, f64)) {
    let found = crs.lon_lat(from.0, from.1).unwrap();
    let apart = apart_m(found, to);
    assert!(
        apart < 0.05,
        "{} {from:?}: {found:?} is {apart} m from {to:?}",
        crs.name()
    );
}

const ARIZONA_CENTRAL: &str = r#"PROJCS["NAD_1983_StatePlane_Arizona_Central_FIPS_0202_Feet_Intl",GEOGCS["GCS_North_American_1983",DATUM["D_North_American_1983",SPHEROID["GRS_1980",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",700000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",-111.9166666666667],PARAMETER["Scale_Factor",0.9999],PARAMETER["Latitude_Of_Origin",31.0],UNIT["Foot",0.3048]]"#;

#[test]
fn arizona_central_is_in_international_feet() {
    for crs in [
        Crs::epsg(2223).unwrap(),
        Crs::of_wkt(ARIZONA_CENTRAL).unwrap(),
    ] {
        check(&crs, (700_000.0, 0.0), (-111.916_666_666_667, 31.0));
        check(
            &crs,
            (993_000.0, 445_000.0),
            (-110.969_213_414_192, 32.219_839_320_098_3),
        );
        check(
            &crs,
            (1_000_000.0, 500_000.0),
            (-110.944_969_306_62, 32.370_835_116_91),
        );
        check(
            &crs,
            (850_000.0, 1_500_000.0),
            (-111.415_042_754_971, 35.121_793_618_278_8),
        );
    }
}

#[test]
fn survey_feet_are_told_from_international_feet() {
    // As above with the same false easting in metres, `+units=us-ft`.
    let wkt = ARIZONA_CENTRAL.replace("700000.0", "699998.6").replace(
        r#"UNIT["Foot",0.3048]"#,
        r#"UNIT["Foot_US",0.3048006096012192]"#,
    );
    let crs = Crs::of_wkt(&wkt).unwrap();
    check(
        &crs,
        (993_000.0, 445_000.0),
        (-110.969_206_967_573, 32.219_841_718_182_7),
    );
    check(
        &crs,
        (850_000.0, 1_500_000.0),
        (-111.415_037_019_549, 35.121_801_837_360_2),
    );
    let intl = Crs::epsg(2223).unwrap();
    let (a, b) = (
        crs.lon_lat(850_000.0, 1_500_000.0).unwrap(),
        intl.lon_lat(850_000.0, 1_500_000.0).unwrap(),
    );
    assert!(
        apart_m(a, b) > 0.9,
        "two parts in a million of 1.5 million feet"
    );
}

#[test]
fn california_is_conic_with_two_parallels_in_survey_feet() {
    let wkt = r#"PROJCS["NAD_1983_StatePlane_California_III_FIPS_0403_Feet",GEOGCS["GCS_North_American_1983",DATUM["D_North_American_1983",SPHEROID["GRS_1980",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Lambert_Conformal_Conic"],PARAMETER["False_Easting",6561666.666666666],PARAMETER["False_Northing",1640416.666666667],PARAMETER["Central_Meridian",-120.5],PARAMETER["Standard_Parallel_1",37.06666666666667],PARAMETER["Standard_Parallel_2",38.43333333333333],PARAMETER["Latitude_Of_Origin",36.5],UNIT["Foot_US",0.3048006096012192]]"#;
    for crs in [Crs::epsg(2227).unwrap(), Crs::of_wkt(wkt).unwrap()] {
        check(
            &crs,
            (6_050_000.0, 2_110_000.0),
            (-122.270_480_213_138, 37.776_381_301_604_1),
        );
    }
}

#[test]
fn a_conic_with_one_parallel() {
    let wkt = r#"PROJCS["NAD83(2011) / WISCRS Dane (m)",GEOGCS["NAD83(2011)",DATUM["NAD83_National_Spatial_Reference_System_2011",SPHEROID["GRS 1980",6378137,298.257222101,AUTHORITY["EPSG","7019"]],AUTHORITY["EPSG","1116"]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433],AUTHORITY["EPSG","6318"]],PROJECTION["Lambert_Conformal_Conic_1SP"],PARAMETER["latitude_of_origin",43.0695160375],PARAMETER["central_meridian",-89.42222222222223],PARAMETER["scale_factor",1.0000384786],PARAMETER["false_easting",247193.2944],PARAMETER["false_northing",146591.9896],UNIT["metre",1],AXIS["X",EAST],AXIS["Y",NORTH],AUTHORITY["EPSG","7540"]]"#;
    check(
        &Crs::of_wkt(wkt).unwrap(),
        (247_193.0, 146_591.0),
        (-89.422_225_836_615_2, 43.069_507_130_078_2),
    );
}

#[test]
fn utm_and_web_mercator() {
    check(
        &Crs::epsg(26912).unwrap(),
        (503_000.0, 3_565_000.0),
        (-110.968_162_146_197, 32.221_606_715_399_2),
    );
    let wkt = r#"PROJCS["WGS_1984_Web_Mercator_Auxiliary_Sphere",GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Mercator_Auxiliary_Sphere"],PARAMETER["False_Easting",0.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",0.0],PARAMETER["Standard_Parallel_1",0.0],PARAMETER["Auxiliary_Sphere_Type",0.0],UNIT["Meter",1.0]]"#;
    for crs in [Crs::epsg(3857).unwrap(), Crs::of_wkt(wkt).unwrap()] {
        check(
            &crs,
            (-12_354_000.0, 3_793_000.0),
            (-110.977_870_200_126, 32.225_898_653_756),
        );
    }
}

#[test]
fn geographic_systems_stay_in_degrees() {
    let wkt = r#"GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]"#;
    check(&Crs::of_wkt(wkt).unwrap(), (-110.9, 32.2), (-110.9, 32.2));
    check(&Crs::epsg(4269).unwrap(), (-110.9, 32.2), (-110.9, 32.2));
    assert_eq!(
        Crs::epsg(4326).unwrap().lon_lat(-110.9, 32.2),
        Ok((-110.9, 32.2))
    );
}

#[test]
fn what_is_not_known_is_refused_by_name() {
    assert_eq!(Crs::parse("2223").unwrap_err(), BadCrs::Code("2223".into()));
    assert_eq!(
        Crs::parse("ESRI:102650").unwrap_err(),
        BadCrs::Code("ESRI:102650".into())
    );
    assert_eq!(
        Crs::parse("EPSG:99999").unwrap_err(),
        BadCrs::Unknown(99_999)
    );
    assert_eq!(
        Crs::parse("EPSG:999999").unwrap_err(),
        BadCrs::Unknown(999_999)
    );
    for code in [26_712, 4267] {
        let refused = Crs::epsg(code);
        assert!(refused.is_err(), "EPSG:{code} is NAD27: {refused:?}");
    }
    let nad27 = ARIZONA_CENTRAL.replace("D_North_American_1983", "D_North_American_1927");
    let refused = [
        (nad27, "datum D_North_American_1927"),
        (
            ARIZONA_CENTRAL.replace("Transverse_Mercator", "Krovak"),
            "projection Krovak",
        ),
        (
            ARIZONA_CENTRAL.replace("Degree\",0.0174532925199433", "Grad\",0.015707963"),
            "angles in units of 0.015707963 radians",
        ),
        ("PROJCS[".repeat(40), "nested too deep"),
        ("not a coordinate system".into(), "no well-known text"),
    ];
    for (wkt, reason) in refused {
        assert_eq!(
            Crs::of_wkt(&wkt).unwrap_err(),
            BadCrs::Wkt(reason.into()),
            "{wkt}"
        );
    }
}

#[test]
fn geometries_of_every_depth_are_moved() {
    let crs = Crs::epsg(2223).unwrap();
    let ring = "[[[[700000,0],[700000,1000],[701000,0],[700000,0]]]]";
    let text = format!(
        r#"{{"type":"GeometryCollection","geometries":[{{"type":"MultiPolygon","coordinates":{ring}}}]}}"#
    );
    let mut geometry: Json = serde_json::from_str(&text).unwrap();
    crs.geometry(&mut geometry).unwrap();
    let lon = geometry
        .pointer("/geometries/0/coordinates/0/0/0/0")
        .unwrap()
        .as_f64()
        .unwrap();
    assert!((lon + 111.916_666_7).abs() < 1e-6);
    let mut none = Json::Null;
    assert_eq!(crs.geometry(&mut none), Ok(()));
}
