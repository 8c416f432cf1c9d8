//! One data folder, opened: every engine and room in the order in which they need each other.
//! Never decides anything; it only hands each room what it asks for.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use loggia_field::FieldConfig;
use loggia_model::Clock;
use loggia_ngsi_ld::broker::Broker;
use loggia_ngsi_ld::history::Following;
use loggia_policy::{DemoMode, LOG_KEY_SECRET, NEXT_LOG_KEY_SECRET, Policy, Rules};
use loggia_register::{Offices, Zone};
use loggia_seal::{Custodians, Randomness, RecorderKey, RecorderPublic};
use loggia_shield::{AskMasks, Shield};
use loggia_store::{Blobs, BlobsConfig, Db, FileLayer, KeyStore, Secrets};
use loggia_transparency::{Log, LogKey, Verifier, Witnesses};
use loggia_video::{Recorder, RecorderConfig, onvif};
use loggia_watch::Watch;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::alerts::AlertsConfig;
use crate::clock::{SystemClock, boot_id};
use crate::data_plane::{Past, Reach};
use crate::{contexts, data_plane, files, secrecy};

/// The public half of a data folder, for everybody to have: what `loggia verify` starts from.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Public {
    /// The city's name.
    pub city: String,
    /// The log's public key (C2SP signed-note `name+hash+key`).
    pub log_key: String,
    /// Recorders whose signatures count.
    pub recorders: Vec<RecorderPublic>,
}

/// File name of [`Public`] in the data folder.
pub const PUBLIC: &str = "public.json";

/// What the public pages say of the city beside its name.
#[derive(Debug, Clone, Default)]
pub struct SquarePlan {
    /// The city's time zone; the machine's when not set.
    pub zone: Option<Zone>,
    /// Where people turn to about data protection.
    pub offices: Offices,
}

/// Whom the log is shown to.
#[derive(Debug, Clone)]
pub struct WitnessPlan {
    /// The log policy's text (C2SP tlog-policy).
    pub policy: String,
    /// Certificates (PEM) of witnesses with an `https://` address, or their authorities'.
    pub ca: Option<Vec<u8>>,
}

/// How a house is opened.
pub struct Plan {
    /// The data folder.
    pub data: PathBuf,
    /// The city's name.
    pub city: String,
    /// The log's name for good, e.g. `helsinki.example/loggia`.
    pub origin: String,
    /// Set on demo folders alone.
    pub demo: Option<DemoMode>,
    /// Longest time between a record and its sync.
    pub sync_interval: Duration,
    /// Footage takes no more than this, bytes.
    pub quota_bytes: Option<u64>,
    /// The ways to people on duty.
    pub alerts: AlertsConfig,
    /// The log policy with the witnesses to ask; without one nothing is opened.
    pub witnesses: Option<WitnessPlan>,
    /// Time-stamping authority (RFC 3161) that exports ask.
    pub time_authority: Option<String>,
    /// For the public pages.
    pub square: SquarePlan,
    /// Whom the data plane may reach.
    pub reach: Reach,
    /// How much of its past it keeps.
    pub past: Past,
    /// The field devices that are listened to.
    pub field: FieldConfig,
}

/// Everything of one data folder.
pub struct House {
    /// Where it lies.
    pub data: PathBuf,
    /// The city's name.
    pub city: String,
    /// For the public pages.
    pub square: SquarePlan,
    /// The public log.
    pub log: Log,
    /// The bodies outside the city that cosign it.
    pub witnesses: Witnesses,
    /// Hour keys.
    pub keys: Arc<KeyStore>,
    /// Sealed footage.
    pub blobs: Arc<Blobs>,
    /// People and openings.
    pub policy: Arc<Policy>,
    /// The inventory.
    pub shield: Arc<Shield>,
    /// The alarm list, the shift's notes and saved views.
    pub watch: Arc<Watch>,
    /// The city's data plane.
    pub broker: Arc<Broker>,
    /// How its entities evolved.
    pub history: Arc<Following>,
    /// Whom it may reach.
    pub reach: Reach,
    /// How much of its past it keeps.
    pub past: Past,
    /// The field devices that are listened to.
    pub field: FieldConfig,
    /// Signs records.
    pub recorder_key: Arc<RecorderKey>,
    /// Every recorder whose records may be stored here.
    pub recorders: Vec<RecorderPublic>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Held while the folder is open.
    _lock: std::fs::File,
}

