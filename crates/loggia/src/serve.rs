//! The server of one house: every crate's routes in one table, the recorder, and a stop in good
//! order. An access request's line begins here.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::extract::Request;
use axum::http::header;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use loggia_api::{Access, Problem, Route, Secure};
use loggia_model::Fault;
use loggia_register::{Declared, Setting, Square, Zone};
use loggia_video::{Recorder, RecorderConfig};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::config::Config;
use crate::desk::keyring::Keyring;
use crate::desk::{self, Desk};
use crate::door::Door;
use crate::guests::{self, Bounds, GUESTS};
use crate::house::{House, SquarePlan};
use crate::tls::TlsListener;
use crate::turns::Turns;
use crate::welcome::DemoPeople;
use crate::{data_plane, field, forms, pages, provider, rules, tls, welcome};

/// Where to listen.
pub struct Addresses {
    /// The console.
    pub console: SocketAddr,
    /// The demo's key desk.
    pub desk: Option<SocketAddr>,
    /// Folder of the certificate, for anything but loopback.
    pub tls: Option<PathBuf>,
}

/// The demo's key desk: everybody's keys on one machine.
pub struct DemoDesk {
    /// Folder of key files.
    pub keys: PathBuf,
    /// Their passphrase.
    pub passphrase: String,
}

/// A real installation, until it is told to stop.
pub fn city(config: &Config) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let house = Arc::new(config.open_to_serve()?);
        if let Some(provider) = provider::of(config)? {
            house.policy.use_provider(provider)?;
        }
        let at = Addresses {
            console: config.listen,
            desk: None,
            tls: config.tls.clone(),
        };
        run(house, at, config.basemap.clone(), None).await
    })
}

/// Records and serves until SIGINT or SIGTERM.
pub async fn run(
    house: Arc<House>,
    at: Addresses,
    basemap: Option<PathBuf>,
    demo: Option<(DemoDesk, DemoPeople)>,
) -> anyhow::Result<()> {
    let custodians = house.custodians()?;
    let recorder = Arc::new(house.record(custodians.subscribe(), RecorderConfig::default())?);
    let _records = house.broker.keep_house();
    let _notifier = data_plane::notify(&house)?;
    let field = field::listen(&house)?;
    let turns = Turns::start(&house, Arc::downgrade(&recorder), custodians)?;
    let secure = match at.tls {
        Some(_) => Secure::Yes,
        None => Secure::No,
    };
    let desk_port = at.desk.map_or(0, |desk| desk.port());
    let mut app = router(&house, &recorder, basemap.as_deref(), desk_port, secure)?;
    if house.policy.is_demo() {
        // Whoever reaches a demo becomes anybody in it: no page elsewhere may reach it.
        app = only_this_host(app, at.console);
    }
    let console = listen(&at, at.console).await?;
    let (stop, stopped) = watch::channel(false);
    let mut servers = vec![tokio::spawn(serve(console, app, stopped.clone()))];
    if let Some((keys, people)) = demo {
        let desk_at = at.desk.context("a demo has a desk")?;
        let url = format!("http://{}", at.console);
        let clock = Arc::clone(&house.clock);
        let opened = move || {
            let ring = Keyring::open(&keys.keys, &keys.passphrase, None)?;
            Desk::open(ring, &keys.keys, &url, None, clock)
        };
        let desk = Arc::new(tokio::task::spawn_blocking(opened).await??);
        let listener = listen(&at, desk_at).await?;
        let app = desk_at_home(desk, desk_at);
        servers.push(tokio::spawn(serve(listener, app, stopped)));
        welcome::say(&house, &at, &people);
    } else {
        tracing::info!(address = %at.console, "Loggia serves");
        if house.witnesses.policy_text().is_none() {
            tracing::warn!("{}", loggia_transparency::Unseen::Missing);
        }
    }
    told_to_stop().await?;
    tracing::info!("stopping: sealing what is complete");
    let _ = stop.send(true);
    drop(turns);
    field.stop().await;
    for server in servers {
        // Live pages hold their connection open; they are not waited for longer than this.
        let _ = tokio::time::timeout(Duration::from_secs(2), server).await;
    }
    // What still holds the recorder is an open page's stream; dropping it halts it all the same.
    if let Some(recorder) = Arc::into_inner(recorder) {
        tokio::task::spawn_blocking(move || recorder.stop()).await?;
    }
    Ok(())
}

