//! Closed lists of other crates in the reader's words: purposes, legal bases, bodies, directions.
//! Never guesses: what is not in the list stands as the city wrote it.

use loggia_model::{Body, Purpose};

use crate::words::{Tongue, Word, figures, looking};

pub(super) fn purpose(p: Purpose) -> Word {
    match p {
        Purpose::Investigation => looking::P_INVESTIGATION,
        Purpose::DangerToLife => looking::P_DANGER,
        Purpose::SubjectAccess => looking::P_SUBJECT,
        Purpose::IncidentLive => looking::P_LIVE,
        Purpose::AuditSample => looking::P_AUDIT,
    }
}

pub(super) fn body(b: Body) -> Word {
    match b {
        Body::Police => figures::POLICE,
        Body::Oversight => figures::OVERSIGHT,
        Body::City => figures::CITY,
    }
}

/// A legal basis in words with its short name, where it is one that Loggia ships with.
pub(super) fn basis(t: &Tongue, id: &str) -> String {
    let word = match id {
        "fi-pkl-7" => looking::B_PKL_7,
        "fi-poll-4-3" => looking::B_POLL_4_3,
        "fi-poll-2-6" => looking::B_POLL_2_6,
        "gdpr-15" => looking::B_GDPR_15,
        "led-14" => looking::B_LED_14,
        "led-47" => looking::B_LED_47,
        _ => return id.to_owned(),
    };
    format!("{} ({id})", t.say(word))
}

/// Where a camera looks: the nearest of eight directions, and the degrees.
pub(super) fn direction(t: &Tongue, heading_deg: Option<f64>) -> String {
    const EIGHT: [Word; 8] = [
        looking::NORTH,
        looking::NORTH_EAST,
        looking::EAST,
        looking::SOUTH_EAST,
        looking::SOUTH,
        looking::SOUTH_WEST,
        looking::WEST,
        looking::NORTH_WEST,
    ];
    let Some(deg) = heading_deg.filter(|d| d.is_finite()) else {
        return t.say(looking::AROUND);
    };
    let deg = deg.rem_euclid(360.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and 8"
    )]
    let eighth = (deg / 45.0).round() as usize;
    let word = EIGHT.get(eighth % 8).copied().unwrap_or(looking::NORTH);
    format!("{} ({deg:.0}°)", t.say(word))
}
