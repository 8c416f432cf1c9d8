//! The inventory's table. Never holds a password in the clear.

use loggia_model::{At, CameraId, Digest, LegalBasis};
use loggia_transparency::{CameraEnrolled, CameraRetired, Logged};
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use crate::{CameraDecl, Enrolled, Error, Mask, MaskCheck};

pub(crate) const MIGRATIONS: &[&str] = &[
    "
CREATE TABLE camera (
    id INTEGER PRIMARY KEY,
    label TEXT NOT NULL, make TEXT NOT NULL, model TEXT NOT NULL, firmware TEXT NOT NULL,
    origin TEXT NOT NULL, rtsp_url TEXT NOT NULL, sub_rtsp_url TEXT, onvif_url TEXT,
    username TEXT NOT NULL, password BLOB NOT NULL,
    lat REAL NOT NULL, lon REAL NOT NULL, heading_deg REAL NOT NULL,
    purpose TEXT NOT NULL, legal_basis TEXT NOT NULL, accountable TEXT NOT NULL,
    retention_h INTEGER NOT NULL, place TEXT NOT NULL, mask TEXT NOT NULL,
    salt BLOB NOT NULL, commitment BLOB NOT NULL,
    enrolled_at INTEGER NOT NULL, log_index INTEGER NOT NULL,
    retired_at INTEGER, retired_log_index INTEGER
) STRICT;
CREATE UNIQUE INDEX camera_address ON camera (rtsp_url) WHERE retired_at IS NULL;
",
    "
ALTER TABLE camera ADD COLUMN mask_check TEXT NOT NULL DEFAULT 'nobody';
ALTER TABLE camera ADD COLUMN mask_seen_by TEXT;
",
];

/// What a new row is made of, beside the proof that it is logged.
pub(crate) struct New<'a> {
    pub(crate) id: CameraId,
    pub(crate) decl: &'a CameraDecl,
    pub(crate) mask_check: MaskCheck,
    pub(crate) password: &'a [u8],
    pub(crate) salt: &'a [u8],
    pub(crate) at: At,
}

/// Writes a row; the [`Logged`] is the permission.
pub(crate) fn insert(
    c: &Connection,
    new: &New<'_>,
    logged: &Logged<CameraEnrolled>,
) -> Result<(), Error> {
    let d = new.decl;
    c.execute(
        "INSERT INTO camera VALUES (:id, :label, :make, :model, :firmware, :origin, :rtsp_url,
             :sub_rtsp_url, :onvif_url, :username, :password, :lat, :lon, :heading_deg, :purpose,
             :legal_basis, :accountable, :retention_h, :place, :mask, :salt, :commitment,
             :enrolled_at, :log_index, NULL, NULL, :mask_check, :mask_seen_by)",
        named_params! {
            ":id": new.id.0, ":label": d.label, ":make": d.make, ":model": d.model,
            ":firmware": d.firmware, ":origin": d.origin, ":rtsp_url": d.rtsp_url,
            ":sub_rtsp_url": d.sub_rtsp_url, ":onvif_url": d.onvif_url,
            ":username": d.username, ":password": new.password, ":lat": d.lat, ":lon": d.lon,
            ":heading_deg": d.heading_deg, ":purpose": d.purpose,
            ":legal_basis": d.legal_basis.0, ":accountable": d.accountable,
            ":retention_h": d.retention_h, ":place": d.place, ":mask": d.mask.name(),
            ":salt": new.salt, ":commitment": logged.get().camera_commitment.0,
            ":enrolled_at": new.at.0, ":log_index": logged.index().cast_signed(),
            ":mask_check": new.mask_check.name(), ":mask_seen_by": d.seen_by(new.mask_check),
        },
    )?;
    Ok(())
}

pub(crate) fn retire(
    c: &Connection,
    id: CameraId,
    at: At,
    logged: &Logged<CameraRetired>,
) -> Result<(), Error> {
    c.execute(
        "UPDATE camera SET retired_at = ?2, retired_log_index = ?3 WHERE id = ?1",
        (id.0, at.0, logged.index().cast_signed()),
    )?;
    Ok(())
}

pub(crate) fn next_id(c: &Connection) -> Result<CameraId, Error> {
    let last: Option<u32> = c.query_row("SELECT max(id) FROM camera", [], |r| r.get(0))?;
    Ok(CameraId(last.unwrap_or(0) + 1))
}

pub(crate) fn with_address(c: &Connection, rtsp_url: &str) -> Result<Option<CameraId>, Error> {
    let sql = "SELECT id FROM camera WHERE rtsp_url = ?1 AND retired_at IS NULL";
    Ok(c.query_row(sql, [rtsp_url], |r| r.get(0))
        .optional()?
        .map(CameraId))
}

pub(crate) fn password(c: &Connection, id: CameraId) -> Result<Option<Vec<u8>>, Error> {
    let sql = "SELECT password FROM camera WHERE id = ?1";
    Ok(c.query_row(sql, [id.0], |r| r.get(0)).optional()?)
}

pub(crate) fn salt(c: &Connection, id: CameraId) -> Result<Option<Vec<u8>>, Error> {
    let sql = "SELECT salt FROM camera WHERE id = ?1";
    Ok(c.query_row(sql, [id.0], |r| r.get(0)).optional()?)
}

pub(crate) fn one(c: &Connection, id: CameraId) -> Result<Option<Enrolled>, Error> {
    Ok(
        c.query_row("SELECT * FROM camera WHERE id = ?1", [id.0], enrolled)
            .optional()?,
    )
}

pub(crate) fn all(c: &Connection) -> Result<Vec<Enrolled>, Error> {
    let mut statement = c.prepare_cached("SELECT * FROM camera ORDER BY id")?;
    let rows = statement.query_map([], enrolled)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn enrolled(row: &Row<'_>) -> rusqlite::Result<Enrolled> {
    let mask: String = row.get("mask")?;
    let mask_check: String = row.get("mask_check")?;
    Ok(Enrolled {
        id: CameraId(row.get("id")?),
        label: row.get("label")?,
        make: row.get("make")?,
        model: row.get("model")?,
        firmware: row.get("firmware")?,
        origin: row.get("origin")?,
        rtsp_url: row.get("rtsp_url")?,
        sub_rtsp_url: row.get("sub_rtsp_url")?,
        onvif_url: row.get("onvif_url")?,
        username: row.get("username")?,
        lat: row.get("lat")?,
        lon: row.get("lon")?,
        heading_deg: row.get("heading_deg")?,
        purpose: row.get("purpose")?,
        legal_basis: LegalBasis(row.get("legal_basis")?),
        accountable: row.get("accountable")?,
        retention_h: row.get("retention_h")?,
        place: row.get("place")?,
        mask: Mask::from_name(&mask),
        mask_check: MaskCheck::from_name(&mask_check),
        mask_seen_by: row.get("mask_seen_by")?,
        enrolled_at: At(row.get("enrolled_at")?),
        log_index: row.get::<_, i64>("log_index")?.cast_unsigned(),
        commitment: Digest(row.get("commitment")?),
        retired_at: row.get::<_, Option<i64>>("retired_at")?.map(At),
    })
}
