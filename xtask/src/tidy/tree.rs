//! The files that tidy reads: tracked, and new ones that git does not ignore.
//! Never follows what git ignores, so build output and data folders are out of reach.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// Larger files are not read as text; none of ours is near (a lock file is about 200 kB).
const TEXT_MAX: u64 = 4 * 1024 * 1024;

/// The repository's files by path with `/`; `None` where a file is not text.
#[derive(Debug, Default)]
pub struct Tree {
    /// Path to text.
    pub files: BTreeMap<String, Option<String>>,
}

impl Tree {
    /// Reads the work tree at `root`.
    pub fn read(root: &Path) -> Result<Self> {
        let listing = Command::new("git")
            .args([
                "ls-files",
                "-z",
                "--cached",
                "--others",
                "--exclude-standard",
            ])
            .current_dir(root)
            .output()
            .context("tidy asks `git ls-files` which files belong to the repository")?;
        if !listing.status.success() {
            bail!("git ls-files: {}", String::from_utf8_lossy(&listing.stderr));
        }
        let mut files = BTreeMap::new();
        for name in listing.stdout.split(|b| *b == 0).filter(|n| !n.is_empty()) {
            let name = String::from_utf8(name.to_vec()).context("a file name is not UTF-8")?;
            let path = root.join(&name);
            // Deleted but still in git's index, or a link: nothing to read.
            let Ok(meta) = path.symlink_metadata() else {
                continue;
            };
            if !meta.is_file() {
                continue;
            }
            let text = if meta.len() > TEXT_MAX {
                None
            } else {
                String::from_utf8(std::fs::read(&path).with_context(|| name.clone())?)
                    .ok()
                    .filter(|t| !t.contains('\0'))
            };
            files.insert(name, text);
        }
        Ok(Self { files })
    }

    /// Every text file.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files
            .iter()
            .filter_map(|(p, t)| Some((p.as_str(), t.as_deref()?)))
    }

    /// Every Rust file.
    pub fn rust(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts().filter(|(p, _)| p.ends_with(".rs"))
    }

    /// One text file.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path)?.as_deref()
    }

    /// The folder names under `crates/`.
    pub fn crates(&self) -> Vec<&str> {
        self.files
            .keys()
            .filter_map(|p| p.strip_prefix("crates/")?.strip_suffix("/Cargo.toml"))
            .filter(|name| !name.contains('/'))
            .collect()
    }

    #[cfg(test)]
    pub fn of(files: &[(&str, &str)]) -> Self {
        Self {
            files: files
                .iter()
                .map(|(p, t)| ((*p).to_owned(), Some((*t).to_owned())))
                .collect(),
        }
    }
}
