//! Notes the commit that the program is built from, as git's files beside the sources name it; `unknown` where
//! there are none. Runs again when that changes, and for nothing else.

use std::fs;
use std::path::{Path, PathBuf};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let commit = commit(Path::new(env!("CARGO_MANIFEST_DIR")));
    let commit = commit
        .filter(|commit| !commit.is_empty() && commit.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let commit = commit.unwrap_or_else(|| "unknown".into());
    println!("cargo:rustc-env=ATALAYA_COMMIT={commit}");
}

/// The commit that is checked out in the folder above.
fn commit(own: &Path) -> Option<String> {
    let git = git_folder(&own.parent()?.join(".git"))?;
    let head = watched(&git.join("HEAD"))?;
    let Some(name) = head.strip_prefix("ref: ") else {
        return Some(head);
    };
    // What branches have in common stands elsewhere, where there is more than one checkout.
    let shared = fs::read_to_string(git.join("commondir"));
    let shared = shared.map_or_else(|_| git.clone(), |path| git.join(path.trim()));
    // Written with each commit, also the first one after the branches were packed.
    watched(&git.join("logs/HEAD"));
    let packed = watched(&shared.join("packed-refs"));
    watched(&shared.join(name)).or_else(|| {
        let packed = packed?;
        let mut lines = packed.lines().filter_map(|line| line.split_once(' '));
        lines
            .find(|(_, packed)| *packed == name)
            .map(|(commit, _)| commit.to_owned())
    })
}

/// Git's own folder: `.git` itself, or what it points to in a checkout beside another.
fn git_folder(dot_git: &Path) -> Option<PathBuf> {
    if dot_git.is_dir() {
        return Some(dot_git.to_owned());
    }
    let text = fs::read_to_string(dot_git).ok()?;
    let target = text.trim().strip_prefix("gitdir: ")?;
    Some(dot_git.parent()?.join(target))
}

/// The text of a file, on whose change this runs again; a file that is not there would make it run every time.
fn watched(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    println!("cargo:rerun-if-changed={}", path.display());
    Some(text.trim().to_owned())
}
