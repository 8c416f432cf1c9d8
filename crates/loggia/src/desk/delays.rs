//! What is asked about dates of disclosure, at the desk: each shown with what this machine
//! verified, then agreed to by signature. Opens nothing, and signs nothing whose checks fail.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use loggia_model::{Body, PersonId, Role};
use loggia_policy::{Act, AskState, AskView, AskWhat, DisclosureAsk, Member, Roster};
use loggia_seal::PersonKey;
use serde::Serialize;

use super::checks::Check;
use super::log_view::Patience;
use super::{Deed, Desk, offer};

/// An ask as the desk shows it.
#[derive(Debug, Serialize)]
pub struct ShownAsk {
    #[serde(flatten)]
    ask: AskView,
    /// Names of the people in it, from the verified roster.
    names: BTreeMap<PersonId, String>,
    checks: Vec<Check>,
    /// What this person can say about it now, by the verified roster.
    offered: Vec<Act>,
}

impl Desk {
    /// Every ask, each checked; none for whoever agrees to none.
    pub fn disclosure_asks(&self, person: &PersonId) -> anyhow::Result<Vec<ShownAsk>> {
        let key = self.keys.key(person)?;
        let grounds = self.grounds(key, Patience::None)?;
        if !agrees(grounds.roster.member(person)) {
            return Ok(Vec::new());
        }
        let all: Vec<AskView> = self.city.get(key, "/api/v1/desk/disclosure-asks")?;
        let show = |ask: AskView| {
            let may = ask.state == AskState::Asked && ask.asked_by != *person;
            ShownAsk {
                names: grounds.names(),
                checks: all_of(&ask, &grounds.roster),
                offered: may.then(|| ask.what.act()).into_iter().collect(),
                ask,
            }
        };
        Ok(all.into_iter().map(show).collect())
    }

    /// Agrees, after the checks.
    pub(super) fn state_ask(&self, deed: &Deed, key: &PersonKey) -> anyhow::Result<()> {
        let shown = self.disclosure_asks(&deed.person)?;
        let shown = shown.into_iter().find(|a| a.ask.id == deed.request);
        let shown = shown.context("nothing of the kind waits for you")?;
        if let Some(broken) = shown.checks.iter().find(|c| !c.ok) {
            bail!("not done, because a check failed: {}", broken.words);
        }
        offer::require(deed.act, &shown.offered)?;
        let signed = self.sign(deed, key)?;
        let path = format!("/api/v1/desk/disclosure-asks/{}/statements", deed.request);
        self.city.post(key, &path, &signed)
    }
}

fn agrees(me: Option<&Member>) -> bool {
    me.is_some_and(|m| m.body == Body::Oversight && m.roles.contains(&Role::Approver))
}

fn all_of(ask: &AskView, roster: &Roster) -> Vec<Check> {
    vec![
        Check::of(
            "ask_hash",
            hash(ask).map(|_| "the text shown is the one that the hash names".to_owned()),
        ),
        Check::of("ask_asker", hash(ask).and_then(|a| asker(&a, roster))),
    ]
}

fn hash(view: &AskView) -> Result<DisclosureAsk, String> {
    let ask = DisclosureAsk::parse(&view.ask).map_err(|f| f.to_string())?;
    let same = ask.request == view.request && ask.what == view.what && ask.reason == view.reason;
    if DisclosureAsk::id_of(&view.ask) != view.id || !same || ask.asked_by != view.asked_by {
        return Err("the text of the ask is not the one that its hash names".to_owned());
    }
    Ok(ask)
}

fn asker(ask: &DisclosureAsk, roster: &Roster) -> Result<String, String> {
    let files = |m: &Member| {
        [Role::Investigator, Role::Auditor]
            .iter()
            .any(|r| m.roles.contains(r))
    };
    let may = |m: &&Member| match ask.what {
        AskWhat::Extend | AskWhat::Withdraw => files(m),
        AskWhat::Erase => m.body == Body::Oversight && m.roles.contains(&Role::Auditor),
    };
    match roster.member(&ask.asked_by).filter(may) {
        Some(m) => Ok(format!("{} may ask, for the {:?}", m.name, m.body)),
        None => Err(format!("{} may not ask this", ask.asked_by)),
    }
}

#[cfg(test)]
mod tests {
    use loggia_model::{At, Digest};
    use loggia_policy::AskReason;

    use super::*;

    #[test]
    fn an_ask_whose_text_is_not_its_hash_does_not_pass() {
        let ask = DisclosureAsk {
            v: 1,
            request: Digest([1; 32]),
            what: AskWhat::Extend,
            reason: AskReason::Investigation,
            until: 1_803_211_200,
            court: String::new(),
            asked_by: PersonId("p.lindqvist".into()),
            nonce: Digest([2; 32]),
        };
        let json = ask.to_json().unwrap();
        let mut view = AskView {
            id: DisclosureAsk::id_of(&json),
            request: ask.request,
            what: ask.what,
            reason: ask.reason,
            ask: json.clone(),
            state: AskState::Asked,
            asked_by: ask.asked_by,
            asked_at: At(0),
            agreed_by: None,
            log_index: None,
        };
        assert!(hash(&view).is_ok());
        // A later date under the same hash; an erasure shown as an extension.
        view.ask = json.replace("1803211200", "1903211200");
        assert!(hash(&view).is_err());
        view.ask = json;
        view.what = AskWhat::Erase;
        assert!(hash(&view).is_err());
    }
}
