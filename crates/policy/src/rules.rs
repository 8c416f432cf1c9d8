//! The city's rules: legal bases, clocks of the line, longest terms. Their hash stands in each
//! request. Never loosened at run time: another set of rules is another hash, and is logged.

use core::time::Duration;

use loggia_model::{Digest, LegalBasis, Purpose};
use loggia_transparency::{DELAY_COURT_MAX_S, DELAY_MAX_S, SMALL_CELL_CASES};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::decide::Basis;
use crate::wire::sha256;

/// Before the rules' bytes in their hash.
pub const RULES_CONTEXT: &[u8] = b"loggia/policy/v2\n";

/// A law under which footage may be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ListedBasis {
    /// Identifier, e.g. `fi-pkl-7`.
    #[schema(value_type = String)]
    pub id: LegalBasis,
    /// The law, its chapter and section, in words.
    pub title: String,
    /// For which purposes.
    #[schema(value_type = Vec<String>)]
    pub purposes: Vec<Purpose>,
}

/// The rules in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Laws that may be named.
    pub legal_bases: Vec<ListedBasis>,
    /// How long a request waits for approval and release, hours.
    pub deadline_h: u32,
    /// The same where somebody's life is in danger, hours.
    pub danger_deadline_h: u32,
    /// How long an opening lasts after the second group released, hours.
    pub opening_h: u32,
    /// Longest live view, seconds; at most 900.
    pub live_s: u32,
    /// When place and hour of what was opened become public.
    pub disclosure: DisclosureRules,
}

/// When place and hour of what was opened become public: seconds from filing, by purpose, and how
/// far the date can be moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DisclosureRules {
    /// An investigation that may still run.
    pub investigation_s: u32,
    /// Danger to life: over soon, one way or the other.
    pub danger_to_life_s: u32,
    /// A live view; its own entry says at once when it was.
    pub incident_live_s: u32,
    /// A resident's own footage: nobody is investigated.
    pub subject_access_s: u32,
    /// The oversight body's sample.
    pub audit_sample_s: u32,
    /// Longest delay without a court, extensions counted in.
    pub longest_s: u32,
    /// Longest delay with a court's decision.
    pub court_longest_s: u32,
    /// Day and hour are published where at least so many cases share them at each camera.
    pub small_cell_cases: u32,
}

impl Default for DisclosureRules {
    fn default() -> Self {
        const DAY_S: u32 = 86_400;
        Self {
            investigation_s: 90 * DAY_S,
            danger_to_life_s: 30 * DAY_S,
            incident_live_s: 30 * DAY_S,
            subject_access_s: 0,
            audit_sample_s: 0,
            longest_s: 180 * DAY_S,
            court_longest_s: 730 * DAY_S,
            small_cell_cases: SMALL_CELL_CASES,
        }
    }
}

impl DisclosureRules {
    /// Seconds from filing to the date.
    #[must_use]
    pub fn delay_s(&self, purpose: Purpose) -> u32 {
        match purpose {
            Purpose::Investigation => self.investigation_s,
            Purpose::DangerToLife => self.danger_to_life_s,
            Purpose::IncidentLive => self.incident_live_s,
            Purpose::SubjectAccess => self.subject_access_s,
            Purpose::AuditSample => self.audit_sample_s,
        }
    }

    fn check(&self) -> Result<(), &'static str> {
        let first = [
            self.investigation_s,
            self.danger_to_life_s,
            self.incident_live_s,
            self.subject_access_s,
            self.audit_sample_s,
        ];
        if first.iter().any(|s| *s > self.longest_s) {
            return Err("no first delay is longer than disclosure.longest_s");
        }
        if i64::from(self.longest_s) > DELAY_MAX_S {
            return Err(
                "disclosure.longest_s is at most a year (31536000): beyond it stands a court",
            );
        }
        let court = i64::from(self.court_longest_s);
        if court > DELAY_COURT_MAX_S || self.court_longest_s < self.longest_s {
            return Err("disclosure.court_longest_s is at least longest_s and at most five years");
        }
        if !(2..=100).contains(&self.small_cell_cases) {
            return Err("disclosure.small_cell_cases is 2 to 100");
        }
        Ok(())
    }
}