/// A desk on its holder's own machine, until it is told to stop.
pub async fn desk_alone(desk: Arc<Desk>, at: SocketAddr) -> anyhow::Result<()> {
    alone(desk_at_home(desk, at), at, GUESTS, || ()).await
}

/// A desk as it answers on this machine: to its own name alone.
pub fn desk_at_home(desk: Arc<Desk>, at: SocketAddr) -> Router {
    only_this_host(desk::router(desk), at)
}

/// One app at one plain address, until it is told to stop; `ready` is called once it listens.
pub async fn alone(
    app: Router,
    at: SocketAddr,
    bounds: Bounds,
    ready: impl FnOnce(),
) -> anyhow::Result<()> {
    let listener = TcpListener::bind(at)
        .await
        .with_context(|| format!("{at} is taken"))?;
    let (stop, stopped) = watch::channel(false);
    let serving = tokio::spawn(guests::serve(listener, app, bounds, stopped));
    ready();
    told_to_stop().await?;
    let _ = stop.send(true);
    Ok(serving.await?)
}

/// Every endpoint of the house. A new one is a line in its own crate's table, not here.
pub fn routes(
    house: &House,
    recorder: &Recorder,
    basemap: Option<&Path>,
    desk_port: u16,
    secure: Secure,
) -> anyhow::Result<Vec<Route>> {
    let mut routes = pages::console();
    routes.extend(loggia_policy::routes(Arc::clone(&house.policy), secure));
    routes.extend(loggia_transparency::routes(
        house.log.clone(),
        &house.witnesses,
    ));
    routes.extend(loggia_shield::routes(&house.shield, house.ask_masks()));
    routes.extend(loggia_watch::routes(&house.watch));
    let register = Arc::new(register(house, recorder));
    routes.extend(loggia_register::routes(Arc::clone(&register)));
    let setting = setting(house, basemap, secure);
    routes.extend(pages::square(Arc::new(Square::new(register, setting))));
    routes.extend(loggia_video::routes(loggia_video::Rooms {
        recorder_ward: Arc::clone(recorder.ward()),
        gallery: Arc::clone(recorder.gallery()),
        blobs: Arc::clone(&house.blobs),
        policy: Arc::clone(&house.policy),
        shield: Arc::clone(&house.shield),
        watch: Arc::clone(&house.watch),
        log: house.log.clone(),
        clock: Arc::clone(&house.clock),
        secure,
        recorder_keys: house.recorders.clone(),
    }));
    routes.extend(pages::basemap(basemap));
    let keys = house.data.join(crate::demo::KEYS);
    routes.extend(desk::links::routes(desk_port, keys));
    routes.extend(data_plane::routes(house)?);
    Ok(routes)
}

fn router(
    house: &House,
    recorder: &Recorder,
    basemap: Option<&Path>,
    desk_port: u16,
    secure: Secure,
) -> anyhow::Result<Router> {
    let door = Arc::new(Door {
        policy: Arc::clone(&house.policy),
        broker: Arc::clone(&house.broker),
    });
    Ok(loggia_api::router_over(
        table(house, recorder, basemap, desk_port, secure)?,
        door,
        secure,
    ))
}

/// Every endpoint, and the description of them all.
fn table(
    house: &House,
    recorder: &Recorder,
    basemap: Option<&Path>,
    desk_port: u16,
    secure: Secure,
) -> anyhow::Result<Vec<Route>> {
    let mut table = routes(house, recorder, basemap, desk_port, secure)?;
    let document = crate::openapi::document()?.to_pretty_json()?;
    table.push(Route::get(
        "/api/v1/openapi.json",
        Access::Public,
        axum::routing::get(|| async move {
            ([(header::CONTENT_TYPE, "application/json")], document).into_response()
        }),
    ));
    Ok(table)
}

/// `METHOD PATH ACCESS` of every endpoint, sorted: what the route test holds against the server.
pub fn listing(house: &House) -> anyhow::Result<Vec<String>> {
    let custodians = house.custodians()?;
    let recorder = house.record(custodians.subscribe(), RecorderConfig::default())?;
    let mut lines: Vec<String> = table(house, &recorder, None, 0, Secure::No)?
        .iter()
        .map(|route| {
            let access = match route.access {
                Access::AnyOf(roles) => {
                    let names: Vec<String> = roles.iter().map(|r| format!("{r:?}")).collect();
                    names.join("|")
                }
                other => format!("{other:?}"),
            };
            format!("{} {} {access}", route.path, route.method)
        })
        .collect();
    lines.sort();
    recorder.stop();
    Ok(lines)
}

