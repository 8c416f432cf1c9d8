//! What a desk verifies before it signs or opens anything: each check in words, none taken on the
//! server's word. Pure but for what it is handed: entries that the quorum of the holder's own log
//! policy has cosigned, and a roster whose chain and entry were checked.

use core::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use loggia_model::{At, Body, Purpose, Role};
use loggia_policy::{Request, RequestView, Roster, SignedStatement, Statement};
use loggia_transparency::{Decision, Entry, Event, RequestFiled, Verdict};
use serde::Serialize;

/// An approval older than this opens nothing: the longest that any city's rules let a request wait
/// (720 h) and an opening last (168 h) after it.
const APPROVAL_AGE: Duration = Duration::from_secs((720 + 168) * 3_600);
/// Clocks of two machines that mean the same time differ by no more.
const CLOCKS_APART: Duration = Duration::from_secs(600);

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

/// An entry of the public log whose proof was checked.
pub struct Proven {
    /// Place.
    pub index: u64,
    /// Exact bytes.
    pub bytes: Vec<u8>,
}

impl Proven {
    /// What it says.
    ///
    /// # Errors
    /// When the bytes are no entry in its one form.
    pub fn entry(&self) -> Result<Entry, loggia_transparency::Error> {
        Entry::parse(&self.bytes, &format!("entry {}", self.index))
    }
}

/// What of a request's entries could be seen in the cosigned log.
#[derive(Default)]
pub struct Found {
    /// Entries that are there.
    pub proven: Vec<Proven>,
    /// Why others are not, in words.
    pub missing: Vec<String>,
}

/// Everything that one request is checked against.
pub struct Evidence<'a> {
    /// What the server shows of the request.
    pub view: &'a RequestView,
    /// The roster, its chain verified from the pinned first version.
    pub roster: &'a Roster,
    /// Whether the cosigned log holds it.
    pub roster_logged: &'a Result<String, String>,
    /// Whether the witnesses' view of the log is fresh.
    pub fresh: &'a Result<String, String>,
    /// The log's entries about the request.
    pub found: &'a Found,
    /// The desk's own time.
    pub now: At,
}

