//! Keeps the names of one machine or one workplace out of the repository.
//! Never looks inside lock files' standard addresses, which every clone shares.

use super::Finding;
use super::tree::Tree;

/// Folders of somebody's machine, in two halves so that this file does not hold them itself.
const FOLDERS: [&str; 2] = [concat!("/ro", "ot/"), concat!("/wo", "rk/")];

/// Hosts from which package clients fetch. Set-up uses the clients as they are configured.
const HOSTS: [&str; 10] = [
    concat!("crates", ".io/"),
    concat!("static.crates", ".io"),
    concat!("index.crates", ".io"),
    concat!("pypi", ".org"),
    concat!("files.python", "hosted.org"),
    concat!("registry.npm", "js.org"),
    concat!("registry.yarn", "pkg.com"),
    concat!("deb.debian", ".org"),
    concat!("security.debian", ".org"),
    concat!("proxy.golang", ".org"),
];

/// Looks at every line of every text file.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for (path, text) in tree.texts().filter(|(p, _)| !p.ends_with("Cargo.lock")) {
        for (n, line) in text.lines().enumerate() {
            if let Some(folder) = FOLDERS.iter().find(|f| starts_path(line, f)) {
                found.push(Finding::line(
                    path,
                    n + 1,
                    format!("`{folder}` is one machine's"),
                ));
            }
            if let Some(host) = HOSTS.iter().find(|h| line.contains(**h)) {
                found.push(Finding::line(
                    path,
                    n + 1,
                    format!("`{host}` is a registry's host"),
                ));
            }
        }
    }
    found
}

/// Whether an absolute path in `line` begins with `folder`.
fn starts_path(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '.' | '_' | '-' | '}' | ')'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_machines_folders_are_named() {
        let bad = format!("cd {}x\n", FOLDERS[1]);
        assert_eq!(check(&Tree::of(&[("a.sh", &bad)])).len(), 1);
        let good = format!("see docs{}x and $HOME{}y\n", FOLDERS[1], FOLDERS[1]);
        assert_eq!(check(&Tree::of(&[("a.md", &good)])), []);
    }

    #[test]
    fn registry_hosts_are_named() {
        let bad = format!("\"resolved\": \"https://{}/x.tgz\"\n", HOSTS[5]);
        assert_eq!(
            check(&Tree::of(&[("web/package-lock.json", &bad)])).len(),
            1
        );
    }
}