impl Default for Rules {
    fn default() -> Self {
        let basis = |id: &str, title: &str, purposes: &[Purpose]| ListedBasis {
            id: LegalBasis(id.to_owned()),
            title: title.to_owned(),
            purposes: purposes.to_vec(),
        };
        Self {
            legal_bases: vec![
                basis(
                    "fi-pkl-7",
                    "Coercive Measures Act (806/2011), chapter 7: securing evidence",
                    &[Purpose::Investigation],
                ),
                basis(
                    "fi-poll-4-3",
                    "Police Act (872/2011), chapter 4 section 3: information for an official duty",
                    &[Purpose::Investigation, Purpose::DangerToLife],
                ),
                basis(
                    "fi-poll-2-6",
                    "Police Act (872/2011), chapter 2 section 6: averting danger to life or health",
                    &[Purpose::DangerToLife, Purpose::IncidentLive],
                ),
                basis(
                    "gdpr-15",
                    "GDPR (2016/679), Article 15: a person's access to data about them",
                    &[Purpose::SubjectAccess],
                ),
                basis(
                    "led-14",
                    "LED (2016/680), Article 14: a person's access to data about them",
                    &[Purpose::SubjectAccess],
                ),
                basis(
                    "led-47",
                    "LED (2016/680), Article 47: investigative powers of the oversight body",
                    &[Purpose::AuditSample],
                ),
            ],
            deadline_h: 72,
            danger_deadline_h: 2,
            opening_h: 24,
            live_s: 900,
            disclosure: DisclosureRules::default(),
        }
    }
}

impl Rules {
    /// The demo's: everything as by default, but dates come within minutes and two cases fill a
    /// cell, so that a visitor sees each state.
    #[must_use]
    pub fn demo() -> Self {
        Self {
            disclosure: DisclosureRules {
                investigation_s: 300,
                danger_to_life_s: 180,
                incident_live_s: 180,
                subject_access_s: 0,
                audit_sample_s: 0,
                longest_s: 3_600,
                court_longest_s: 7_200,
                small_cell_cases: 2,
            },
            ..Self::default()
        }
    }

    /// Checks the bounds.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the field.
    pub fn check(&self) -> Result<(), Error> {
        let bad = |s: &str| Err(Error::Invalid(format!("rules: {s}")));
        if self.legal_bases.is_empty() || self.legal_bases.len() > 200 {
            return bad("list 1 to 200 legal bases");
        }
        if !(1..=720).contains(&self.deadline_h) || !(1..=24).contains(&self.danger_deadline_h) {
            return bad("deadline_h is 1 to 720, danger_deadline_h 1 to 24");
        }
        if !(1..=168).contains(&self.opening_h) {
            return bad("opening_h is 1 to 168");
        }
        if u64::from(self.live_s) > crate::decide::LIVE_MAX_S {
            return bad("live_s is at most 900");
        }
        if let Err(why) = self.disclosure.check() {
            return bad(why);
        }
        Ok(())
    }

    /// Hash of the access policy's hash and the rules as JSON: a request names it, so a change of
    /// either needs a new request.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the rules cannot be written.
    pub fn hash(&self, access_policy: Digest) -> Result<Digest, Error> {
        let json = serde_json::to_vec(self).map_err(|e| Error::Invalid(e.to_string()))?;
        Ok(sha256(&[RULES_CONTEXT, &access_policy.0, &json]))
    }

    /// Whether the basis is listed for the purpose.
    #[must_use]
    pub fn basis(&self, id: &LegalBasis, purpose: Purpose) -> Basis {
        let listed = self
            .legal_bases
            .iter()
            .any(|b| b.id == *id && b.purposes.contains(&purpose));
        if listed {
            Basis::Listed
        } else {
            Basis::NotListed
        }
    }

    /// How long a request of this purpose waits.
    #[must_use]
    pub fn patience(&self, purpose: Purpose) -> Duration {
        let hours = match purpose {
            Purpose::DangerToLife | Purpose::IncidentLive => self.danger_deadline_h,
            Purpose::Investigation | Purpose::SubjectAccess | Purpose::AuditSample => {
                self.deadline_h
            }
        };
        Duration::from_secs(u64::from(hours) * 3_600)
    }
}
