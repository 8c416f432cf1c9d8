//! The demo city: a folder that is marked for good, simulated cameras, everybody's keys, and the
//! same recorder and server as a real city's. Never listens beyond loopback.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use loggia_model::{Body, LegalBasis, Role};
use loggia_ngsi_ld::http::{CALLS_PER_S, FetchFrom};
use loggia_policy::{DemoMode, Roster, RosterSignature, SignedRoster};
use loggia_seal::{Keyfile, KeyfileCost, PersonKey, Randomness};
use loggia_shield::{CameraDecl, Mask};
use loggia_sim::{CameraConfig, CameraFault, FaultPlan, FaultStep, Film, SimCity, SimConfig};

use crate::city::{Camera, City};
use crate::cli::DemoArgs;
use crate::contexts::MANIFEST;
use crate::data_plane::Reach;
use crate::demo_witnesses::Bodies;
use crate::desk::keyring::ENDING;
use crate::house::{House, Plan, WitnessPlan, log_verifier};
use crate::welcome::DemoPeople;
use crate::{demo_town, files, serve};

/// The demo log's name.
const ORIGIN: &str = "demo.loggia.example/log";
/// Where everybody's keys lie in a demo folder.
pub const KEYS: &str = "keys-of-everybody";
/// Footage of the demo takes no more than this: fourteen cameras fill 5 GB an hour, and an hour's
/// key goes one hour after the hour ended.
const QUOTA_BYTES: u64 = 16 << 30;
/// Hours that the demo keeps footage: short, so that a laptop's disk holds it and destruction
/// shows.
const RETENTION_H: u32 = 1;
/// Where the demo's @contexts lie, if they are there.
const CONTEXTS: &str = "demo/contexts";
/// Password of every demo camera; invented like the cameras.
const CAMERA_PASSWORD: &str = "demo-camera";

/// Runs the demo until it is told to stop.
pub fn run(args: &DemoArgs) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let city = City::shipped()?;
        let quota = args.quota_bytes.unwrap_or(QUOTA_BYTES);
        let (house, bodies) = open(&args.data, &city, quota, contexts_of(args))?;
        let house = Arc::new(house);
        let _witnesses = bodies.start()?;
        let sim = cameras(&house, &city, args.streams.as_deref()).await?;
        let addresses = serve::Addresses {
            console: SocketAddr::from((Ipv4Addr::LOCALHOST, args.port)),
            desk: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, args.desk_port))),
            tls: None,
        };
        let desk = serve::DemoDesk {
            keys: args.data.join(KEYS),
            passphrase: city.passphrase.clone(),
        };
        let people = DemoPeople::of(&city);
        if !args.no_readings {
            demo_town::start(addresses.console, Arc::clone(&house.clock))?;
        }
        serve::run(house, addresses, args.basemap.clone(), Some((desk, people))).await?;
        sim.stop().await;
        Ok(())
    })
}

/// The @contexts that the demo brings along.
fn contexts_of(args: &DemoArgs) -> Vec<PathBuf> {
    let there = Some(PathBuf::from(CONTEXTS)).filter(|p| p.join(MANIFEST).is_file());
    args.contexts.clone().or(there).into_iter().collect()
}

/// The demo's data folder, with its people and its witnesses.
fn open(
    data: &Path,
    city: &City,
    quota_bytes: u64,
    contexts: Vec<PathBuf>,
) -> anyhow::Result<(House, Bodies)> {
    let fresh = DemoMode::of(data).is_none();
    let demo = DemoMode::mark(data)?;
    let bodies = Bodies::of(data, &log_verifier(data, ORIGIN)?)?;
    let house = House::open(Plan {
        data: data.to_owned(),
        city: city.city.clone(),
        origin: ORIGIN.to_owned(),
        demo: Some(demo),
        sync_interval: loggia_store::SYNC_INTERVAL,
        quota_bytes: Some(quota_bytes),
        alerts: crate::alerts::AlertsConfig::default(),
        witnesses: Some(WitnessPlan {
            policy: bodies.policy.clone(),
            ca: None,
        }),
        time_authority: None,
        square: city.square()?,
        reach: Reach {
            contexts,
            contexts_from: FetchFrom::Anywhere,
            contexts_ca: None,
            calls_per_s: CALLS_PER_S,
            // Receivers on the same machine: the demo calls nobody else.
            notify: vec!["loopback".to_owned()],
            notify_ca: None,
        },
        past: crate::data_plane::Past::default(),
        field: crate::field::demo(data)?,
    })?;
    if fresh || house.policy.roster_now().is_none() {
        people(&house, city)?;
    }
    requesters_sign(&house, city)?;
    bodies.hand_out(&house.data.join(KEYS))?;
    Ok((house, bodies))
}

/// Every endpoint of a demo at `data`, see [`serve::listing`].
pub fn routes(data: &Path) -> anyhow::Result<Vec<String>> {
    let runtime = tokio::runtime::Runtime::new()?;
    let _inside = runtime.enter();
    serve::listing(&open(data, &City::shipped()?, QUOTA_BYTES, Vec::new())?.0)
}

