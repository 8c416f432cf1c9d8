//! Enrol, retire, list, admit. Never writes a row before its entry stands in the public log.

use std::sync::{Arc, Mutex, PoisonError};

use loggia_model::{CameraId, Clock, Digest};
use loggia_store::{Db, Secrets};
use loggia_transparency::{CameraEnrolled, CameraRetired, Log, commit_fresh};

use crate::decl::Addresses;
use crate::{Admitted, AskMasks, CameraDecl, Enrolled, Error, Probe, Scheme, masks, rows};

/// The city's inventory of cameras.
pub struct Shield {
    db: Arc<Db>,
    secrets: Arc<Secrets>,
    log: Arc<Log>,
    clock: Arc<dyn Clock>,
    /// One enrolment at a time, so that a number is given once.
    enrolling: Mutex<()>,
}

impl core::fmt::Debug for Shield {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Shield")
    }
}

impl Shield {
    /// Opens the inventory in `db`, making its tables when there are none.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn open(
        db: Arc<Db>,
        secrets: Arc<Secrets>,
        log: Arc<Log>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        db.migrate("shield", rows::MIGRATIONS)?;
        Ok(Self {
            db,
            secrets,
            log,
            clock,
            enrolling: Mutex::new(()),
        })
    }

    /// Takes a camera into the inventory: checks the declaration, has the camera asked for its
    /// privacy masks, logs it, then writes its row. Blocks while the camera is asked.
    ///
    /// # Errors
    /// [`Error::Declaration`], [`Error::AddressTaken`], [`Error::Masks`] when the camera does not
    /// bear the declaration out, or the log's or the store's.
    pub fn enroll(&self, decl: &CameraDecl, ask: &AskMasks<'_>) -> Result<Enrolled, Error> {
        let addresses = decl.check()?;
        self.refuse_taken(decl)?;
        // Before the turn is taken: a slow camera keeps nobody else waiting.
        let mask_check = masks::confirmed(decl, &addresses, ask, self.clock.as_ref())?;
        let _turn = self
            .enrolling
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        self.refuse_taken(decl)?;
        let id = self.db.read(|c| rows::next_id(c))?;
        let (commitment, salt) = commit_fresh(&decl.committed(id, mask_check))?;
        let logged = self.log.append(CameraEnrolled {
            camera_commitment: commitment,
        })?;
        let password = self
            .secrets
            .seal_text(&password_context(id), &decl.password)?;
        let row = rows::New {
            id,
            decl,
            mask_check,
            password: &password,
            salt: &salt,
            at: self.clock.now(),
        };
        self.db.write(|c| rows::insert(c, &row, &logged))?;
        self.get(id)
    }

    fn refuse_taken(&self, decl: &CameraDecl) -> Result<(), Error> {
        match self.db.read(|c| rows::with_address(c, &decl.rtsp_url))? {
            None => Ok(()),
            Some(taken_by) => Err(Error::AddressTaken {
                taken_by,
                url: decl.rtsp_url.clone(),
            }),
        }
    }

    /// Takes a camera out of service; its footage ages as before.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::Retired`], or the log's or the store's.
    pub fn retire(&self, id: CameraId) -> Result<Enrolled, Error> {
        let _turn = self
            .enrolling
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let camera = self.get(id)?;
        if camera.retired_at.is_some() {
            return Err(Error::Retired(id));
        }
        let logged = self.log.append(CameraRetired {
            camera_commitment: camera.commitment,
        })?;
        let at = self.clock.now();
        self.db.write(|c| rows::retire(c, id, at, &logged))?;
        self.get(id)
    }

    /// One camera, retired or not.
    ///
    /// # Errors
    /// [`Error::Unknown`] or [`Error::Store`].
    pub fn get(&self, id: CameraId) -> Result<Enrolled, Error> {
        self.db
            .read(|c| rows::one(c, id))?
            .ok_or(Error::Unknown(id))
    }

    /// Every camera in service, by number.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn list(&self) -> Result<Vec<Enrolled>, Error> {
        let all = self.db.read(|c| rows::all(c))?;
        Ok(all.into_iter().filter(|c| c.retired_at.is_none()).collect())
    }

    /// Every camera that ever was, by number.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn list_all(&self) -> Result<Vec<Enrolled>, Error> {
        self.db.read(|c| rows::all(c))
    }

    /// The salt that opens the commitment in the camera's log entry, for an auditor.
    ///
    /// # Errors
    /// [`Error::Unknown`] or [`Error::Store`].
    pub fn opening_of(&self, id: CameraId) -> Result<(Digest, Vec<u8>), Error> {
        let camera = self.get(id)?;
        let salt = self
            .db
            .read(|c| rows::salt(c, id))?
            .ok_or(Error::Unknown(id))?;
        Ok((camera.commitment, salt))
    }

    /// Admits a camera: the only way to an [`Admitted`]. A row is there only if its enrolment is in
    /// the public log.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::Retired`], [`Error::Store`].
    pub fn admit(&self, id: CameraId) -> Result<Admitted, Error> {
        let camera = self.get(id)?;
        if camera.retired_at.is_some() {
            return Err(Error::Retired(id));
        }
        let sealed = self
            .db
            .read(|c| rows::password(c, id))?
            .ok_or(Error::Unknown(id))?;
        let password = self.secrets.unseal_text(&password_context(id), &sealed)?;
        let addresses = Addresses::parse(
            &camera.rtsp_url,
            camera.sub_rtsp_url.as_deref(),
            camera.onvif_url.as_deref(),
        )?;
        Ok(Admitted::new(id, addresses, camera.username, password))
    }

    /// Leave to look at one device before it is enrolled.
    ///
    /// # Errors
    /// [`Error::Declaration`] when the address is not pinned.
    pub fn probe(
        &self,
        url: &str,
        scheme: Scheme,
        username: &str,
        password: &str,
    ) -> Result<Probe, Error> {
        Probe::of(url, scheme, username, password, self.clock.as_ref())
    }
}

fn password_context(id: CameraId) -> String {
    format!("camera {} password", id.0)
}
