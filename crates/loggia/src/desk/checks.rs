//! What a desk verifies before it signs or opens anything: each check in words, none taken on the
//! server's word. Pure but for what it is handed.

use aws_lc_rs::digest::{Context, SHA256};
use loggia_model::{Body, Digest, Role};
use loggia_policy::{Request, RequestView, Roster, Statement};
use loggia_transparency::{Entry, Event, SignedCheckpoint, Verdict, verify};
use serde::Serialize;

/// One check and how it came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was checked, a stable word.
    pub name: &'static str,
    /// Whether it holds.
    pub ok: bool,
    /// The same in a sentence.
    pub words: String,
}

impl Check {
    /// The check of this name, from what was found.
    pub(super) fn of(name: &'static str, found: Result<String, String>) -> Self {
        match found {
            Ok(words) => Self {
                name,
                ok: true,
                words,
            },
            Err(words) => Self {
                name,
                ok: false,
                words,
            },
        }
    }
}

/// An entry of the public log with its proof, as fetched.
pub struct Proven {
    /// Place.
    pub index: u64,
    /// Exact bytes.
    pub bytes: Vec<u8>,
    /// Siblings, lowest first.
    pub proof: Vec<Digest>,
}

/// Everything that one request is checked against.
pub struct Evidence<'a> {
    /// What the server shows of the request.
    pub view: &'a RequestView,
    /// The roster, its chain verified from the pinned first version.
    pub roster: &'a Roster,
    /// A checkpoint whose signature was checked with the pinned log key.
    pub checkpoint: &'a SignedCheckpoint,
    /// The log's entries about the request.
    pub entries: &'a [Proven],
}

/// Runs every check.
pub fn all(e: &Evidence<'_>) -> Vec<Check> {
    let mut checks = vec![
        Check::of("hash", hash(e.view)),
        Check::of("case", case(e.view)),
        Check::of("requester", requester(e)),
        Check::of("log", logged(e)),
    ];
    if e.view.approvals.iter().any(|a| a.act == "approve") {
        checks.push(Check::of("approval", approval(e)));
    }
    checks
}

fn hash(view: &RequestView) -> Result<String, String> {
    Request::parse(&view.request).map_err(|f| f.to_string())?;
    if Request::id_of(&view.request) != view.id {
        return Err("the text of the request is not the one that its hash names".to_owned());
    }
    Ok("the text shown is the one that the hash names".to_owned())
}

fn case(view: &RequestView) -> Result<String, String> {
    let request = Request::parse(&view.request).map_err(|f| f.to_string())?;
    let salt = hex::decode(&view.case.salt).map_err(|_| "the case's salt is no salt".to_owned())?;
    let mut context = Context::new(&SHA256);
    context.update(&salt);
    context.update(view.case.number.as_bytes());
    if salt.len() != 32 || context.finish().as_ref() != request.case_commitment.0 {
        return Err("the case number shown is not the one that the request commits to".to_owned());
    }
    Ok(format!("the request is bound to case {}", view.case.number))
}

fn requester(e: &Evidence<'_>) -> Result<String, String> {
    let request = Request::parse(&e.view.request).map_err(|f| f.to_string())?;
    if e.view.requester != request.requester {
        return Err("the city names another requester than the request does".to_owned());
    }
    match e.roster.member(&request.requester) {
        Some(member) if member.body != e.view.body => Err(format!(
            "the city says that {} asks for the {:?}, which the roster does not",
            request.requester, e.view.body
        )),
        Some(member)
            if [Role::Investigator, Role::Auditor]
                .iter()
                .any(|r| member.roles.contains(r)) =>
        {
            Ok(format!(
                "{} may ask, for the {:?}",
                member.name, member.body
            ))
        }
        _ => Err(format!(
            "{} may not ask: the roster names neither investigator nor auditor",
            request.requester
        )),
    }
}

