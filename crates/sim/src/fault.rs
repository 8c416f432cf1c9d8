//! What goes wrong with cameras, by plan: a seed or a script says which camera fails when and how.
//! Never looks at a clock: the same seed, camera, frame and packet always meet the same fate.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::dice::Dice;

/// One way in which a camera fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case", deny_unknown_fields)]
pub enum CameraFault {
    /// Packets are lost.
    Drop {
        /// Of 1,000 packets.
        per_mille: u16,
    },
    /// Packets end early; their framing still agrees with their length.
    Truncate {
        /// Of 1,000 packets.
        per_mille: u16,
    },
    /// Noise between packets: it breaks the framing on TCP and is a stray datagram on UDP.
    Garbage {
        /// Of 1,000 packets.
        per_mille: u16,
    },
    /// The session stands, but no media comes. Frames of that time are never sent.
    Stall,
    /// From the next key frame on the camera sends its other film (another resolution), with
    /// parameter sets in band; after the fault it goes back at a key frame.
    OtherFilm,
    /// The camera's own clock (RTCP, ONVIF) is off by this much, microseconds.
    ClockJump {
        /// Added to the camera's time.
        by_us: i64,
    },
    /// Connections break, and as long as it lasts every request that names this camera is answered
    /// by closing the connection (all cameras share one port, so the port itself cannot be shut).
    Reboot,
    /// Every password is wrong, over RTSP and over ONVIF. Running sessions go on.
    WrongCredentials,
}

/// One line of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultStep {
    /// The camera's name.
    pub camera: String,
    /// When it begins, milliseconds after the city's start.
    pub at_ms: u64,
    /// How long it lasts, milliseconds.
    pub for_ms: u64,
    /// What it is.
    pub what: CameraFault,
}

/// A plan of faults, in order of time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultPlan {
    /// The steps.
    pub steps: Vec<FaultStep>,
}

/// Most steps of one plan: a fault per second of a day.
const STEPS_MAX: usize = 86_400;

impl FaultPlan {
    /// Reads a script: JSON as this type writes it.
    ///
    /// # Errors
    /// [`Error::Plan`] names the line and what is wrong.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        let mut plan: Self =
            serde_json::from_str(text).map_err(|e| Error::Plan { why: e.to_string() })?;
        if plan.steps.len() > STEPS_MAX {
            return Err(Error::Plan {
                why: format!("more than {STEPS_MAX} steps"),
            });
        }
        plan.steps.sort_by_key(|s| s.at_ms);
        Ok(plan)
    }

    /// Draws a plan: each camera fails about every `mean_gap`, in each way with equal chance, for
    /// 0.2–5 s, within the first `length` of the city.
    #[must_use]
    pub fn seeded(seed: u64, cameras: &[String], length: Duration, mean_gap: Duration) -> Self {
        let (length, gap) = (millis(length), millis(mean_gap).max(1));
        let mut steps = Vec::new();
        for (number, camera) in (0u64..).zip(cameras) {
            let mut dice = Dice::of(&[seed, number, 0x9a17]);
            let mut at_ms = dice.below(2 * gap);
            while at_ms < length && steps.len() < STEPS_MAX {
                let what = drawn(&mut dice);
                let for_ms = 200 + dice.below(4_800);
                steps.push(FaultStep {
                    camera: camera.clone(),
                    at_ms,
                    for_ms,
                    what,
                });
                at_ms += for_ms + 1 + dice.below(2 * gap);
            }
        }
        steps.sort_by_key(|s| s.at_ms);
        Self { steps }
    }
}

fn millis(d: Duration) -> u64 {
    u64::try_from(d.as_millis()).unwrap_or(u64::MAX / 4)
}

fn drawn(dice: &mut Dice) -> CameraFault {
    let per_mille = 1 + dice.below(200) as u16;
    match dice.below(8) {
        0 => CameraFault::Drop { per_mille },
        1 => CameraFault::Truncate { per_mille },
        2 => CameraFault::Garbage { per_mille },
        3 => CameraFault::Stall,
        4 => CameraFault::OtherFilm,
        5 => CameraFault::ClockJump {
            by_us: dice.below(7_200_000_000) as i64 - 3_600_000_000,
        },
        6 => CameraFault::Reboot,
        _ => CameraFault::WrongCredentials,
    }
}

/// What happens to one packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is sent as it is.
    Sent,
    /// It is not sent.
    Lost,
    /// Only its first bytes are sent.
    Cut(usize),
    /// This noise comes first, then the packet.
    After(Vec<u8>),
}

/// The fate of packet number `packet` of frame number `frame` of a session, `length` bytes of RTP.
#[must_use]
pub fn fate(faults: &[CameraFault], words: [u64; 4], length: usize) -> Fate {
    let mut dice = Dice::of(&words);
    for fault in faults {
        match fault {
            CameraFault::Drop { per_mille } if dice.happens(*per_mille) => return Fate::Lost,
            CameraFault::Truncate { per_mille } if dice.happens(*per_mille) => {
                return Fate::Cut(dice.below(length as u64) as usize);
            }
            CameraFault::Garbage { per_mille } if dice.happens(*per_mille) => {
                let mut noise = vec![0; 20 + dice.below(180) as usize];
                dice.fill(&mut noise);
                // Neither `$` nor a letter: it can be read neither as a packet nor as RTSP.
                noise[0] |= 0x80;
                return Fate::After(noise);
            }
            _ => {}
        }
    }
    Fate::Sent
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<String> {
        (1..=20).map(|n| format!("{n:04}")).collect()
    }

    #[test]
    fn one_seed_one_plan() {
        let plan = |seed| {
            let (hour, minute) = (Duration::from_secs(3_600), Duration::from_secs(60));
            FaultPlan::seeded(seed, &names(), hour, minute)
        };
        assert_eq!(plan(7), plan(7));
        assert_ne!(plan(7), plan(8));
        let steps = plan(7).steps;
        assert!(steps.len() > 600, "{}", steps.len());
        assert!(steps.windows(2).all(|w| w[0].at_ms <= w[1].at_ms));
        for name in names() {
            let mut end = 0;
            for step in steps.iter().filter(|s| s.camera == name) {
                assert!(step.at_ms > end, "faults of one camera do not overlap");
                end = step.at_ms + step.for_ms;
            }
        }
    }

    #[test]
    fn plans_are_read_and_unknown_fields_refused() {
        let hour = Duration::from_secs(3_600);
        let plan = FaultPlan::seeded(1, &names(), hour, hour);
        let text = serde_json::to_string(&plan).unwrap();
        assert_eq!(FaultPlan::from_json(&text).unwrap(), plan);
        let wrong = r#"{"steps":[{"camera":"1","at_ms":1,"for_ms":1,"what":{"fault":"fire"}}]}"#;
        assert!(
            FaultPlan::from_json(wrong)
                .unwrap_err()
                .to_string()
                .contains("fire")
        );
    }

    #[test]
    fn fates_follow_the_dice_alone() {
        let faults = [
            CameraFault::Drop { per_mille: 100 },
            CameraFault::Garbage { per_mille: 50 },
        ];
        let fates = |seed| {
            (0..5_000)
                .map(|p| fate(&faults, [seed, 1, 2, p], 1_412))
                .collect()
        };
        let (a, b, c): (Vec<_>, Vec<_>, Vec<_>) = (fates(1), fates(1), fates(2));
        assert_eq!(a, b);
        assert_ne!(a, c);
        let lost = a.iter().filter(|f| **f == Fate::Lost).count();
        assert!((400..600).contains(&lost), "{lost}");
    }
}
