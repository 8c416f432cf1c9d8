//! ETSI's own fixtures, for what a broker is asked and answers. The files are not part of this
//! repository; without them each test says that it was skipped. Never tests anything itself.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use loggia_ngsi_ld::Json;

use crate::town::{JSON, LD, Told, Town, sorted};

const HOST: &str = "https://raw.githubusercontent.com/marek-mraz/ngsi-ld-test-suite/main/resources/\
                    jsonld-contexts/";
/// An address that the archive does not hold; it says the same as the other.
const ELSEWHERE: &str = "https://easy-global-market.github.io/ngsild-api-data-models/\
                         ngsildTestSuite/ngsildTestSuiteV1.8-compound.jsonld";
const COMPOUND: &str = "ngsi-ld-test-suite-compound.jsonld";

/// Where the fixtures are unpacked, if there are any.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn fixtures() -> Option<&'static Path> {
    static AT: OnceLock<Option<PathBuf>> = OnceLock::new();
    AT.get_or_init(|| {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let name = "shared/data/ngsi-ld/etsi-fixtures.tar.gz";
        let mut places = here.ancestors().map(|a| a.join(name));
        let Some(archive) = places.find(|p| p.exists()) else {
            eprintln!("skipped: there is no {name} above this repository");
            return None;
        };
        let size = archive.metadata().expect("an archive").len();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let to = folder.join(format!("etsi-{size}"));
        if !to.exists() {
            // Tests are processes that run at once: each unpacks for itself, one gives its copy.
            let own = folder.join(format!("etsi-{size}-{}", std::process::id()));
            std::fs::create_dir_all(&own).expect("a folder");
            let mut tar = Command::new("tar");
            let tar = tar.arg("xzf").arg(&archive).arg("-C").arg(&own);
            assert!(tar.status().expect("tar").success());
            if std::fs::rename(&own, &to).is_err() {
                std::fs::remove_dir_all(&own).expect("a folder less");
            }
        }
        Some(to)
    })
    .as_deref()
}

/// A town with the fixtures' @contexts at hand.
pub struct Etsi {
    pub town: Town,
    link: String,
    at: &'static Path,
}

impl Etsi {
    pub async fn open() -> Option<Self> {
        let at = fixtures()?;
        let town = Town::new();
        for name in ["ngsi-ld-test-suite.jsonld", COMPOUND] {
            let bytes = std::fs::read(at.join("resources/jsonld-contexts").join(name));
            let url = format!("{HOST}{name}");
            let kept = town.broker.cache_context(&url, &bytes.expect("a context"));
            kept.expect("a context").await.expect("it is kept");
        }
        let link = format!("<{HOST}{COMPOUND}>; rel=\"http://www.w3.org/ns/json-ld#context\"");
        Some(Self { town, link, at })
    }

    /// A file under `data`.
    pub fn text(&self, name: &str) -> String {
        let text = std::fs::read_to_string(self.at.join("data").join(name));
        text.unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    pub fn json(&self, name: &str) -> Json {
        Json::read(self.text(name).as_bytes()).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// Sends a body as what it is: with its own @context, or with a Link.
    pub async fn send(&self, method: &str, path: &str, body: &str) -> Told {
        let linked = [JSON, ("link", &*self.link)];
        let headers = match body.contains("\"@context\"") {
            true => &[LD][..],
            false => &linked,
        };
        self.town.call(method, path, headers, Some(body)).await
    }

    /// A call without a body, under the suite's @context.
    pub async fn call(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Told {
        let link = ("link", &*self.link);
        let all: Vec<(&str, &str)> = headers.iter().copied().chain([link]).collect();
        self.town.call(method, path, &all, None).await
    }

    pub async fn get(&self, path: &str) -> Told {
        self.call("GET", path, &[]).await
    }

    /// Makes an entity of a fixture under an id of our own.
    pub async fn made(&self, name: &str, id: &str) {
        let body = with_id(&self.json(&format!("entities/{name}")), id);
        let body = body.to_string();
        let body = body.replace(ELSEWHERE, &format!("{HOST}{COMPOUND}"));
        let told = self.send("POST", "/entities", &body).await;
        assert_eq!(told.status, 201, "{name}: {}", told.text);
    }

    pub async fn gone(&self, id: &str) {
        let told = self.town.delete(&format!("/entities/{id}")).await;
        assert_eq!(told.status, 204, "{id}");
    }

    /// What an entity is, compared with an expectation.
    pub async fn is(&self, path: &str, expected: &str) {
        let told = self.get(path).await;
        assert_eq!(told.status, 200, "{path}: {}", told.text);
        self.same(&told.json(), expected, path);
    }

    pub fn same(&self, got: &Json, expected: &str, row: &str) {
        let expected = format!("entities/expectations/{expected}");
        let wanted = plain(&self.json(&expected));
        assert_eq!(sorted(&plain(got)), sorted(&wanted), "{row}: {expected}");
    }
}

pub fn with_id(entity: &Json, id: &str) -> Json {
    let mut entity = entity.clone();
    if let Json::Object(members) = &mut entity {
        for (_, value) in members.iter_mut().filter(|(name, _)| &**name == "id") {
            *value = Json::from(id);
        }
    }
    entity
}

/// The same; one that has no id gets it.
pub fn named(fragment: &Json, id: &str) -> Json {
    let Json::Object(members) = with_id(fragment, id) else {
        panic!("an object: {fragment}");
    };
    let own = members.iter().any(|(name, _)| &**name == "id");
    let more = (!own).then(|| ("id".into(), Json::from(id)));
    Json::Object(members.into_iter().chain(more).collect())
}

/// Without `@context`, and with one id for the entities whose id the suite makes up.
pub fn plain(json: &Json) -> Json {
    match json {
        Json::Object(members) => {
            let kept = members.iter().filter(|(name, _)| &**name != "@context");
            let each = kept.map(|(name, value)| {
                let value = match (&**name, value) {
                    ("id", Json::String(id)) => Json::from(kind_of(id)),
                    (_, value) => plain(value),
                };
                (name.clone(), value)
            });
            Json::Object(each.collect())
        }
        Json::Array(items) => Json::Array(items.iter().map(plain).collect()),
        other => other.clone(),
    }
}

/// `urn:ngsi-ld:Building` of `urn:ngsi-ld:Building:3009…`.
fn kind_of(id: &str) -> &str {
    match id.starts_with("urn:ngsi-ld:") {
        true => id.rsplit_once(':').map_or(id, |(kind, _)| kind),
        false => "urn:ngsi-ld:Building",
    }
}
