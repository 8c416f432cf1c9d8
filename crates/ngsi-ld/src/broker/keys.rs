//! Keys of devices: records of the log like everything else, so that they are there after a crash,
//! in each snapshot and backup, and as old as the data that they open. Never keeps a secret, only
//! its hash; never forgets that a key was revoked.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::record::{KEY, KEYS_USED};
use super::{Broker, Kept};
use crate::error::Error;
use crate::http::call::is_tenant;
use crate::json::{Emit, Json};
use crate::rights::Rights;
use crate::time::Time;

/// Keys of one installation, revoked ones included: 10,000 of 1 kB are 10 MB.
pub const KEYS_MAX: usize = 10_000;
/// How a key begins, so that people and scanners of secrets know one.
pub const KEY_BEGINS: &str = "ldk_";
/// The longest name of a key.
const NAME_CHARS_MAX: usize = 100;
/// A key is good for ten years at most: what is forgotten ends by itself.
const GOOD_FOR_US_MAX: i64 = 10 * 366 * 86_400 * 1_000_000;

/// A key, without its secret.
#[derive(Debug)]
pub struct DeviceKey {
    /// Its number, which no other has or had.
    pub number: u64,
    /// What people call it: one line.
    pub name: Box<str>,
    /// Whose data; empty for the default tenant.
    pub tenant: Box<str>,
    /// What it may be used for.
    pub rights: Rights,
    /// From when on it is good.
    pub from: Time,
    /// Until when.
    pub until: Time,
    /// When it was made.
    pub made_at: Time,
    /// By whom.
    pub made_by: Box<str>,
    /// When it was revoked, and by whom.
    pub revoked: Option<(Time, Box<str>)>,
    /// SHA-256 of the secret.
    hash: [u8; 32],
    /// Microseconds since 1970; 0 when it was never used.
    used_at: AtomicI64,
}

impl DeviceKey {
    /// When it was used last, to the minute across a crash.
    #[must_use]
    pub fn used_at(&self) -> Option<Time> {
        let us = self.used_at.load(Ordering::Relaxed);
        (us != 0).then(|| Time::of_micros(us))
    }
}

/// A key that is wanted.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// What people call it; one of this name in the tenant may be in force.
    pub name: Box<str>,
    /// Whose data.
    pub tenant: Box<str>,
    /// What it may be used for.
    pub rights: Rights,
    /// From when on it is good.
    pub from: Time,
    /// Until when.
    pub until: Time,
    /// Who makes it.
    pub by: Box<str>,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct KeyStore(RwLock<Inside>);

#[derive(Debug, Default)]
struct Inside {
    by_number: BTreeMap<u64, Arc<DeviceKey>>,
    by_hash: HashMap<[u8; 32], u64>,
    /// Uses up to here are in the log.
    uses_kept: i64,
}

impl Inside {
    fn put(&mut self, key: DeviceKey) -> Arc<DeviceKey> {
        let key = Arc::new(key);
        self.by_hash.insert(key.hash, key.number);
        self.by_number.insert(key.number, Arc::clone(&key));
        key
    }
}

