use super::*;
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use std::fs;
use tempfile::TempDir;

struct Files {
    folder: TempDir,
    tls: TlsConfig,
}

/// A certificate that ends on a day of 2026, with its key.
fn files(until: (u8, u8)) -> Files {
    let folder = tempfile::tempdir().unwrap();
    let tls = TlsConfig {
        certificate: folder.path().join("cert.pem"),
        private_key: folder.path().join("key.pem"),
    };
    let files = Files { folder, tls };
    write(&files.tls, until);
    files
}

fn write(tls: &TlsConfig, (month, day): (u8, u8)) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2026, month, day);
    let certificate = params.self_signed(&key).unwrap();
    fs::write(&tls.certificate, certificate.pem()).unwrap();
    fs::write(&tls.private_key, key.serialize_pem()).unwrap();
}

fn at(day: &str) -> Timestamp {
    format!("{day}T00:00:00Z").parse().unwrap()
}

#[test]
fn a_certificate_is_warned_of_from_a_month_before_its_end() {
    let loaded = Loaded::read(&files((6, 30)).tls).unwrap();
    assert_eq!(loaded.not_after(), at("2026-06-30"));
    for (day, warned) in [
        ("2025-12-31", Some("not valid before 2026-01-01")),
        ("2026-03-01", None),
        ("2026-05-31", None),
        ("2026-06-01", Some("expires in 29 days")),
        ("2026-06-29", Some("expires in 1 days")),
        ("2026-06-30", Some("expired at 2026-06-30")),
        ("2027-01-01", Some("expired at 2026-06-30")),
    ] {
        let warning = loaded.warning(at(day));
        match warned {
            None => assert_eq!(warning, None, "{day}"),
            Some(text) => assert!(warning.unwrap().contains(text), "{day}"),
        }
    }
}

#[test]
fn what_cannot_be_used_names_file_and_reason_and_nothing_of_its_content() {
    const SECRET: &str = "bm90aGluZyBvZiB0aGlz";
    let check = |spoil: &dyn Fn(&TlsConfig), key: &str, reason: &str| {
        let files = files((6, 30));
        spoil(&files.tls);
        let said = Loaded::read(&files.tls).unwrap_err().to_string();
        let file = if key == "certificate" {
            "cert.pem"
        } else {
            "key.pem"
        };
        assert!(said.starts_with(&format!("tls.{key} = ")), "{said}");
        assert!(said.contains(file) && said.contains(reason), "{said}");
        assert!(!said.contains(SECRET), "{said}");
    };
    check(
        &|tls| fs::remove_file(&tls.certificate).unwrap(),
        "certificate",
        "No such file",
    );
    check(
        &|tls| fs::remove_file(&tls.private_key).unwrap(),
        "private_key",
        "No such file",
    );
    check(
        &|tls| fs::write(&tls.certificate, SECRET).unwrap(),
        "certificate",
        "no certificate",
    );
    check(
        &|tls| fs::write(&tls.private_key, SECRET).unwrap(),
        "private_key",
        "not encrypted",
    );
    let pem = |label: &str| format!("-----BEGIN {label}-----\n{SECRET}\n-----END {label}-----\n");
    check(
        &|tls| fs::write(&tls.certificate, pem("CERTIFICATE")).unwrap(),
        "certificate",
        "not X.509",
    );
    check(
        &|tls| fs::write(&tls.private_key, pem("PRIVATE KEY")).unwrap(),
        "private_key",
        "no key",
    );
    let encrypted = pem("ENCRYPTED PRIVATE KEY");
    check(
        &|tls| fs::write(&tls.private_key, &encrypted).unwrap(),
        "private_key",
        "not encrypted",
    );
    let other = |tls: &TlsConfig| {
        let key = KeyPair::generate().unwrap();
        fs::write(&tls.private_key, key.serialize_pem()).unwrap();
    };
    check(&other, "private_key", "does not belong to");
}

#[test]
fn files_are_read_again_when_they_have_changed_or_somebody_says_so() {
    let files = files((6, 30));
    let stamp = Stamp::of(&files.tls);
    assert!(read_if_changed(&files.tls, Some(stamp)).is_none());
    assert!(read_if_changed(&files.tls, None).is_some());
    // Half of a renewal: a certificate without its key.
    let renewed = self::files((12, 31));
    fs::copy(&renewed.tls.certificate, &files.tls.certificate).unwrap();
    let text = fs::read_to_string(&files.tls.certificate).unwrap();
    fs::write(&files.tls.certificate, format!("{text}\n")).unwrap();
    let (_, half) = read_if_changed(&files.tls, Some(stamp)).unwrap();
    assert!(half.unwrap_err().to_string().contains("does not belong to"));
    fs::copy(&renewed.tls.private_key, &files.tls.private_key).unwrap();
    let (_, whole) = read_if_changed(&files.tls, Some(stamp)).unwrap();
    assert_eq!(whole.unwrap().not_after(), at("2026-12-31"));
    drop(files.folder);
}

#[test]
fn files_without_an_end_are_refused_and_the_certificate_in_force_stays() {
    let files = files((6, 30));
    let pipe = files.folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let long = files.folder.path().join("long");
    fs::File::create(&long)
        .unwrap()
        .set_len(MAX_BYTES + 1)
        .unwrap();
    for (target, reason) in [
        (pipe.as_path(), "it is no regular file"),
        (Path::new("/dev/zero"), "it is no regular file"),
        (long.as_path(), "it has more than 1048576 bytes"),
    ] {
        for path in [&files.tls.certificate, &files.tls.private_key] {
            let aside = files.folder.path().join("aside");
            fs::rename(path, &aside).unwrap();
            std::os::unix::fs::symlink(target, path).unwrap();
            let (_, read) = read_if_changed(&files.tls, None).unwrap();
            let said = read.unwrap_err().to_string();
            assert!(said.ends_with(reason), "{said}");
            fs::rename(&aside, path).unwrap();
        }
    }
    assert!(Loaded::read(&files.tls).is_ok());
}
