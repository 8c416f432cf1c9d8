//! Copies of a data folder and the way back. Never copies an hour key (`keys/`) nor the machine
//! key: footage in a backup dies with its hour's key, and passwords in it stay sealed.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};
use loggia_model::{At, Digest};
use serde::{Deserialize, Serialize};

use crate::bus::{BUS, copy_log};
use crate::{BLOBS, Error, FileLayer, HELD, MACHINE_KEY, db};

/// Hour keys: never copied.
const KEYS: &str = "keys";
const SECRETS: &str = "secrets";
/// The list of what a backup holds.
const LIST: &str = "backup.json";
/// Files are copied in parts of this many bytes.
const PART: usize = 1 << 20;

/// Whether sealed footage goes into the backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Footage {
    /// With all segments.
    Include,
    /// Only database, log and settings.
    LeaveOut,
}

/// Something that a backup does not hold, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// File or folder, relative to the data folder.
    pub name: String,
    /// Why, in words for the operator.
    pub why: &'static str,
}

/// What was copied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Backup {
    /// Files.
    pub files: usize,
    /// Bytes.
    pub bytes: u64,
    /// What was not.
    pub left_out: Vec<LeftOut>,
}

/// What a restore does, or would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restore {
    /// When the backup was made.
    pub made_at: At,
    /// Files it brings, with their bytes.
    pub files: Vec<(String, u64)>,
    /// Files that are missing in the backup or not what was backed up: nothing is restored then.
    pub damaged: Vec<String>,
    /// What the operator has to know and do.
    pub notes: Vec<&'static str>,
}

#[derive(Debug, Serialize, Deserialize)]
struct List {
    v: u8,
    at: At,
    files: BTreeMap<String, Entry>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    len: u64,
    sha256: Digest,
}

/// Copies the data folder `data`, which may be in use, into the new folder `dest`.
///
/// # Errors
/// [`Error::Refused`] if `dest` is not empty or lies inside `data`.
pub fn backup(data: &Path, dest: &Path, footage: Footage, at: At) -> Result<Backup, Error> {
    FileLayer::Real.make_dirs(dest)?;
    let inside = fs::canonicalize(dest)
        .and_then(|d| Ok(d.starts_with(fs::canonicalize(data)?)))
        .map_err(|e| Error::files("find", dest, e))?;
    if inside {
        return Err(Error::Refused(
            "a backup cannot lie inside the data folder".to_owned(),
        ));
    }
    must_be_empty(dest)?;
    let mut report = Backup::default();
    let mut list = List {
        v: 1,
        at,
        files: BTreeMap::new(),
    };
    for name in names(data, footage, &mut report.left_out)? {
        let (from, to) = (data.join(&name), dest.join(&name));
        if let Some(dir) = to.parent() {
            FileLayer::Real.make_dirs(dir)?;
        }
        let entry = if is_database(&name) {
            db::copy_database(&db::open_reader(&from)?, &to)?;
            measure(&to)?
        } else {
            copy(&from, &to)?
        };
        report.files += 1;
        report.bytes += entry.len;
        list.files.insert(name, entry);
    }
    if FileLayer::Real.is_dir(&data.join(BUS)) {
        // In its own order, so that no cursor is ahead of the records and no record is half.
        copy_log(&data.join(BUS), &dest.join(BUS), &FileLayer::Real)?;
        for name in FileLayer::Real.list(&dest.join(BUS))?.into_keys() {
            let name = format!("{BUS}/{name}");
            let entry = measure(&dest.join(&name))?;
            report.files += 1;
            report.bytes += entry.len;
            list.files.insert(name, entry);
        }
    }
    let bytes = serde_json::to_vec_pretty(&list)
        .map_err(|e| Error::malformed(&dest.join(LIST), e.to_string()))?;
    FileLayer::Real.write_atomic(&dest.join(LIST), &bytes)?;
    Ok(report)
}

