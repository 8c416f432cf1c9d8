//! Replays the corpora of the fuzz targets: bodies of every endpoint, and replies of time
//! authorities. Files named `good-*` must be taken, all others must not.

#[cfg(test)]
mod bodies;
#[cfg(test)]
#[expect(dead_code, reason = "each test file uses its own part of the city")]
mod city;

#[cfg(test)]
mod replay {
    use std::collections::BTreeSet;
    use std::path::Path;

    use loggia_model::{Digest, MANUAL_START};
    use loggia_policy::id_token::{self, Keys, Wanted};
    use loggia_policy::{Passkey, asserted, time_stamp_answers};

    use crate::bodies::Bodies;

    fn files(folder: &str) -> Vec<(String, Vec<u8>)> {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
        let mut files: Vec<_> = std::fs::read_dir(corpus.join(folder))
            .unwrap()
            .map(|f| f.unwrap().path())
            .map(|p| {
                let name = p.file_name().unwrap().to_string_lossy().into_owned();
                (name, std::fs::read(p).unwrap())
            })
            .collect();
        files.sort();
        files
    }

    #[test]
    fn every_body_gets_an_answer() {
        let bodies = Bodies::new();
        let mut tried = BTreeSet::new();
        for (name, input) in files("body") {
            let status = bodies.send(&input).unwrap();
            let good = name.starts_with("good-");
            assert_eq!(status.is_success(), good, "{name}: {status}");
            let line = String::from_utf8_lossy(&input);
            let words: Vec<_> = line.lines().next().unwrap().split(' ').collect();
            // `$WAITING` and a person's name stand where the route has `{id}` and `{person}`.
            let shape = words[1].split('/').map(|part| match part {
                p if p.starts_with('$') => "{id}",
                p if p.contains('.') => "{person}",
                p => p,
            });
            tried.insert((words[0].to_owned(), shape.collect::<Vec<_>>().join("/")));
            // No cut of a body may do worse than be refused.
            for end in (0..input.len()).step_by(7) {
                bodies.send(&input[..end]);
            }
        }
        for (method, path) in bodies.endpoints() {
            let this = (method.to_string(), path.to_owned());
            assert!(tried.contains(&this), "the corpus has no {method} {path}");
        }
    }

    const SIGNED: &[u8] = b"loggia/statement/v1\n{\"v\":1}";

    #[test]
    fn keys_and_assertions_of_passkeys() {
        let all = files("passkey");
        assert!(all.len() >= 10);
        for (name, input) in all {
            let text = String::from_utf8(input).unwrap();
            let lines = text.splitn(4, '\n').map(str::to_owned).collect::<Vec<_>>();
            let [key, id, origin, assertion] = lines.try_into().unwrap();
            let passkey = Passkey { id, origin, key };
            let sound = passkey.check().is_ok();
            let named = [passkey];
            let holds = sound && asserted(&named, SIGNED, &assertion).is_ok();
            assert_eq!(holds, name.starts_with("good-"), "{name}");
            for end in 0..assertion.len() {
                assert!(
                    asserted(&named, SIGNED, &assertion[..end]).is_err(),
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn tokens_of_identity_providers() {
        let all = files("id_token");
        assert!(all.len() >= 10);
        for (name, input) in all {
            let text = String::from_utf8(input).unwrap();
            let (keys, token) = text.split_once('\n').unwrap();
            let wanted = Wanted {
                issuer: "https://idp.example",
                client: "loggia",
                nonce: "n",
                claim: "preferred_username",
                now: MANUAL_START,
            };
            let found = |keys: &str, token: &str| {
                let keys = Keys::parse(keys.as_bytes()).ok()?;
                id_token::person(token, &keys, &wanted).ok()
            };
            let good = name.starts_with("good-");
            assert_eq!(found(keys, token).is_some(), good, "{name}");
            for end in 0..token.len() {
                assert_eq!(found(keys, &token[..end]), None, "{name} cut at {end}");
            }
        }
    }

    #[test]
    fn replies_of_time_authorities() {
        let replies = files("time_stamp");
        assert!(replies.len() >= 3);
        for (name, reply) in replies {
            // The replies are about this hash and nonce.
            let answers = |r: &[u8]| time_stamp_answers(r, &Digest([7; 32]), [0x41; 8]);
            assert_eq!(answers(&reply), name.starts_with("good-"), "{name}");
            for end in 0..reply.len() {
                answers(&reply[..end]);
            }
        }
    }
}