/// Everybody's keys and accounts, and the first roster, signed by a custodian of each group.
pub fn people(house: &House, city: &City) -> anyhow::Result<()> {
    let folder = house.data.join(KEYS);
    fs::create_dir_all(&folder)?;
    let mut randomness = Randomness::machine();
    let (mut members, mut signers) = (Vec::new(), Vec::new());
    for person in &city.people {
        let key = PersonKey::generate(person.id.clone(), &mut randomness)?;
        let locked = key.lock(&city.passphrase, KeyfileCost::LEAST, &mut randomness)?;
        let path = folder.join(format!("{}.{ENDING}", person.id));
        if path.exists() {
            fs::remove_file(&path)?;
        }
        files::write_private(&path, locked.as_bytes())?;
        let keyed = |r| person.roles.contains(&r);
        let member = crate::roster::member(&key, &person.name, person.body, &person.roles);
        members.push(member);
        if keyed(Role::Custodian) && person.body != Body::City {
            signers.push(key);
        }
    }
    let roster = Roster {
        v: 1,
        version: 1,
        prev: loggia_model::Digest::default(),
        members,
        at: house.clock.now(),
    };
    take(house, &roster, &signers)?;
    for person in &city.people {
        house.policy.add_account(&person.id, &city.passphrase)?;
    }
    Ok(())
}

/// The roster, signed by these, is the city's.
fn take(house: &House, roster: &Roster, signers: &[PersonKey]) -> anyhow::Result<()> {
    let json = roster.to_json()?;
    let tbs = Roster::to_be_signed(Roster::hash_of(&json));
    let signatures = signers
        .iter()
        .map(|key| crate::roster::signature(key, &tbs))
        .collect::<anyhow::Result<Vec<RosterSignature>>>()?;
    house.policy.change_roster(SignedRoster {
        roster: json,
        signatures,
    })?;
    Ok(())
}

/// A demo folder of an older version has a roster in which those who ask have no key: the next
/// version names it, signed by a custodian of each group as any other.
fn requesters_sign(house: &House, city: &City) -> anyhow::Result<()> {
    let before = house.policy.roster()?;
    let asks = |r: &Role| matches!(r, Role::Investigator | Role::Auditor);
    let unsigned = |m: &loggia_policy::Member| m.sign_key.is_none() && m.roles.iter().any(asks);
    if !before.roster().members.iter().any(unsigned) {
        return Ok(());
    }
    let mut roster = before.roster().clone();
    let mut signers = Vec::new();
    for member in &mut roster.members {
        let path = house
            .data
            .join(KEYS)
            .join(format!("{}.{ENDING}", member.person));
        let Ok(text) = fs::read(&path) else { continue };
        let key = Keyfile::parse(&text)?.unlock(&city.passphrase)?;
        let roles: Vec<Role> = member.roles.iter().copied().collect();
        let now = crate::roster::member(&key, &member.name, member.body, &roles);
        if member.sign_key.is_none() {
            member.sign_key = now.sign_key;
        }
        if member.roles.contains(&Role::Custodian) && member.body != Body::City {
            signers.push(key);
        }
    }
    (roster.version, roster.prev) = (roster.version + 1, before.hash());
    roster.at = house.clock.now();
    take(house, &roster, &signers)
}

/// The simulated cameras, and their rows in the inventory when they are new there.
async fn cameras(house: &House, city: &City, streams: Option<&Path>) -> anyhow::Result<SimCity> {
    let films = Films::load(streams)?;
    let configs: Vec<CameraConfig> = city.cameras.iter().map(|c| films.camera(c)).collect();
    let rtsp = port(&house.data.join("simulator-port"))?;
    let mut config = SimConfig::new(2026, Arc::clone(&house.clock), configs);
    config.rtsp = rtsp;
    config.onvif = Some(port(&house.data.join("simulator-onvif-port"))?);
    config.plan = mishaps(city);
    let sim = SimCity::start(config)
        .await
        .context("the simulated cameras cannot start")?;
    if house.shield.list()?.is_empty() {
        let ask = house.ask_masks();
        for (camera, address) in city.cameras.iter().zip(sim.cameras()) {
            let decl = CameraDecl {
                label: camera.label.clone(),
                make: "Loggia".to_owned(),
                model: "Simulated camera".to_owned(),
                firmware: env!("CARGO_PKG_VERSION").to_owned(),
                origin: "Made by this demo; no such device exists".to_owned(),
                rtsp_url: address.rtsp_url,
                sub_rtsp_url: address.sub_url,
                onvif_url: address.onvif_url,
                username: "recorder".to_owned(),
                password: CAMERA_PASSWORD.to_owned(),
                lat: camera.lat,
                lon: camera.lon,
                heading_deg: f64::from(camera.heading_deg),
                purpose: "Safety at a busy place; evidence after an offence".to_owned(),
                legal_basis: LegalBasis("fi-poll-4-3".to_owned()),
                accountable: "Demo Helsinki, Safety Office".to_owned(),
                retention_h: RETENTION_H,
                place: camera.place.clone(),
                mask: Mask::Absent,
                mask_seen_by: None,
            };
            // Each camera is asked for its masks, over the loopback network like everything else.
            tokio::task::block_in_place(|| house.shield.enroll(&decl, ask.as_ref()))?;
        }
    }
    Ok(sim)
}

