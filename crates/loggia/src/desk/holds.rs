//! Holds at the desk: each shown with what this machine verified, then agreed to or ended by
//! signature. Opens nothing, and signs nothing about a hold whose checks fail.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use loggia_model::{Body, Digest, PersonId, Role};
use loggia_policy::{Act, Hold, HoldAsk, HoldState, Roster};
use loggia_seal::PersonKey;
use loggia_transparency::{Event, commit};
use serde::Serialize;

use super::checks::{Check, Proven};
use super::log_view::Patience;
use super::{Deed, Desk, offer};

/// A hold as the desk shows it.
#[derive(Debug, Serialize)]
pub struct ShownHold {
    #[serde(flatten)]
    hold: Hold,
    /// Names of the people in it, from the verified roster.
    names: BTreeMap<PersonId, String>,
    /// What the city calls its cameras.
    labels: BTreeMap<u32, String>,
    checks: Vec<Check>,
    /// What this person can say about it now, by the verified roster.
    #[serde(skip)]
    offered: &'static [Act],
}

impl ShownHold {
    /// The hold's name.
    pub fn id(&self) -> Digest {
        self.hold.id
    }

    /// The hold in a line: name, state, how many spans, why, and every check that failed.
    pub fn line(&self) -> String {
        let ask = serde_json::from_str::<HoldAsk>(&self.hold.hold);
        let (until, reason) = ask.map_or_else(
            |_| (String::new(), String::new()),
            |a| (a.until.to_string(), a.reason),
        );
        let broken: Vec<&str> = self
            .checks
            .iter()
            .filter(|c| !c.ok)
            .map(|c| c.words.as_str())
            .collect();
        format!(
            "{} {} until {until}, {} spans, agreed {:?}, ending {:?}: {reason}{}{}",
            self.hold.id,
            self.hold.state.word(),
            self.hold.spans,
            self.hold.agreed,
            self.hold.ending,
            if broken.is_empty() {
                ""
            } else {
                " — CHECK FAILED: "
            },
            broken.join("; ")
        )
    }
}

#[derive(serde::Deserialize)]
struct Asked {
    id: Digest,
}

#[derive(Serialize)]
struct NewHold {
    hold: String,
}

impl Desk {
    /// Asks for a hold; the spans' keys wait from then on. The city must name it by its own bytes.
    pub fn ask_hold(&self, ask: &HoldAsk) -> anyhow::Result<Digest> {
        let hold = serde_json::to_string(ask)?;
        let id = HoldAsk::id_of(&hold);
        let key = self.keys.key(&ask.asked_by)?;
        let asked: Asked = self
            .city
            .post_for(key, "/api/v1/desk/holds", &NewHold { hold })?;
        if asked.id != id {
            bail!(
                "the city has taken another hold than this one: {}",
                asked.id
            );
        }
        Ok(id)
    }

    /// Agrees to a hold or to its end, as the page does it.
    pub fn say_of_hold(
        &self,
        person: &PersonId,
        id: Digest,
        act: Act,
        passphrase: &str,
    ) -> anyhow::Result<()> {
        self.act(&Deed {
            person: person.clone(),
            request: id,
            act,
            note: String::new(),
            passphrase: passphrase.to_owned(),
        })
    }

    /// Every hold, each checked.
    pub fn holds(&self, person: &PersonId) -> anyhow::Result<Vec<ShownHold>> {
        self.checked_holds(person, |_| true)
    }

    fn checked_holds(
        &self,
        person: &PersonId,
        wanted: impl Fn(&Hold) -> bool,
    ) -> anyhow::Result<Vec<ShownHold>> {
        let key = self.keys.key(person)?;
        let all: Vec<Hold> = self.city.get(key, "/api/v1/desk/holds")?;
        let grounds = self.grounds(key, Patience::None)?;
        let labels = self.labels();
        all.into_iter()
            .filter(wanted)
            .map(|hold| {
                let size = grounds.look.head.size();
                let index = match hold.state {
                    HoldState::Ended => hold.ended_index,
                    HoldState::Asked | HoldState::Held => hold.log_index,
                };
                let proven = match index {
                    Some(index) if index < size => Some(self.under_head(index, &grounds.look)?),
                    _ => None,
                };
                let checks = all_of(&hold, &grounds.roster, size, proven.as_ref());
                Ok(ShownHold {
                    names: grounds.names(),
                    labels: labels.clone(),
                    checks,
                    offered: offer::of_hold(&hold, grounds.roster.member(person)),
                    hold,
                })
            })
            .collect()
    }

