//! Approvals with a passkey: what the one verifying function believes, what the line does with it,
//! and that a second implementation (PyPI `fido2`) agrees about every case.

#[cfg(test)]
#[expect(dead_code, reason = "each test file uses its own part of the city")]
mod city;
#[cfg(test)]
mod touch;

#[cfg(test)]
mod approvals {
    use core::time::Duration;
    use std::path::Path;
    use std::process::Command;

    use loggia_model::{Clock, Purpose, RequestId};
    use loggia_policy::{
        Act, CoseKey, Error, Member, Passkey, Roster, SignedStatement, Statement, asserted,
    };
    use serde_json::json;

    use crate::city::{CAMERA, City};
    use crate::touch::{Authenticator, ORIGIN, Say, b64url};

    const SIGNED: &[u8] = b"loggia/statement/v1\n{\"v\":1}";

    /// Every way in which an assertion can lie, each with one that does not.
    fn cases(device: &Authenticator) -> Vec<(&'static str, bool, String)> {
        let good = Say::of(SIGNED);
        let with = |change: &dyn Fn(&mut Say)| {
            let mut say = good.clone();
            change(&mut say);
            device.assert(&say)
        };
        let other = Authenticator::es256();
        let foreign = Authenticator {
            key: other.key,
            id: device.id.clone(),
        };
        let text = device.assert(&good);
        let cut = |n: usize| {
            let mut parts: Vec<_> = text.split('.').map(str::to_owned).collect();
            parts[n] = parts[n][..parts[n].len() - 2].to_owned();
            parts.join(".")
        };
        vec![
            ("good", true, text.clone()),
            ("counter-0", true, with(&|s| s.count = 0)),
            (
                "other-members",
                true,
                with(&|s| s.more = r#","x":[1],"crossOrigin":false"#.into()),
            ),
            (
                "other-words",
                false,
                with(&|s| s.challenge = loggia_policy::challenge(b"other")),
            ),
            (
                "creation",
                false,
                with(&|s| s.r#type = "webauthn.create".into()),
            ),
            (
                "origin",
                false,
                with(&|s| s.origin = "https://evil.example".into()),
            ),
            (
                "origin-port",
                false,
                with(&|s| s.origin = format!("{ORIGIN}:8443")),
            ),
            (
                "cross-origin",
                false,
                with(&|s| s.more = r#","crossOrigin":true"#.into()),
            ),
            ("rp", false, with(&|s| s.rp = "city.example".into())),
            ("not-present", false, with(&|s| s.flags = 0x04)),
            ("not-verified", false, with(&|s| s.flags = 0x01)),
            ("foreign-key", false, foreign.assert(&good)),
            ("cut-data", false, cut(3)),
            ("cut-signature", false, cut(5)),
        ]
    }

    /// What we refuse and the specification leaves to us.
    fn stricter(device: &Authenticator) -> Vec<(&'static str, String)> {
        let with = |change: &dyn Fn(&mut Say)| {
            let mut say = Say::of(SIGNED);
            change(&mut say);
            device.assert(&say)
        };
        vec![
            ("copied-to-a-cloud", with(&|s| s.flags |= 0x08)),
            (
                "in-a-frame",
                with(&|s| s.more = r#","topOrigin":"https://a.example""#.into()),
            ),
            (
                "extensions",
                with(&|s| (s.flags, s.extra) = (s.flags | 0x80, vec![0xa0])),
            ),
            (
                "twice",
                with(&|s| s.more = r#","origin":"https://a.example""#.into()),
            ),
        ]
    }

    fn devices() -> [Authenticator; 2] {
        [Authenticator::es256(), Authenticator::eddsa()]
    }

    #[test]
    fn only_an_assertion_about_these_words_by_this_device_holds() {
        for device in devices() {
            let named = [Authenticator::eddsa().passkey(), device.passkey()];
            for (name, good, text) in cases(&device) {
                let found = asserted(&named, SIGNED, &text);
                assert_eq!(found.is_ok(), good, "{name}: {found:?}");
            }
            for (name, text) in stricter(&device) {
                assert!(asserted(&named, SIGNED, &text).is_err(), "{name}");
            }
            let text = device.assert(&Say::of(SIGNED));
            assert!(
                asserted(&named[..1], SIGNED, &text).is_err(),
                "not in the roster"
            );
            // No bit of it can be turned.
            for at in 0..text.len() {
                let mut bytes = text.clone().into_bytes();
                bytes[at] = if bytes[at] == b'B' { b'C' } else { b'B' };
                let turned = String::from_utf8(bytes).unwrap();
                let found = asserted(&named, SIGNED, &turned);
                assert!(found.is_err() || turned == text, "byte {at}");
            }
        }
    }

    #[test]
    fn a_key_has_one_form() {
        for device in devices() {
            let cose = device.cose();
            assert!(CoseKey::parse(&cose).is_ok());
            for end in 0..cose.len() {
                assert!(CoseKey::parse(&cose[..end]).is_err(), "cut at {end}");
            }
            assert!(CoseKey::parse(&[&cose[..], &[0]].concat()).is_err());
            for at in 0..10 {
                let mut turned = cose.clone();
                turned[at] ^= 1;
                assert!(CoseKey::parse(&turned).is_err(), "byte {at}");
            }
        }
        // On no curve.
        let mut nowhere = Authenticator::es256().cose();
        nowhere[20] ^= 1;
        assert!(CoseKey::parse(&nowhere).is_err());
    }

    /// PyPI `fido2` (BSD-2) reads keys and assertions from their own bytes and agrees.
    #[test]
    fn a_second_implementation_agrees() {
        let mut all = Vec::new();
        for device in devices() {
            for (name, good, text) in cases(&device) {
                let challenge = loggia_policy::challenge(SIGNED);
                all.push(json!({
                    "name": name, "good": good, "assertion": text, "challenge": challenge,
                    "origin": ORIGIN, "id": b64url(&device.id), "key": b64url(&device.cose()),
                }));
            }
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = std::env::var("LOGGIA_PYTHON")
            .map_or_else(|_| root.join("../../.cache/venv/bin/python"), Into::into);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), serde_json::to_vec(&all).unwrap()).unwrap();
        let said = Command::new(python)
            .arg(root.join("tests/check_passkeys.py"))
            .arg(file.path())
            .output()
            .unwrap();
        let words = String::from_utf8_lossy(&said.stdout).into_owned()
            + &String::from_utf8_lossy(&said.stderr);
        assert!(said.status.success(), "{words}");
        assert!(words.contains(&format!("{} cases", all.len())), "{words}");
    }

    /// A city in which the oversight body's second approver has nothing but a passkey.
    fn city() -> (City, Authenticator) {
        let city = City::without_roster();
        let device = Authenticator::es256();
        let mut members = city.members();
        let salo = members.iter_mut().find(|m| m.person.0 == "j.salo").unwrap();
        (salo.sign_key, salo.passkeys) = (None, vec![device.passkey()]);
        let roster = Roster {
            v: 1,
            version: 1,
            prev: loggia_model::Digest::default(),
            members,
            at: city.clock.now(),
        };
        let signed = city.signed_roster(&roster, &["k.virtanen", "a.korhonen"]);
        city.policy.change_roster(signed).unwrap();
        city.record(CAMERA, 6);
        (city, device)
    }

    fn statement(city: &City, id: RequestId, act: Act) -> String {
        let statement = Statement {
            v: 1,
            request: id,
            act,
            by: loggia_model::PersonId("j.salo".into()),
            at: city.clock.now(),
            note: "read and weighed".into(),
        };
        statement.to_json().unwrap()
    }

    fn with(device: &Authenticator, statement: String, count: u32) -> SignedStatement {
        let mut say = Say::of(&Statement::to_be_signed(&statement));
        say.count = count;
        let signature = device.assert(&say);
        SignedStatement {
            statement,
            signature,
        }
    }

    #[test]
    fn an_approver_approves_with_a_passkey_and_custodians_open() {
        let (city, device) = city();
        let asked = city.investigate();
        let me = city.actor("j.salo");
        let signed = with(&device, statement(&city, asked.id, Act::Approve), 7);
        city.policy.decide_request(&me, asked.id, &signed).unwrap();
        // What a desk does with it: the same function, the roster and the bytes, nothing else.
        let roster = city.policy.roster().unwrap();
        let member = roster.roster().member(&me.person).unwrap();
        let view = city.policy.request_view(&me, asked.id).unwrap();
        let given = &view.approvals[0];
        let bytes = Statement::to_be_signed(&given.statement);
        let touched = member.signed(&bytes, &given.signature).unwrap().unwrap();
        assert_eq!((touched.count, touched.credential), (7, b64url(&device.id)));
        city.release("k.virtanen", &asked);
        city.release("a.korhonen", &asked);
        let by = city.actor("p.lindqvist");
        assert!(city.policy.footage_permit(asked.id, &by).is_ok());
    }

    /// Whoever stole the session has every right of the person but their authenticator.
    #[test]
    fn a_stolen_session_approves_nothing() {
        let (city, device) = city();
        let asked = city.investigate();
        let other = city.file("p.lindqvist", Purpose::Investigation, "fi-pkl-7");
        let me = city.actor("j.salo");
        let decide = |id, signed: &SignedStatement| city.policy.decide_request(&me, id, signed);
        let words = statement(&city, asked.id, Act::Approve);
        let good = with(&device, words.clone(), 7);
        let mut tried = vec![
            with(&Authenticator::es256(), words.clone(), 8),
            // What was signed for one request says nothing about another, or another act.
            SignedStatement {
                statement: statement(&city, other.id, Act::Approve),
                ..good.clone()
            },
            SignedStatement {
                statement: statement(&city, asked.id, Act::Refuse),
                ..good.clone()
            },
            SignedStatement {
                signature: b64url(&[0; 64]),
                ..good.clone()
            },
        ];
        tried.push(with(&device, statement(&city, asked.id, Act::Release), 8));
        for signed in &tried {
            let why = decide(asked.id, signed).unwrap_err();
            let no = matches!(
                why,
                Error::Forbidden(_) | Error::Signature(_) | Error::Invalid(_)
            );
            assert!(no, "{why}");
            assert!(decide(other.id, signed).is_err());
        }
        decide(asked.id, &good).unwrap();
        // Nor twice, nor after its time, nor with a counter that went back.
        assert!(decide(asked.id, &good).is_err());
        let copied = with(&device, statement(&city, other.id, Act::Approve), 7);
        let why = decide(other.id, &copied).unwrap_err().to_string();
        assert!(why.contains("counter went back"), "{why}");
        let late = with(&device, statement(&city, other.id, Act::Approve), 9);
        city.clock.pass(Duration::from_secs(121));
        assert!(decide(other.id, &late).is_err());
        let fresh = with(&device, statement(&city, other.id, Act::Approve), 9);
        decide(other.id, &fresh).unwrap();
    }

    #[test]
    fn a_roster_takes_passkeys_of_approvers_alone() {
        let city = City::new();
        let device = Authenticator::es256();
        let draw = |change: &dyn Fn(&mut Vec<Member>)| {
            let mut members = city.members();
            change(&mut members);
            let roster = Roster {
                v: 1,
                version: 1,
                prev: loggia_model::Digest::default(),
                members,
                at: city.clock.now(),
            };
            roster.to_json()
        };
        let give = |m: &mut Vec<Member>, person: &str, passkey: Passkey| {
            let member = m.iter_mut().find(|m| m.person.0 == person).unwrap();
            member.passkeys.push(passkey);
        };
        let good = draw(&|m| give(m, "j.salo", device.passkey())).unwrap();
        assert!(good.contains("\"passkeys\":[{\"id\""), "{good}");
        // Without passkeys the bytes are those of the versions before.
        assert!(!draw(&|_| ()).unwrap().contains("passkeys"));
        let with = |change: &dyn Fn(&mut Passkey)| {
            let mut passkey = device.passkey();
            change(&mut passkey);
            passkey
        };
        for (name, person, passkey) in [
            ("no approver", "t.laine", device.passkey()),
            (
                "http",
                "j.salo",
                with(&|p| p.origin = "http://loggia.city.example".into()),
            ),
            ("path", "j.salo", with(&|p| p.origin = format!("{ORIGIN}/"))),
            (
                "upper case",
                "j.salo",
                with(&|p| p.origin = ORIGIN.to_uppercase()),
            ),
            (
                "number",
                "j.salo",
                with(&|p| p.origin = "https://192.0.2.7".into()),
            ),
            ("short id", "j.salo", with(&|p| p.id = b64url(&[1; 15]))),
            ("key", "j.salo", with(&|p| p.key = b64url(&[1; 77]))),
        ] {
            assert!(
                draw(&|m| give(m, person, passkey.clone())).is_err(),
                "{name}"
            );
        }
        let twice = draw(&|m| {
            give(m, "j.salo", device.passkey());
            give(m, "r.heikkila", device.passkey());
        });
        assert!(twice.unwrap_err().to_string().contains("twice"));
    }
}