impl KeyStore {
    fn read<T>(&self, ask: impl FnOnce(&Inside) -> T) -> T {
        ask(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write<T>(&self, act: impl FnOnce(&mut Inside) -> T) -> T {
        act(&mut self.0.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// Each as a record, for a snapshot.
    pub(super) fn rows(&self) -> Vec<Vec<u8>> {
        self.read(|inside| inside.by_number.values().map(|k| body(k)).collect())
    }

    pub(super) fn restore(&self, seq: u64, row: &[u8]) -> Result<(), Error> {
        let json = Json::read(row)?;
        let key = restored(seq, &json);
        let key = key.ok_or_else(|| Error::Broken(format!("record {seq} is no key")))?;
        self.write(|inside| drop(inside.put(key)));
        Ok(())
    }

    pub(super) fn restore_uses(&self, row: &[u8]) -> Result<(), Error> {
        let json = Json::read(row)?;
        self.read(|inside| {
            for one in json.as_list() {
                let key = number(one, "number").and_then(|n| inside.by_number.get(&n));
                if let (Some(key), Some(at)) = (key, time(one, "usedAt")) {
                    key.used_at.fetch_max(at.micros(), Ordering::Relaxed);
                }
            }
        });
        Ok(())
    }
}

impl Broker {
    /// Makes a key; gives it, and the secret that nobody is told again. `random` is new and from
    /// the machine.
    ///
    /// # Errors
    /// [`Error::BadData`] names the member, [`Error::AlreadyExists`], [`Error::TooMany`],
    /// [`Error::Busy`].
    pub fn make_key(
        &self,
        new: NewKey,
        random: [u8; 32],
    ) -> Result<(Arc<DeviceKey>, String, Kept), Error> {
        let now = self.now();
        check(&new, now)?;
        let secret = format!("{KEY_BEGINS}{}", hex(&random));
        self.keys.write(|inside| {
            if inside.by_number.len() >= KEYS_MAX {
                return Err(Error::TooMany(format!("there are {KEYS_MAX} keys already")));
            }
            let same = |k: &&Arc<DeviceKey>| k.name == new.name && k.tenant == new.tenant;
            let good = |k: &&Arc<DeviceKey>| k.revoked.is_none() && k.until > now;
            if inside.by_number.values().filter(same).any(|k| good(&k)) {
                let what = format!("there is a key {} already: revoke it first", new.name);
                return Err(Error::AlreadyExists(what));
            }
            let mut key = DeviceKey {
                number: 0,
                name: new.name,
                tenant: new.tenant,
                rights: new.rights,
                from: new.from,
                until: new.until,
                made_at: now,
                made_by: new.by,
                revoked: None,
                hash: hash(&secret),
                used_at: AtomicI64::new(0),
            };
            let ticket = self.append(KEY, 0, now, &body(&key))?;
            key.number = ticket.seq();
            Ok((inside.put(key), secret, ticket.into()))
        })
    }

    /// Revokes a key, and deletes the subscriptions that were made with it. One that was revoked
    /// before stays as it was.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Busy`].
    pub fn revoke_key(&self, number: u64, by: &str) -> Result<Kept, Error> {
        let now = self.now();
        let kept: Kept = self.keys.write(|inside| {
            let old = inside.by_number.get(&number);
            let old = Arc::clone(old.ok_or_else(|| no_key(number))?);
            if old.revoked.is_some() {
                return Ok::<Kept, Error>(Kept::nothing());
            }
            let revoked = DeviceKey {
                number,
                name: old.name.clone(),
                tenant: old.tenant.clone(),
                rights: old.rights.clone(),
                from: old.from,
                until: old.until,
                made_at: old.made_at,
                made_by: old.made_by.clone(),
                revoked: Some((now, by.into())),
                hash: old.hash,
                used_at: AtomicI64::new(old.used_at.load(Ordering::Relaxed)),
            };
            let ticket = self.append(KEY, 0, now, &body(&revoked))?;
            inside.put(revoked);
            Ok(ticket.into())
        })?;
        Ok(kept.and(self.unsubscribe_key(number)?))
    }

    /// The key with this secret, if it is good now. It counts as used.
    ///
    /// # Errors
    /// [`Error::Unknown`] says whether it is no key, revoked, too early or too late.
    pub fn admit(&self, secret: &str) -> Result<Arc<DeviceKey>, Error> {
        let refused = |what: String| Err(Error::Unknown(what));
        let hash = hash(secret);
        let found = self.keys.read(|inside| {
            let number = inside.by_hash.get(&hash)?;
            inside.by_number.get(number).cloned()
        });
        let now = self.now();
        match found {
            None => refused("this is no key of a device here: ask for a new one".to_owned()),
            Some(key) if key.revoked.is_some() => {
                refused(format!("the key {} is revoked", key.name))
            }
            Some(key) if now < key.from => {
                refused(format!("the key {} is good from {} on", key.name, key.from))
            }
            Some(key) if now >= key.until => {
                refused(format!("the key {} was good until {}", key.name, key.until))
            }
            Some(key) => {
                key.used_at.fetch_max(now.micros(), Ordering::Relaxed);
                Ok(key)
            }
        }
    }

    /// One key.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn key(&self, number: u64) -> Result<Arc<DeviceKey>, Error> {
        let found = self
            .keys
            .read(|inside| inside.by_number.get(&number).cloned());
        found.ok_or_else(|| no_key(number))
    }

    /// Keys behind a number, in the order in which they were made, `most` at most; and whether
    /// there are more.
    #[must_use]
    pub fn list_keys(&self, after: u64, most: usize) -> (Vec<Arc<DeviceKey>>, bool) {
        self.keys.read(|inside| {
            let mut behind = inside.by_number.range(after.saturating_add(1)..);
            let page: Vec<_> = behind.by_ref().take(most).map(|(_, k)| k.clone()).collect();
            (page, behind.next().is_some())
        })
    }

    /// Writes down which keys were used since this was done last.
    pub(super) fn keep_key_uses(&self) -> Result<(), Error> {
        let now = self.now().micros();
        let used: Vec<(u64, Time)> = self.keys.read(|inside| {
            let each = inside.by_number.values();
            let since = each.filter_map(|k| Some((k.number, k.used_at()?)));
            since
                .filter(|(_, at)| at.micros() >= inside.uses_kept)
                .collect()
        });
        if used.is_empty() {
            return Ok(());
        }
        let mut row = Vec::new();
        let mut list = Emit::array(&mut row);
        for (number, at) in used {
            let mut object = Emit::object(list.item());
            object.json("number", &Json::Number(number.into()));
            object.time("usedAt", at);
            object.end();
        }
        list.end();
        // Nobody waits for it: the next one says the same and more.
        drop(self.append_kept(KEYS_USED, &row)?);
        self.keys.write(|inside| inside.uses_kept = now);
        Ok(())
    }
}

fn check(new: &NewKey, now: Time) -> Result<(), Error> {
    let chars = new.name.chars().count();
    if chars == 0 || chars > NAME_CHARS_MAX || new.name.chars().any(char::is_control) {
        let what = format!("one line of 1 to {NAME_CHARS_MAX} characters");
        return Err(Error::bad("name", what));
    }
    if !is_tenant(&new.tenant) {
        let what = "letters, digits and `_-.:`, at most 60; empty for the default tenant";
        return Err(Error::bad("tenant", what));
    }
    if new.until <= new.from || new.until <= now {
        return Err(Error::bad(
            "until",
            "it lies in the future, and behind `from`",
        ));
    }
    if new.until.micros().saturating_sub(new.from.micros()) > GOOD_FOR_US_MAX {
        return Err(Error::bad("until", "a key is good for ten years at most"));
    }
    new.rights.check()
}

fn no_key(number: u64) -> Error {
    Error::NotFound(format!("there is no key {number}"))
}

fn hash(secret: &str) -> [u8; 32] {
    let mut out = [0; 32];
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, secret.as_bytes());
    out.copy_from_slice(digest.as_ref());
    out
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut out = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (place, byte) in out.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    Some(out)
}

/// A key's record. The first one has no number yet: it is the record's own.
fn body(key: &DeviceKey) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    let mut object = Emit::object(&mut out);
    object.json("number", &Json::Number(key.number.into()));
    object.text("name", &key.name);
    object.text("tenant", &key.tenant);
    key.rights.write(&mut object);
    object.time("from", key.from);
    object.time("until", key.until);
    object.time("madeAt", key.made_at);
    object.text("madeBy", &key.made_by);
    if let Some((at, by)) = &key.revoked {
        object.time("revokedAt", *at);
        object.text("revokedBy", by);
    }
    if let Some(at) = key.used_at() {
        object.time("usedAt", at);
    }
    object.text("sha256", &hex(&key.hash));
    object.end();
    out
}

fn restored(seq: u64, json: &Json) -> Option<DeviceKey> {
    let text = |name: &str| json.get(name).and_then(Json::as_str).map(Box::from);
    let revoked = match time(json, "revokedAt") {
        Some(at) => Some((at, text("revokedBy")?)),
        None => None,
    };
    Some(DeviceKey {
        number: number(json, "number").filter(|n| *n > 0).unwrap_or(seq),
        name: text("name")?,
        tenant: text("tenant")?,
        rights: Rights::restore(json)?,
        from: time(json, "from")?,
        until: time(json, "until")?,
        made_at: time(json, "madeAt")?,
        made_by: text("madeBy")?,
        revoked,
        hash: unhex(json.get("sha256")?.as_str()?)?,
        used_at: AtomicI64::new(time(json, "usedAt").map_or(0, Time::micros)),
    })
}

fn time(json: &Json, name: &str) -> Option<Time> {
    Time::read(json.get(name)?.as_str()?)
}

fn number(json: &Json, name: &str) -> Option<u64> {
    match json.get(name) {
        Some(Json::Number(n)) => n.as_u64(),
        _ => None,
    }
}