/// Runs every check.
pub fn all(e: &Evidence<'_>) -> Vec<Check> {
    let mut checks = vec![
        Check::of("hash", hash(e.view)),
        Check::of("case", case(e.view)),
        Check::of("necessity", necessity(e.view)),
        Check::of("roster", e.roster_logged.clone()),
        Check::of("requester", requester(e)),
        Check::of("signed", signed(e)),
    ];
    if e.view.approvals.iter().any(|a| a.act == "approve") {
        checks.push(Check::of("approval", approval(e)));
    }
    checks.push(Check::of("log", logged(e)));
    checks.push(Check::of("witnesses", e.fresh.clone()));
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

fn necessity(view: &RequestView) -> Result<String, String> {
    let request = Request::parse(&view.request).map_err(|f| f.to_string())?;
    if request.necessity != Some(Request::necessity_hash(&view.necessity)) {
        return Err("the reason shown is not the one that the requester wrote".to_owned());
    }
    Ok("the reason shown is the one that the request names".to_owned())
}

/// The one-time key is the requester's: their key in the roster signed the request that holds it.
fn signed(e: &Evidence<'_>) -> Result<String, String> {
    let request = Request::parse(&e.view.request).map_err(|f| f.to_string())?;
    let member = e
        .roster
        .member(&request.requester)
        .ok_or("the requester is not in the roster")?;
    let unsigned = || format!("the request is not signed by {}", member.name);
    let signature = e.view.signature.as_deref().ok_or_else(unsigned)?;
    Request::check_signed(&e.view.request, member, signature).map_err(|_| unsigned())?;
    Ok(format!(
        "{} has signed the request and the key that the footage goes to",
        member.name
    ))
}

fn logged(e: &Evidence<'_>) -> Result<String, String> {
    let (mut filed, mut decided) = (None, None);
    for proven in &e.found.proven {
        match proven.entry().map_err(|f| f.to_string())?.event {
            Event::RequestFiled(entry) if entry.request == e.view.id => {
                says_the_same(e.view, &entry)?;
                filed = Some(proven.index);
            }
            Event::Decision(d) if d.request == e.view.id && d.decision == Verdict::Approve => {
                is_this_approval(e, &d)?;
                decided = Some(proven.index);
            }
            _ => {}
        }
    }
    let absent = |what: &str| {
        let why = e.found.missing.first();
        Err(why.map_or_else(|| what.to_owned(), |why| format!("{what}: {why}")))
    };
    let wanted_decision = e.view.approvals.iter().any(|a| a.act == "approve");
    match (filed, decided) {
        (None, _) => absent("the public log does not show that this request was filed"),
        (Some(_), None) if wanted_decision => absent("the public log does not show the approval"),
        (Some(f), Some(d)) => Ok(format!(
            "request and approval are entries {f} and {d} of the cosigned log"
        )),
        (Some(f), None) => Ok(format!("the request is entry {f} of the cosigned log")),
    }
}

/// The entry's hash binds the request; what it says in the open must not tell the public otherwise.
fn says_the_same(view: &RequestView, entry: &RequestFiled) -> Result<(), String> {
    let request = Request::parse(&view.request).map_err(|f| f.to_string())?;
    let cameras = u32::try_from(request.camera_spans.len()).unwrap_or(u32::MAX);
    let same = entry.case == request.case_commitment
        && entry.body == view.body
        && entry.purpose == request.purpose
        && entry.legal_basis == request.legal_basis
        && entry.cameras == cameras
        && entry.danger_to_life == (request.purpose == Purpose::DangerToLife);
    if !same {
        return Err("the public log says something else of this request than its text".to_owned());
    }
    let salts = (salt(&view.span_salt)?, salt(&view.place_salt)?);
    let (span, place) = request
        .commitments(&salts.0, &salts.1)
        .map_err(|f| f.to_string())?;
    if (entry.span_commitment, entry.place_commitment) != (span, place) {
        return Err("the public log commits to another time or place than the request".to_owned());
    }
    Ok(())
}

fn salt(text: &str) -> Result<[u8; 32], String> {
    let bytes = hex::decode(text).ok().and_then(|b| b.try_into().ok());
    bytes.ok_or_else(|| "a salt of the request is no salt".to_owned())
}

/// The entry names the very statement that is shown.
fn is_this_approval(e: &Evidence<'_>, entry: &Decision) -> Result<(), String> {
    let given = e.view.approvals.iter().find(|a| a.act == "approve");
    let Some(given) = given else { return Ok(()) };
    let shown = SignedStatement {
        statement: given.statement.clone(),
        signature: given.signature.clone(),
    };
    if entry.statement != Some(shown.logged_as()) {
        return Err("the public log holds another approval than the one shown".to_owned());
    }
    Ok(())
}

fn approval(e: &Evidence<'_>) -> Result<String, String> {
    let given = e.view.approvals.iter().find(|a| a.act == "approve");
    let given = given.ok_or_else(|| "nobody has approved".to_owned())?;
    let statement: Statement =
        serde_json::from_str(&given.statement).map_err(|_| "the approval does not read")?;
    if statement.to_json().ok().as_ref() != Some(&given.statement) {
        return Err("the approval is not in its one form".to_owned());
    }
    let request = Request::parse(&e.view.request).map_err(|f| f.to_string())?;
    let asker = e
        .roster
        .member(&request.requester)
        .ok_or("the requester is not in the roster")?;
    let member = e
        .roster
        .member(&statement.by)
        .ok_or("the approver is not in the roster")?;
    if statement.by == request.requester {
        return Err("the requester has approved their own request".to_owned());
    }
    if statement.request != e.view.id || statement.act != loggia_policy::Act::Approve {
        return Err("the approval is about something else".to_owned());
    }
    if !member.roles.contains(&Role::Approver)
        || member.body == asker.body
        || member.body == Body::City
    {
        return Err(format!("{} may not approve this", member.name));
    }
    let (name, at) = (&member.name, statement.at);
    if at > e.now.after(CLOCKS_APART) || e.now.since(at) > APPROVAL_AGE {
        return Err(format!(
            "the approval is dated {at}, and it is {} by this machine's clock: too long ago, or \
             not yet",
            e.now
        ));
    }
    let signed = Statement::to_be_signed(&given.statement);
    match member.signed(&signed, &given.signature) {
        Ok(None) => Ok(format!(
            "{name} ({:?}) has approved, with their own key, on {at}",
            member.body
        )),
        Ok(Some(_)) => Ok(format!(
            "{name} ({:?}) has approved, with their own passkey, on {at}",
            member.body
        )),
        Err(why) => Err(format!("the approval is not signed by {name}: {why}")),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::Value;

    use super::*;

    /// Seeds of the fuzz target `desk`: of a request that no log knows, nothing is believed, even
    /// where every entry had a proof.
    #[test]
    fn what_the_corpus_tells_a_desk_never_holds() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/desk");
        let mut files = 0;
        for file in std::fs::read_dir(corpus).unwrap() {
            let text = std::fs::read(file.unwrap().path()).unwrap();
            let all: Value = serde_json::from_slice(&text).unwrap();
            let view: RequestView = serde_json::from_value(all["requests"][0].clone()).unwrap();
            let roster = all["roster"][0]["roster"].as_str().unwrap();
            let entry = &all["entries"][0];
            let found = Found {
                proven: vec![Proven {
                    index: entry[0].as_u64().unwrap(),
                    bytes: entry[1].as_str().unwrap().as_bytes().to_vec(),
                }],
                missing: Vec::new(),
            };
            let checks = super::all(&Evidence {
                view: &view,
                roster: &serde_json::from_str(roster).unwrap(),
                roster_logged: &Err("no".to_owned()),
                fresh: &Err("no".to_owned()),
                found: &found,
                now: At(0),
            });
            let ok = |name| checks.iter().find(|c| c.name == name).unwrap().ok;
            assert!(!ok("log") && !ok("approval") && !ok("signed"), "{checks:?}");
            files += 1;
        }
        assert!(files >= 3);
    }
}