/// Says what [`restore`] would do; changes nothing (`--dry-run`).
pub fn plan_restore(src: &Path, dest: &Path) -> Result<Restore, Error> {
    if dest.exists() {
        must_be_empty(dest)?;
    }
    let path = src.join(LIST);
    let bytes = FileLayer::Real
        .read(&path)?
        .ok_or_else(|| Error::Refused(format!("{} is no backup: no {LIST}", src.display())))?;
    let list: List =
        serde_json::from_slice(&bytes).map_err(|e| Error::malformed(&path, e.to_string()))?;
    let (mut files, mut damaged) = (Vec::new(), Vec::new());
    for (name, entry) in list.files {
        let inside = Path::new(&name)
            .components()
            .all(|c| matches!(c, Component::Normal(_)));
        let whole = inside && measure(&src.join(&name)).is_ok_and(|found| found == entry);
        if !whole {
            damaged.push(name.clone());
        }
        files.push((name, entry.len));
    }
    let notes = vec![
        "hour keys are in no backup: footage opens only if the recorder's keys/ is still there",
        "secrets/machine.key is in no backup: put your kept copy back, or enter the camera \
         passwords again and enrol a new recorder key",
        "the public log goes back to the backup's time: whoever kept a later checkpoint sees the \
         fork",
    ];
    Ok(Restore {
        made_at: list.at,
        files,
        damaged,
        notes,
    })
}

/// Brings a backup back into the new or empty folder `dest`. Every file is checked first; if one is
/// damaged nothing is written.
pub fn restore(src: &Path, dest: &Path) -> Result<Restore, Error> {
    let plan = plan_restore(src, dest)?;
    if let Some(name) = plan.damaged.first() {
        return Err(Error::Refused(format!(
            "`{name}` in the backup is missing or damaged"
        )));
    }
    for (name, _) in &plan.files {
        let to = dest.join(name);
        if let Some(dir) = to.parent() {
            FileLayer::Real.make_dirs(dir)?;
        }
        copy(&src.join(name), &to)?;
    }
    Ok(plan)
}

fn must_be_empty(dir: &Path) -> Result<(), Error> {
    if FileLayer::Real.list(dir)?.is_empty() {
        return Ok(());
    }
    Err(Error::Refused(format!(
        "{} is not empty: nothing is overwritten",
        dir.display()
    )))
}

fn is_database(name: &str) -> bool {
    name.ends_with(".sqlite")
}

/// Files to copy, databases first: footage written meanwhile is then ahead of the index, which the
/// next start mends; the other way round would look like a loss. Footage last: it is then ahead of
/// the heads that the log knows, too.
fn names(data: &Path, footage: Footage, left_out: &mut Vec<LeftOut>) -> Result<Vec<String>, Error> {
    let (mut out, mut folders) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(folder) = folders.pop() {
        for (file, size) in FileLayer::Real.list(&data.join(&folder))? {
            let path = folder.join(&file);
            let name = path.to_string_lossy().into_owned();
            let why = if name == KEYS {
                Some("hour keys must die when they are destroyed, here and everywhere")
            } else if path == Path::new(SECRETS).join(MACHINE_KEY) {
                Some("it opens the sealed passwords: keep a copy apart")
            } else if (name == BLOBS || name == HELD) && footage == Footage::LeaveOut {
                Some("as asked")
            } else {
                None
            };
            if name == BUS {
                // Copied by itself.
            } else if let Some(why) = why {
                left_out.push(LeftOut { name, why });
            } else if fs::symlink_metadata(data.join(&path)).is_ok_and(|m| m.is_symlink()) {
                left_out.push(LeftOut {
                    name,
                    why: "a link: its target is not in the folder",
                });
            } else if size.is_none() {
                folders.push(path);
            } else if ![".sqlite-wal", ".sqlite-shm", ".new"]
                .iter()
                .any(|s| file.ends_with(s))
            {
                out.push(name);
            }
        }
    }
    let is_footage = |n: &str| Path::new(n).starts_with(BLOBS) || Path::new(n).starts_with(HELD);
    out.sort_by_key(|n| (!is_database(n), is_footage(n), n.clone()));
    Ok(out)
}

fn measure(path: &Path) -> Result<Entry, Error> {
    pass(path, &mut std::io::sink())
}

fn copy(from: &Path, to: &Path) -> Result<Entry, Error> {
    let mut file = fs::File::create_new(to).map_err(|e| Error::files("make", to, e))?;
    let entry = pass(from, &mut file)?;
    file.sync_all().map_err(|e| Error::files("sync", to, e))?;
    Ok(entry)
}