/// The public register over this house's declarations.
fn register(house: &House, recorder: &Recorder) -> loggia_register::Register {
    let (shield, ward) = (Arc::clone(&house.shield), Arc::clone(recorder.ward()));
    let declared = move || -> Result<Vec<Declared>, Fault> {
        let list = shield.list().map_err(Fault::from)?;
        Ok(list
            .into_iter()
            .map(|c| {
                let health = ward.of(c.id);
                let sub_stream = health.as_ref().is_some_and(|h| h.sub_stream);
                let codec = health.and_then(|h| h.codec);
                // A sub-stream that is declared and does not come, or is no H.264, helps nobody.
                let plays = |codec: &str| codec == "H.264" || sub_stream;
                Declared {
                    plays_in_browser: codec.as_deref().map(plays),
                    codec,
                    id: c.id,
                    label: c.label,
                    place: c.place,
                    lat: c.lat,
                    lon: c.lon,
                    heading_deg: Some(c.heading_deg),
                    purpose: c.purpose,
                    legal_basis: c.legal_basis,
                    accountable: c.accountable,
                    retention_h: c.retention_h,
                    analysed: Vec::new(),
                    openings: None,
                    make: c.make,
                    model: c.model,
                    origin: c.origin,
                }
            })
            .collect())
    };
    let name = house.city.clone();
    let city = if house.policy.is_demo() {
        loggia_register::City::Demo { name }
    } else {
        loggia_register::City::Real { name }
    };
    let clock = Arc::clone(&house.clock);
    let policy = Arc::clone(&house.policy);
    let publications = loggia_register::Publications {
        published: Arc::new(move || policy.published().map_err(Fault::from)),
        small_cell_cases: house.policy.rules().disclosure.small_cell_cases,
    };
    loggia_register::Register::new(city, house.log.clone(), clock, Arc::new(declared))
        .with_publications(publications)
}

/// How the public pages are set up.
fn setting(house: &House, basemap: Option<&Path>, secure: Secure) -> Setting {
    let SquarePlan { zone, offices } = house.square.clone();
    Setting {
        zone: zone.unwrap_or_else(Zone::of_this_machine),
        dress: pages::dress(),
        map: pages::gazetteer(basemap),
        offices,
        forms: Some(forms::of(&house.policy)),
        rules: rules::of(&house.policy),
        witnesses: house.witnesses.clone(),
        secure,
    }
}

enum Entrance {
    Plain(TcpListener),
    Tls(TlsListener),
}

/// TLS where a certificate is set, and everywhere but on loopback.
async fn listen(at: &Addresses, address: SocketAddr) -> anyhow::Result<Entrance> {
    let tcp = TcpListener::bind(address).await.with_context(|| {
        format!("{address} is taken; stop what listens there, or choose another port")
    })?;
    match (&at.tls, tls::is_loopback(address.ip())) {
        (None, true) => Ok(Entrance::Plain(tcp)),
        (Some(folder), _) => {
            let names = vec![address.ip().to_string(), "localhost".to_owned()];
            Ok(Entrance::Tls(TlsListener::start(tcp, folder, &names)?))
        }
        (None, false) => {
            anyhow::bail!("{address} is not loopback and needs `tls` in the configuration")
        }
    }
}

async fn serve(entrance: Entrance, app: Router, stopped: watch::Receiver<bool>) {
    match entrance {
        Entrance::Plain(listener) => guests::serve(listener, app, GUESTS, stopped).await,
        Entrance::Tls(listener) => guests::serve(listener, app, GUESTS, stopped).await,
    }
}

/// Refuses calls under another name: a page elsewhere cannot point its own name at this loopback
/// server (DNS rebinding) and act through it.
fn only_this_host(app: Router, at: SocketAddr) -> Router {
    let names = [at.to_string(), format!("localhost:{}", at.port())];
    app.layer(middleware::from_fn(move |request: Request, next: Next| {
        let host = request
            .headers()
            .get(header::HOST)
            .and_then(|h| h.to_str().ok());
        let known = host.is_some_and(|h| names.iter().any(|n| n == h));
        async move {
            if known {
                return next.run(request).await;
            }
            let why = "this address answers only to its own name on this machine".to_owned();
            let mut answer: Response = Problem(Fault::Forbidden(why)).into_response();
            loggia_api::secure(answer.headers_mut());
            answer
        }
    }))
}

async fn told_to_stop() -> anyhow::Result<()> {
    let mut term = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        done = tokio::signal::ctrl_c() => done?,
        _ = term.recv() => {}
    }
    Ok(())
}
