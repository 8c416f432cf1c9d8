//! The file of key slots: fixed places, overwritten when a key is destroyed, so that nothing of it
//! is left in the file. Never appends a copy, never renames, never is in a backup.

use std::collections::HashMap;
use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use loggia_model::{CameraId, Hour};
use loggia_seal::TableKey;
use zeroize::{Zeroize as _, Zeroizing};

use super::HoldId;
use crate::layer::LayerFile;
use crate::{Error, FileLayer};

/// One slot, bytes: divides a sector (512), so that a power cut leaves it old or new.
const SLOT: usize = 64;
/// Most keys: 8,000 cameras × (96 h of retention + 24 h of freezes) are 960,000; twice that, 123
/// MB.
const SLOTS_MAX: u32 = 1_920_000;

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum For {
    Hour(CameraId, Hour),
    Hold(HoldId),
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Kept {
    slot: u32,
    /// Age of the store at which the key's hour has ended, µs.
    pub ends_us: u64,
}

#[derive(Debug)]
pub(super) struct Slots {
    file: LayerFile,
    kept: HashMap<For, Kept>,
    free: Vec<u32>,
    count: u32,
}

impl Slots {
    pub(super) fn open(path: &Path, layer: &FileLayer) -> Result<Self, Error> {
        let file = layer.open(path)?;
        if let Some(dir) = path.parent() {
            layer.sync_dir(dir)?;
        }
        let len = usize::try_from(file.len()?).unwrap_or(usize::MAX);
        let mut slots = Self {
            file,
            kept: HashMap::new(),
            free: Vec::new(),
            count: 0,
        };
        let bytes = Zeroizing::new(slots.file.read_at(0, len)?);
        let mut wipe = Vec::new();
        for (n, slot) in (0u32..).zip(bytes.chunks(SLOT)) {
            slots.count = n + 1;
            match read_slot(slot) {
                Some((what, kept)) => {
                    slots.kept.insert(
                        what,
                        Kept {
                            slot: n,
                            ends_us: kept,
                        },
                    );
                }
                None => {
                    // Not whole: a key that was being made or destroyed when the power went. It was
                    // never handed out, or was to go.
                    if slot.len() < SLOT || slot.iter().any(|b| *b != 0) {
                        wipe.push(n);
                    }
                    slots.free.push(n);
                }
            }
        }
        slots.wipe(&wipe)?;
        Ok(slots)
    }

    pub(super) fn get(&self, what: For) -> Result<Option<TableKey>, Error> {
        let Some(kept) = self.kept.get(&what) else {
            return Ok(None);
        };
        let slot = Zeroizing::new(
            self.file
                .read_at(u64::from(kept.slot) * SLOT as u64, SLOT)?,
        );
        match read_slot(&slot) {
            Some((found, _)) if found == what => {
                let mut key = Zeroizing::new([0; 32]);
                key.copy_from_slice(&slot[20..52]);
                Ok(Some(TableKey::from_bytes(key)))
            }
            _ => Ok(None),
        }
    }

    pub(super) fn meta(&self) -> impl Iterator<Item = (For, Kept)> + '_ {
        self.kept.iter().map(|(what, kept)| (*what, *kept))
    }

    pub(super) fn has(&self, what: For) -> bool {
        self.kept.contains_key(&what)
    }

    /// Makes a key for each, durably, with one sync. They are nobody's before.
    pub(super) fn make(&mut self, wanted: &[(For, u64)]) -> Result<(), Error> {
        let mut made = Vec::new();
        for (what, ends_us) in wanted.iter().filter(|(w, _)| !self.kept.contains_key(w)) {
            let n = match self.free.pop() {
                Some(n) => n,
                None if self.count >= SLOTS_MAX => {
                    return Err(Error::Refused(format!(
                        "the key store is full ({SLOTS_MAX})"
                    )));
                }
                None => {
                    self.count += 1;
                    self.count - 1
                }
            };
            made.push((
                *what,
                Kept {
                    slot: n,
                    ends_us: *ends_us,
                },
            ));
            let slot = fresh_slot(*what, *ends_us)?;
            self.file
                .write_at(u64::from(n) * SLOT as u64, &[slot.as_slice()])?;
        }
        if !made.is_empty() {
            self.file.sync()?;
            self.kept.extend(made);
        }
        Ok(())
    }

    /// Overwrites, syncs, forgets. An error means: not destroyed, try again.
    pub(super) fn destroy(&mut self, what: &[For]) -> Result<(), Error> {
        let slots: Vec<u32> = what
            .iter()
            .filter_map(|w| self.kept.get(w).map(|k| k.slot))
            .collect();
        self.wipe(&slots)?;
        for w in what {
            if let Some(kept) = self.kept.remove(w) {
                self.free.push(kept.slot);
            }
        }
        Ok(())
    }

    fn wipe(&self, slots: &[u32]) -> Result<(), Error> {
        for n in slots {
            self.file
                .write_at(u64::from(*n) * SLOT as u64, &[&[0; SLOT]])?;
        }
        if slots.is_empty() {
            Ok(())
        } else {
            self.file.sync()
        }
    }
}

fn check(slot: &[u8]) -> [u8; 4] {
    let mut out = [0; 4];
    out.copy_from_slice(&digest(&SHA256, &slot[..60]).as_ref()[..4]);
    out
}

fn fresh_slot(what: For, ends_us: u64) -> Result<Zeroizing<[u8; SLOT]>, Error> {
    let mut slot = Zeroizing::new([0; SLOT]);
    match what {
        For::Hour(camera, hour) => {
            slot[0] = 1;
            slot[4..8].copy_from_slice(&camera.0.to_be_bytes());
            slot[8..12].copy_from_slice(&hour.0.to_be_bytes());
        }
        For::Hold(hold) => {
            slot[0] = 2;
            slot[4..12].copy_from_slice(&hold.0.to_be_bytes());
        }
    }
    slot[12..20].copy_from_slice(&ends_us.to_be_bytes());
    let mut key = [0; 32];
    let drawn = aws_lc_rs::rand::fill(&mut key);
    slot[20..52].copy_from_slice(&key);
    key.zeroize();
    drawn.map_err(|_| Error::Refused("the machine gives no randomness".to_owned()))?;
    let sum = check(slot.as_slice());
    slot[60..64].copy_from_slice(&sum);
    Ok(slot)
}

fn read_slot(slot: &[u8]) -> Option<(For, u64)> {
    if slot.len() != SLOT || slot[60..64] != check(slot) {
        return None;
    }
    let four = |at: usize| Some(u32::from_be_bytes(*slot.get(at..)?.first_chunk()?));
    let eight = |at: usize| Some(u64::from_be_bytes(*slot.get(at..)?.first_chunk()?));
    let what = match slot[0] {
        1 => For::Hour(CameraId(four(4)?), Hour(four(8)?)),
        2 => For::Hold(HoldId(eight(4)?)),
        _ => return None,
    };
    Some((what, eight(12)?))
}