impl House {
    /// Opens or makes the data folder.
    pub fn open(plan: Plan) -> anyhow::Result<Self> {
        Self::open_at(plan, Arc::new(SystemClock))
    }

    /// [`Self::open`] with another clock.
    pub fn open_at(plan: Plan, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let data = plan.data;
        std::fs::create_dir_all(&data)
            .with_context(|| format!("{} cannot be made", data.display()))?;
        secrecy::close_folder(&data)?;
        let lock = only_one(&data)?;
        let secrets = Arc::new(Secrets::open(&data.join("secrets"), FileLayer::Real)?);
        let recorder_key = Arc::new(recorder_key(&secrets)?);
        let log = open_log(&data.join("log"), &secrets, &plan.origin, &clock)?;
        let witnesses = match &plan.witnesses {
            Some(w) => Witnesses::ask(log.clone(), &w.policy, w.ca.as_deref())
                .context("the log policy (`tlog_policy`)")?,
            None => Witnesses::none(log.clone()),
        };
        let public = keep_public(&data, &plan.city, &log, recorder_key.public())?;
        let db = Arc::new(Db::open(&data.join("city.sqlite"))?);
        let blobs = Arc::new(Blobs::open(
            &data,
            BlobsConfig {
                sync_interval: plan.sync_interval,
                quota_bytes: plan.quota_bytes,
                recorders: public.recorders.clone(),
                ..BlobsConfig::default()
            },
        )?);
        let at = data.join("keys");
        let keys = KeyStore::open(&at, FileLayer::Real, Arc::clone(&clock), boot_id())?;
        let keys = Arc::new(keys);
        let policy = Policy::open(loggia_policy::Parts {
            db: Arc::clone(&db),
            blobs: Arc::clone(&blobs),
            keys: Arc::clone(&keys),
            log: log.clone(),
            witnesses: witnesses.clone(),
            clock: Arc::clone(&clock),
            rules: match plan.demo {
                Some(_) => Rules::demo(),
                None => Rules::default(),
            },
            demo: plan.demo,
            gateways: plan.alerts.gateways(&secrets)?,
            secrets: Arc::clone(&secrets),
            time_authority: plan.time_authority,
        })?;
        let alarms = Watch::open(Arc::clone(&db), Arc::clone(&clock))?;
        let broker = data_plane::open(&data, &clock)?;
        contexts::bring_along(&broker, &plan.reach.contexts).context("[data_plane] contexts")?;
        let history = data_plane::follow(&data, &broker, plan.past)?;
        let shield = Shield::open(db, secrets, Arc::new(log.clone()), Arc::clone(&clock))?;
        Ok(Self {
            data,
            city: plan.city,
            square: plan.square,
            log,
            witnesses,
            keys,
            blobs,
            policy,
            shield: Arc::new(shield),
            watch: Arc::new(alarms),
            broker,
            history,
            reach: plan.reach,
            past: plan.past,
            field: plan.field,
            recorder_key,
            recorders: public.recorders,
            clock,
            _lock: lock,
        })
    }

    /// The custodians in force, followed by the recorder: a new roster counts from the next span.
    pub fn custodians(&self) -> anyhow::Result<watch::Sender<Arc<Custodians>>> {
        Ok(watch::Sender::new(Arc::new(self.policy.custodians()?)))
    }

