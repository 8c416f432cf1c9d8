//! The tables of the history. Never an SQL statement with a value in its text.

/// Applied once each and in order; a step is never edited after a release.
///
/// `instance` is laid out so that one series, of one of three kinds of time, stands together in the
/// order of time: 100,000 rows of 60 bytes are 1,500 pages behind each other. `n` is a number's
/// value, so that an aggregate parses no JSON; `body` is what else there is, or nothing. Numbers of
/// series are never used twice: rows of an erased one (`orphan`) may go later than it.
///
/// | `basis` | `t` is |
/// |---|---|
/// | 0 | `observedAt` |
/// | 1 | `modifiedAt`, where there is no `observedAt` |
/// | 2 | `deletedAt`: the attribute was deleted |
pub(super) const STEPS: &[&str] = &["
CREATE TABLE progress (one INTEGER PRIMARY KEY CHECK (one = 1), done INTEGER NOT NULL);
INSERT INTO progress VALUES (1, 0);
CREATE TABLE tenant (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE name (id INTEGER PRIMARY KEY, iri TEXT NOT NULL UNIQUE);
CREATE TABLE entity (
    id INTEGER PRIMARY KEY AUTOINCREMENT, tenant INTEGER NOT NULL, urn TEXT NOT NULL,
    types TEXT NOT NULL, created INTEGER NOT NULL, deleted INTEGER, UNIQUE (tenant, urn));
CREATE TABLE entity_type (
    tenant INTEGER NOT NULL, name INTEGER NOT NULL, entity INTEGER NOT NULL,
    PRIMARY KEY (tenant, name, entity)) WITHOUT ROWID;
CREATE TABLE series (
    id INTEGER PRIMARY KEY AUTOINCREMENT, entity INTEGER NOT NULL, name INTEGER NOT NULL,
    dataset TEXT NOT NULL, UNIQUE (entity, name, dataset));
CREATE INDEX series_by_name ON series (name, entity);
CREATE TABLE orphan (series INTEGER PRIMARY KEY);
CREATE TABLE instance (
    series INTEGER NOT NULL, basis INTEGER NOT NULL, t INTEGER NOT NULL, id INTEGER NOT NULL,
    kind INTEGER NOT NULL, modified INTEGER NOT NULL, created INTEGER NOT NULL, n, body BLOB,
    PRIMARY KEY (series, basis, t, id)) WITHOUT ROWID;
CREATE INDEX instance_by_id ON instance (id);
CREATE INDEX instance_by_modified ON instance (series, modified);
"];