fn pass(from: &Path, to: &mut dyn std::io::Write) -> Result<Entry, Error> {
    let mut file = fs::File::open(from).map_err(|e| Error::files("open", from, e))?;
    let (mut hash, mut len, mut part) = (Context::new(&SHA256), 0, vec![0; PART]);
    loop {
        let n = file
            .read(&mut part)
            .map_err(|e| Error::files("read", from, e))?;
        if n == 0 {
            break;
        }
        hash.update(&part[..n]);
        to.write_all(&part[..n])
            .map_err(|e| Error::files("copy", from, e))?;
        len += n as u64;
    }
    let mut sha256 = Digest::default();
    sha256.0.copy_from_slice(hash.finish().as_ref());
    Ok(Entry { len, sha256 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::{Bus, BusConfig, Entry};
    use crate::{Db, Secrets};

    #[test]
    fn keys_stay_behind_and_a_restore_says_what_it_does() {
        let tmp = tempfile::tempdir().unwrap();
        let (data, dest, back) = (
            tmp.path().join("data"),
            tmp.path().join("copy"),
            tmp.path().join("back"),
        );
        fs::create_dir_all(data.join("keys")).unwrap();
        fs::create_dir_all(data.join("blobs/5")).unwrap();
        fs::write(data.join("keys/slots"), b"a key").unwrap();
        fs::write(data.join("blobs/5/1.seg"), b"sealed").unwrap();
        let secrets = Secrets::open(&data.join(SECRETS), FileLayer::Real).unwrap();
        secrets
            .keep("recorder", || Ok::<_, Error>(vec![7; 9].into()))
            .unwrap();
        let db = Db::open(&data.join("city.sqlite")).unwrap();
        let bus = |dir: &Path| Bus::open(&dir.join(BUS), BusConfig::new(1, FileLayer::Real));
        let log = bus(&data).unwrap();
        let entry = Entry {
            kind: 1,
            key: 0,
            at: At(0),
            body: b"a reading",
        };
        let ticket = log.append(entry).unwrap();
        ticket.wait(std::time::Duration::from_secs(60)).unwrap();
        db.migrate(
            "t",
            &["CREATE TABLE t (x INTEGER); INSERT INTO t VALUES (42)"],
        )
        .unwrap();

        assert!(backup(&data, &data.join("in"), Footage::Include, At(1)).is_err());
        fs::remove_dir(data.join("in")).unwrap();
        let done = backup(&data, &dest, Footage::Include, At(1)).unwrap();
        assert_eq!(done.files, 4, "the log was in use");
        let left: Vec<_> = done.left_out.iter().map(|l| l.name.as_str()).collect();
        assert_eq!(left, ["keys", "secrets/machine.key"]);
        assert!(!dest.join("keys").exists() && !dest.join("secrets/machine.key").exists());

        let plan = plan_restore(&dest, &back).unwrap();
        assert!(plan.damaged.is_empty() && plan.files.len() == 4 && !back.exists());
        restore(&dest, &back).unwrap();
        assert_eq!(fs::read(back.join("blobs/5/1.seg")).unwrap(), b"sealed");
        let db = Db::open(&back.join("city.sqlite")).unwrap();
        let x: i64 = db
            .read(|c| Ok::<_, Error>(c.query_row("SELECT x FROM t", [], |r| r.get(0))?))
            .unwrap();
        assert_eq!(x, 42);
        let mut reader = bus(&back).unwrap().reader(1);
        let record = reader.next(std::time::Duration::ZERO).unwrap().unwrap();
        assert_eq!(record.body(), b"a reading");
        let open = Secrets::open(&back.join(SECRETS), FileLayer::Real);
        assert!(matches!(open, Err(Error::MachineKeyMissing { .. })));

        assert!(restore(&dest, &back).is_err(), "nothing is overwritten");
        fs::write(dest.join("blobs/5/1.seg"), b"sealeD").unwrap();
        let other = tmp.path().join("other");
        assert_eq!(
            plan_restore(&dest, &other).unwrap().damaged,
            ["blobs/5/1.seg"]
        );
        assert!(restore(&dest, &other).is_err() && !other.exists());
    }

    #[test]
    fn a_backup_cannot_name_files_outside() {
        let tmp = tempfile::tempdir().unwrap();
        let zero = Digest::default();
        let list =
            format!(r#"{{"v":1,"at":1,"files":{{"../evil":{{"len":0,"sha256":"{zero}"}}}}}}"#);
        fs::write(tmp.path().join(LIST), list).unwrap();
        let plan = plan_restore(tmp.path(), &tmp.path().join("new")).unwrap();
        assert_eq!(plan.damaged, ["../evil"]);
    }
}
