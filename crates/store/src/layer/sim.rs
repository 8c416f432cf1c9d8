//! A disk in memory whose power can be cut: what was synced stays, what was not is dropped, kept in
//! part or torn at sector edges, as a seed says. For tests; never a place for real data.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

/// How much of the unsynced bytes a power cut keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Nothing that was not synced.
    Nothing,
    /// Each unsynced sector and name by chance.
    Torn,
}

/// The disk. Shared by cloning the `Arc`; [`SimDisk::cut`] gives the disk after the power came
/// back.
#[derive(Debug, Default)]
pub struct SimDisk(Mutex<State>);

#[derive(Debug, Default, Clone)]
struct State {
    names: BTreeMap<PathBuf, Node>,
    synced_names: BTreeMap<PathBuf, Node>,
    name_changes: HashMap<PathBuf, Vec<(PathBuf, Option<Node>)>>,
    files: HashMap<u64, Contents>,
    next_inode: u64,
    capacity: Option<u64>,
    /// Operations until the disk goes dead (writes and syncs fail), to stop a writer half-way.
    ops_left: Option<u64>,
    sync_fails: bool,
    sync_time: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Node {
    Dir,
    File(u64),
}

#[derive(Debug, Default, Clone)]
struct Contents {
    live: Vec<u8>,
    synced: Vec<u8>,
    dirty: bool,
}

impl SimDisk {
    /// An empty disk without limits.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Limits the bytes that fit (`None`: no limit); beyond it writes fail as on a full disk.
    pub fn set_capacity(&self, bytes: Option<u64>) {
        self.state().capacity = bytes;
    }

    /// After `ops` more writes, syncs and renames every one of them fails, as if the machine had
    /// stopped there.
    pub fn die_after(&self, ops: u64) {
        self.state().ops_left = Some(ops);
    }

    /// Every sync fails from now on (`EIO`), or works again.
    pub fn set_sync_fails(&self, fails: bool) {
        self.state().sync_fails = fails;
    }

    /// Every sync takes so long from now on, as on a disk that is slower than this memory.
    pub fn set_sync_time(&self, time: Duration) {
        self.state().sync_time = time;
    }

    /// Bytes in all files now.
    #[must_use]
    pub fn bytes_used(&self) -> u64 {
        self.state().used()
    }

    /// Every byte on the disk, synced and not, of files that still have a name or not: what an
    /// attacker who images it would search.
    #[must_use]
    pub fn image(&self) -> Vec<Vec<u8>> {
        let s = self.state();
        s.files
            .values()
            .flat_map(|c| [c.live.clone(), c.synced.clone()])
            .collect()
    }

    /// The disk as found after a power cut at this moment.
    #[must_use]
    pub fn cut(&self, how: Cut, seed: u64) -> Arc<Self> {
        let before = self.state().clone();
        let mut dice = Dice(seed | 1);
        let mut after = State {
            next_inode: before.next_inode,
            ..State::default()
        };
        let mut names = before.synced_names.clone();
        let mut dirs: Vec<_> = before.name_changes.into_iter().collect();
        dirs.sort_by(|a, b| a.0.cmp(&b.0));
        for (_, changes) in dirs {
            // A journalling file system keeps a folder's changes in order: some first part stays.
            let keep = if how == Cut::Torn {
                dice.below(changes.len() as u64 + 1)
            } else {
                0
            };
            for (path, node) in changes.into_iter().take(usize::try_from(keep).unwrap_or(0)) {
                match node {
                    Some(node) => names.insert(path, node),
                    None => names.remove(&path),
                };
            }
        }
        let kept: Vec<PathBuf> = names
            .keys()
            .filter(|p| {
                let mut up = p
                    .ancestors()
                    .skip(1)
                    .filter(|a| before.names.contains_key(*a));
                up.all(|a| names.get(a) == Some(&Node::Dir))
            })
            .cloned()
            .collect();
        names.retain(|p, _| kept.binary_search(p).is_ok());
        for node in names.values() {
            if let Node::File(inode) = node
                && let Some(c) = before.files.get(inode)
            {
                let bytes = if how == Cut::Torn {
                    c.torn(&mut dice)
                } else {
                    c.synced.clone()
                };
                let dirty = false;
                after.files.insert(
                    *inode,
                    Contents {
                        live: bytes.clone(),
                        synced: bytes,
                        dirty,
                    },
                );
            }
        }
        after.names.clone_from(&names);
        after.synced_names = names;
        Arc::new(Self(Mutex::new(after)))
    }