/// The demo's films by name, with what stands in for one that could not be fetched.
struct Films(Vec<(String, Arc<Film>, Option<Arc<Film>>)>);

#[derive(serde::Deserialize)]
struct Listed {
    name: String,
    file: PathBuf,
    fps: u32,
    sub: Option<String>,
}

impl Films {
    fn load(streams: Option<&Path>) -> anyhow::Result<Self> {
        let Some(folder) = streams else {
            return Self::built_in();
        };
        let list = folder.join("streams.json");
        let text = fs::read_to_string(&list)
            .with_context(|| format!("{} is missing; demo/streams.sh makes it", list.display()))?;
        let listed: Vec<Listed> = serde_json::from_str(&text)
            .with_context(|| format!("{} is not a list of films", list.display()))?;
        let mut films: Vec<(String, Arc<Film>, Option<String>)> = Vec::new();
        for film in listed {
            let loaded = Film::load(&folder.join(&film.file), film.fps)?;
            films.push((film.name, Arc::new(loaded), film.sub));
        }
        if films.is_empty() {
            bail!("{} names no film", list.display());
        }
        let sub_of = |name: &Option<String>| {
            let wanted = name.as_ref()?;
            films
                .iter()
                .find(|(n, ..)| n == wanted)
                .map(|(_, film, _)| Arc::clone(film))
        };
        let subs: Vec<_> = films.iter().map(|(.., sub)| sub_of(sub)).collect();
        Ok(Self(
            films
                .into_iter()
                .zip(subs)
                .map(|((n, f, _), sub)| (n, f, sub))
                .collect(),
        ))
    }

    fn built_in() -> anyhow::Result<Self> {
        let film = |name: &str, codec, bytes: &'static [u8]| {
            Film::from_annex_b(name.to_owned(), codec, bytes.into(), 25).map(Arc::new)
        };
        let small = film(
            "vtest",
            loggia_sim::Codec::H264,
            include_bytes!("../../sim/fixtures/baseline.h264"),
        )?;
        let main = film(
            "hevc",
            loggia_sim::Codec::H265,
            include_bytes!("../../sim/fixtures/main.h265"),
        )?;
        let sub = Some(Arc::clone(&small));
        Ok(Self(vec![
            ("vtest".to_owned(), small, None),
            ("hevc".to_owned(), main, sub),
        ]))
    }

    fn camera(&self, camera: &Camera) -> CameraConfig {
        let found = self
            .0
            .iter()
            .find(|(name, ..)| *name == camera.stream)
            .unwrap_or(&self.0[0]);
        let mut config = CameraConfig::new(format!("{:04}", camera.id), Arc::clone(&found.1));
        if found.1.codec == loggia_sim::Codec::H265 {
            config.sub.clone_from(&found.2);
        }
        config.credentials = Some(loggia_sim::Credentials {
            username: "recorder".to_owned(),
            password: CAMERA_PASSWORD.to_owned(),
        });
        config
    }
}

/// One camera reboots and stalls, so that the operator's room has something to show.
fn mishaps(city: &City) -> FaultPlan {
    let mut steps = Vec::new();
    for camera in city.cameras.iter().filter(|c| c.fails) {
        for turn in 0..480 {
            let at = Duration::from_secs(90 + turn * 180);
            let what = if turn % 2 == 0 {
                CameraFault::Reboot
            } else {
                CameraFault::WrongCredentials
            };
            let name = format!("{:04}", camera.id);
            let at_ms = u64::try_from(at.as_millis()).unwrap_or(u64::MAX);
            steps.push(FaultStep {
                camera: name.clone(),
                at_ms,
                for_ms: 45_000,
                what,
            });
            if turn % 2 == 1 {
                // A password that turned wrong shows only when the session is opened anew.
                let what = CameraFault::Stall;
                steps.push(FaultStep {
                    camera: name,
                    at_ms,
                    for_ms: 45_000,
                    what,
                });
            }
        }
    }
    FaultPlan { steps }
}

/// A port of the simulator, the same at every start, because the inventory pins the addresses.
pub fn port(path: &Path) -> anyhow::Result<SocketAddr> {
    if let Ok(text) = fs::read_to_string(path) {
        let port = text
            .trim()
            .parse()
            .with_context(|| format!("{} is no port", path.display()))?;
        return Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    }
    let free = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
    files::replace(path, free.port().to_string().as_bytes())?;
    Ok(free)
}