    /// Agrees to a hold or to its end, after its checks.
    pub(super) fn state_hold(&self, deed: &Deed, key: &PersonKey) -> anyhow::Result<()> {
        let shown = self.checked_holds(&deed.person, |h| h.id == deed.request)?;
        let shown = shown.into_iter().next().context("there is no such hold")?;
        // Whoever asked may have left before it ends; what is ended must be what is shown.
        let counts = |c: &&Check| !c.ok && (deed.act == Act::Hold || c.name != "hold_asker");
        if let Some(broken) = shown.checks.iter().find(counts) {
            bail!("not done, because a check failed: {}", broken.words);
        }
        offer::require(deed.act, shown.offered)?;
        let signed = self.sign(deed, key)?;
        let path = format!("/api/v1/desk/holds/{}/statements", deed.request);
        self.city.post(key, &path, &signed)
    }
}

fn all_of(hold: &Hold, roster: &Roster, size: u64, entry: Option<&Proven>) -> Vec<Check> {
    vec![
        Check::of("hold_hash", hash(hold)),
        Check::of("hold_asker", asker(hold, roster)),
        Check::of("hold_log", logged(hold, size, entry)),
    ]
}

fn hash(hold: &Hold) -> Result<String, String> {
    let ask: HoldAsk =
        serde_json::from_str(&hold.hold).map_err(|f| format!("the hold does not read: {f}"))?;
    let again = serde_json::to_string(&ask).map_err(|f| f.to_string())?;
    if again != hold.hold || HoldAsk::id_of(&hold.hold) != hold.id {
        return Err("the text of the hold is not the one that its hash names".to_owned());
    }
    Ok("the text shown is the one that the hash names".to_owned())
}

fn asker(hold: &Hold, roster: &Roster) -> Result<String, String> {
    let ask: HoldAsk =
        serde_json::from_str(&hold.hold).map_err(|f| format!("the hold does not read: {f}"))?;
    let may = [
        Role::Investigator,
        Role::Approver,
        Role::Custodian,
        Role::Auditor,
    ];
    match roster.member(&ask.asked_by) {
        Some(m) if m.body != Body::City && may.iter().any(|r| m.roles.contains(r)) => {
            Ok(format!("{} may ask, for the {:?}", m.name, m.body))
        }
        _ => Err(format!("{} may not ask for a hold", ask.asked_by)),
    }
}

fn logged(hold: &Hold, size: u64, entry: Option<&Proven>) -> Result<String, String> {
    let absent = || "the public log does not show this hold".to_owned();
    let proven = entry.ok_or_else(absent)?;
    let found = proven.entry().map_err(|f| f.to_string())?;
    let salt: [u8; 32] = hex::decode(&hold.salt)
        .ok()
        .and_then(|s| s.try_into().ok())
        .ok_or("the hold's salt is no salt")?;
    let named: Option<Digest> = match (&found.event, hold.state) {
        (Event::Freeze(f), HoldState::Asked) => Some(f.request),
        (Event::Hold(h), HoldState::Held) => Some(h.hold_commitment),
        (Event::HoldEnded(h), HoldState::Ended) => Some(h.hold_commitment),
        _ => None,
    };
    if named != Some(commit(&salt, hold.hold.as_bytes())) {
        return Err(absent());
    }
    Ok(format!(
        "the hold is entry {} of {size} in the public log",
        proven.index
    ))
}

#[cfg(test)]
mod tests {
    use loggia_model::At;

    use super::*;

    #[test]
    fn a_hold_whose_text_is_not_its_hash_does_not_pass() {
        let json = format!(
            r#"{{"v":1,"camera_spans":[{{"camera":1,"first":2,"last":3}}],"reason":"a court asks","until":9,"review":8,"asked_by":"p.lindqvist","nonce":"{}"}}"#,
            "04".repeat(32)
        );
        let mut hold = Hold {
            id: HoldAsk::id_of(&json),
            hold: json.clone(),
            salt: "00".repeat(32),
            spans: 2,
            begin: At(0),
            end: At(1),
            state: HoldState::Asked,
            asked_at: At(0),
            log_index: None,
            ended_index: None,
            review_due: false,
            agreed: Vec::new(),
            ending: Vec::new(),
        };
        assert!(hash(&hold).is_ok());
        // Another camera under the same hash; and white space that another reader might skip.
        for altered in [
            json.replace("\"camera\":1", "\"camera\":7"),
            json.replace(":1,", ": 1,"),
        ] {
            hold.hold.clone_from(&altered);
            assert!(hash(&hold).is_err(), "{altered}");
            hold.id = HoldAsk::id_of(&altered);
            assert_eq!(hash(&hold).is_err(), altered.contains(": "), "{altered}");
            hold.id = HoldAsk::id_of(&json);
        }
    }
}