    pub(super) fn open(&self, path: &Path, make: bool) -> io::Result<u64> {
        let mut s = self.state();
        match s.names.get(path) {
            Some(Node::File(inode)) => return Ok(*inode),
            Some(Node::Dir) => return Err(io::ErrorKind::IsADirectory.into()),
            None if !make => return Err(io::ErrorKind::NotFound.into()),
            None => {}
        }
        let parent = path.parent().unwrap_or(Path::new(""));
        if s.names.get(parent) != Some(&Node::Dir) {
            return Err(io::ErrorKind::NotFound.into());
        }
        s.tick()?;
        s.next_inode += 1;
        let inode = s.next_inode;
        s.files.insert(inode, Contents::default());
        s.change(path, Some(Node::File(inode)));
        Ok(inode)
    }

    pub(super) fn list(&self, dir: &Path) -> BTreeMap<String, Option<u64>> {
        let s = self.state();
        s.names
            .iter()
            .filter(|(p, _)| p.parent() == Some(dir))
            .filter_map(|(p, node)| {
                let size = match node {
                    Node::Dir => None,
                    Node::File(i) => s.files.get(i).map(|c| c.live.len() as u64),
                };
                Some((p.file_name()?.to_string_lossy().into_owned(), size))
            })
            .collect()
    }

    pub(super) fn make_dir(&self, dir: &Path) {
        let mut s = self.state();
        s.change(dir, Some(Node::Dir));
        if dir.parent().is_none() {
            // The root has no folder that could be synced: it is always there.
            s.synced_names.insert(dir.to_owned(), Node::Dir);
        }
    }

    pub(super) fn is_dir(&self, dir: &Path) -> bool {
        self.state().names.get(dir) == Some(&Node::Dir)
    }

    pub(super) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut s = self.state();
        s.tick()?;
        let node = *s.names.get(from).ok_or(io::ErrorKind::NotFound)?;
        s.change(to, Some(node));
        s.change(from, None);
        Ok(())
    }

    pub(super) fn remove(&self, path: &Path) -> io::Result<()> {
        let mut s = self.state();
        if !s.names.contains_key(path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        s.tick()?;
        s.change(path, None);
        Ok(())
    }

    pub(super) fn remove_dir(&self, dir: &Path) {
        let mut s = self.state();
        if s.names.keys().all(|p| p.parent() != Some(dir)) {
            s.change(dir, None);
        }
    }

    pub(super) fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let mut s = self.state();
        s.tick()?;
        for (path, node) in s.name_changes.remove(dir).unwrap_or_default() {
            match node {
                Some(node) => s.synced_names.insert(path, node),
                None => s.synced_names.remove(&path),
            };
        }
        Ok(())
    }

    /// Never tells that it is nearly full, so that the write itself finds out, as in a race.
    pub(super) fn bytes_free() -> u64 {
        u64::MAX / 2
    }

    pub(super) fn len(&self, inode: u64) -> u64 {
        self.state()
            .files
            .get(&inode)
            .map_or(0, |c| c.live.len() as u64)
    }