fn logged(e: &Evidence<'_>) -> Result<String, String> {
    let wanted_decision = e.view.approvals.iter().any(|a| a.act == "approve");
    let (mut filed, mut decided) = (None, None);
    for proven in e.entries {
        let entry = verify::inclusion(&proven.bytes, proven.index, &proven.proof, e.checkpoint)
            .map_err(|f| f.to_string())?;
        match kind_about(&entry, e.view.id) {
            Some("request_filed") => filed = Some(proven.index),
            Some("decision") => decided = Some(proven.index),
            _ => {}
        }
    }
    let size = e.checkpoint.size();
    match (filed, decided) {
        (None, _) => Err("the public log does not show that this request was filed".to_owned()),
        (Some(_), None) if wanted_decision => {
            Err("the public log does not show the approval".to_owned())
        }
        (Some(f), Some(d)) => Ok(format!(
            "request and approval are entries {f} and {d} of {size} in the public log"
        )),
        (Some(f), None) => Ok(format!(
            "the request is entry {f} of {size} in the public log"
        )),
    }
}

fn kind_about(entry: &Entry, id: Digest) -> Option<&'static str> {
    match &entry.event {
        Event::RequestFiled(filed) if filed.request == id => Some("request_filed"),
        Event::Decision(d) if d.request == id && d.decision == Verdict::Approve => Some("decision"),
        _ => None,
    }
}

fn approval(e: &Evidence<'_>) -> Result<String, String> {
    let given = e.view.approvals.iter().find(|a| a.act == "approve");
    let given = given.ok_or_else(|| "nobody has approved".to_owned())?;
    let statement: Statement =
        serde_json::from_str(&given.statement).map_err(|_| "the approval does not read")?;
    let request = Request::parse(&e.view.request).map_err(|f| f.to_string())?;
    let asker = e
        .roster
        .member(&request.requester)
        .ok_or("the requester is not in the roster")?;
    let member = e
        .roster
        .member(&statement.by)
        .ok_or("the approver is not in the roster")?;
    if statement.request != e.view.id || statement.act != loggia_policy::Act::Approve {
        return Err("the approval is about something else".to_owned());
    }
    if !member.roles.contains(&Role::Approver)
        || member.body == asker.body
        || member.body == Body::City
    {
        return Err(format!("{} may not approve this", member.name));
    }
    let signed = Statement::to_be_signed(&given.statement);
    let name = &member.name;
    match member.signed(&signed, &given.signature) {
        Ok(None) => Ok(format!(
            "{name} ({:?}) has approved, with their own key",
            member.body
        )),
        Ok(Some(_)) => Ok(format!(
            "{name} ({:?}) has approved, with their own passkey",
            member.body
        )),
        Err(why) => Err(format!("the approval is not signed by {name}: {why}")),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use loggia_model::ManualClock;
    use loggia_transparency::{ConfigChanged, Log, LogKey};
    use serde_json::Value;

    use super::*;

    /// Seeds of the fuzz target `desk`: of a request that no log knows, nothing is believed.
    #[test]
    fn what_the_corpus_tells_a_desk_never_holds() {
        let folder = tempfile::tempdir().unwrap();
        let (key, _) = LogKey::generate().unwrap();
        let clock = Arc::new(ManualClock::default());
        let log = Log::open(folder.path(), key, "test.example/log", clock).unwrap();
        let logged = log
            .append(ConfigChanged {
                hash: Digest([7; 32]),
            })
            .unwrap();
        assert_eq!(logged.index(), 0);
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/desk");
        let mut files = 0;
        for file in std::fs::read_dir(corpus).unwrap() {
            let text = std::fs::read(file.unwrap().path()).unwrap();
            let all: Value = serde_json::from_slice(&text).unwrap();
            let view: RequestView = serde_json::from_value(all["requests"][0].clone()).unwrap();
            let roster = all["roster"][0]["roster"].as_str().unwrap();
            let entry = &all["entries"][0];
            let entries = [Proven {
                index: entry[0].as_u64().unwrap(),
                bytes: entry[1].as_str().unwrap().as_bytes().to_vec(),
                proof: serde_json::from_value(entry[2].clone()).unwrap(),
            }];
            let checks = super::all(&Evidence {
                view: &view,
                roster: &serde_json::from_str(roster).unwrap(),
                checkpoint: &log.checkpoint(),
                entries: &entries,
            });
            let ok = |name| checks.iter().find(|c| c.name == name).unwrap().ok;
            assert!(!ok("log") && !ok("approval"), "{checks:?}");
            files += 1;
        }
        assert!(files >= 3);
    }
}