    /// Asks a camera for its privacy masks before it is enrolled.
    pub fn ask_masks(&self) -> Arc<AskMasks<'static>> {
        let clock = Arc::clone(&self.clock);
        Arc::new(move |probe, rtsp_url| onvif::masks_of(probe, rtsp_url, clock.as_ref()))
    }

    /// A frame's line: camera → admitted → session → piece → sealed → stored → index → log.
    pub fn record(
        &self,
        custodians: watch::Receiver<Arc<Custodians>>,
        config: RecorderConfig,
    ) -> anyhow::Result<Recorder> {
        let cameras: Vec<_> = self.shield.list()?.into_iter().map(|c| c.id).collect();
        let parts = loggia_video::Parts {
            shield: Arc::clone(&self.shield),
            blobs: Arc::clone(&self.blobs),
            keys: Arc::clone(&self.keys),
            log: Arc::new(self.log.clone()),
            key: Arc::clone(&self.recorder_key),
            custodians,
            clock: Arc::clone(&self.clock),
        };
        Ok(Recorder::start(parts, config, &cameras)?)
    }
}

/// One process a folder: two would write two continuations of one log.
pub fn only_one(data: &Path) -> anyhow::Result<std::fs::File> {
    let path = data.join("lock");
    let file = std::fs::File::create(&path)
        .with_context(|| format!("{} cannot be made", path.display()))?;
    rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive)
        .with_context(|| format!("{} is in use by another Loggia", data.display()))?;
    Ok(file)
}

fn recorder_key(secrets: &Secrets) -> anyhow::Result<RecorderKey> {
    let pkcs8 = secrets.keep("recorder-key", || {
        RecorderKey::generate(&mut Randomness::machine())
            .map(|(_, bytes)| bytes)
            .map_err(|e| loggia_store::Error::Refused(e.to_string()))
    })?;
    RecorderKey::from_pkcs8(&pkcs8).context("the recorder's key does not read back")
}

/// Opens the log with its key, or with the next one if a crash came between the entry that hands
/// the log over and the key's new place.
fn open_log(
    at: &Path,
    secrets: &Secrets,
    origin: &str,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<Log> {
    let next = secrets.kept(NEXT_LOG_KEY_SECRET)?;
    let next_key = next.as_deref().map(|b| read_key(b)).transpose()?;
    let next_public = next_key.as_ref().map(|k| k.verifier(origin)).transpose()?;
    let (layer, clock) = (FileLayer::Real, Arc::clone(clock));
    let log = Log::open_with_next(layer, at, log_key(secrets)?, next_key, origin, clock)?;
    if next_public.is_some_and(|next| next == log.verifier()) {
        secrets.succeed(LOG_KEY_SECRET, NEXT_LOG_KEY_SECRET)?;
    }
    Ok(log)
}

/// The log's key, made if there is none yet.
pub fn log_key(secrets: &Secrets) -> anyhow::Result<LogKey> {
    let pkcs8 = secrets.keep(LOG_KEY_SECRET, || {
        LogKey::generate()
            .map(|(_, bytes)| bytes.into())
            .map_err(|e| loggia_store::Error::Refused(e.to_string()))
    })?;
    read_key(&pkcs8)
}

fn read_key(pkcs8: &[u8]) -> anyhow::Result<LogKey> {
    LogKey::from_pkcs8(pkcs8).context("the log's key does not read back")
}

/// The public key of the log in `data`, which is made if there is none yet.
pub fn log_verifier(data: &Path, origin: &str) -> anyhow::Result<Verifier> {
    let secrets = Secrets::open(&data.join("secrets"), FileLayer::Real)?;
    Ok(log_key(&secrets)?.verifier(origin)?)
}

fn keep_public(
    data: &Path,
    city: &str,
    log: &Log,
    recorder: RecorderPublic,
) -> anyhow::Result<Public> {
    let path = data.join(PUBLIC);
    let mut public = match std::fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .with_context(|| format!("{} does not read back", path.display()))?,
        Err(_) => Public {
            city: city.to_owned(),
            log_key: log.verifier().to_string(),
            recorders: Vec::new(),
        },
    };
    if !public.recorders.contains(&recorder) {
        public.recorders.push(recorder);
        files::replace(&path, &serde_json::to_vec_pretty(&public)?)?;
    }
    Ok(public)
}