    pub(super) fn read_at(&self, inode: u64, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        let s = self.state();
        let live = s.files.get(&inode).map_or(&[][..], |c| &c.live);
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        let part = from.checked_add(len).and_then(|to| live.get(from..to));
        part.map(<[u8]>::to_vec)
            .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    pub(super) fn write_at(&self, inode: u64, offset: u64, parts: &[&[u8]]) -> io::Result<()> {
        let mut s = self.state();
        s.tick()?;
        let mut free = s.capacity.unwrap_or(u64::MAX).saturating_sub(s.used());
        let Some(c) = s.files.get_mut(&inode) else {
            return Err(io::ErrorKind::NotFound.into());
        };
        c.dirty = true;
        let mut at = usize::try_from(offset).unwrap_or(usize::MAX);
        for part in parts {
            let grows = (at + part.len()).saturating_sub(c.live.len()) as u64;
            // A full disk takes what still fits, then says so: a torn record, as in life.
            let fits = if grows > free {
                part.len() - usize::try_from(grows - free).unwrap_or(part.len())
            } else {
                part.len()
            };
            free = free.saturating_sub(grows);
            let end = at + fits;
            if c.live.len() < end {
                c.live.resize(end, 0);
            }
            c.live[at..end].copy_from_slice(&part[..fits]);
            at = end;
            if fits < part.len() {
                return Err(io::ErrorKind::StorageFull.into());
            }
        }
        Ok(())
    }

    pub(super) fn set_len(&self, inode: u64, len: u64) {
        if let Some(c) = self.state().files.get_mut(&inode) {
            c.live.resize(usize::try_from(len).unwrap_or(usize::MAX), 0);
            c.dirty = true;
        }
    }

    pub(super) fn sync(&self, inode: u64) -> io::Result<()> {
        let time = self.state().sync_time;
        if !time.is_zero() {
            std::thread::sleep(time);
        }
        let mut s = self.state();
        s.tick()?;
        if s.sync_fails {
            return Err(io::Error::other("the disk did not keep it"));
        }
        if let Some(c) = s.files.get_mut(&inode).filter(|c| c.dirty) {
            c.synced.clone_from(&c.live);
            c.dirty = false;
        }
        Ok(())
    }
}

impl State {
    fn used(&self) -> u64 {
        self.files.values().map(|c| c.live.len() as u64).sum()
    }

    fn change(&mut self, path: &Path, node: Option<Node>) {
        match node {
            Some(node) => {
                if let Some(Node::File(old)) = self.names.insert(path.to_owned(), node)
                    && Node::File(old) != node
                {
                    self.names_gone(old);
                }
            }
            None => {
                if let Some(Node::File(old)) = self.names.remove(path) {
                    self.names_gone(old);
                }
            }
        }
        let parent = path.parent().unwrap_or(Path::new("")).to_owned();
        self.name_changes
            .entry(parent)
            .or_default()
            .push((path.to_owned(), node));
    }

    /// Bytes of a file without a name count no more, but a cut may bring the name back.
    fn names_gone(&mut self, inode: u64) {
        let named = self.names.values().any(|n| *n == Node::File(inode));
        if !named && let Some(c) = self.files.get_mut(&inode) {
            c.live = Vec::new();
            c.dirty = false;
        }
    }

    fn tick(&mut self) -> io::Result<()> {
        match self.ops_left.as_mut() {
            Some(0) => Err(io::Error::other("the machine has stopped")),
            Some(n) => {
                *n -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl Contents {
    /// The file after a cut: some length between synced and live, each unsynced sector old or new.
    fn torn(&self, dice: &mut Dice) -> Vec<u8> {
        if !self.dirty {
            return self.synced.clone();
        }
        let (short, long) = {
            let (a, b) = (self.synced.len(), self.live.len());
            (a.min(b), a.max(b))
        };
        let len = short + usize::try_from(dice.below((long - short) as u64 + 1)).unwrap_or(0);
        let mut out = vec![0; len];
        for (i, sector) in out.chunks_mut(SECTOR).enumerate() {
            let from = if dice.below(2) == 0 {
                &self.live
            } else {
                &self.synced
            };
            let start = (i * SECTOR).min(from.len());
            let end = (start + sector.len()).min(from.len());
            sector[..end - start].copy_from_slice(&from[start..end]);
        }
        out
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): the same seed gives the same cut.
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n.max(1)
    }
}
