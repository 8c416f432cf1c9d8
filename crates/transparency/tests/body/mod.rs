//! Bodies outside the city, as small as they can be: real keys, real cosignatures, real consistency
//! proofs, in this process. One that is away answers nothing until it is back.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use loggia_model::{At, MANUAL_START};
use loggia_transparency::witness::{AddCheckpoint, WitnessAnswer};
use loggia_transparency::{
    Away, CosignerKey, CosignerKind, Lane, Log, SignedCheckpoint, Witness, Witnesses, verify,
};

/// One body.
pub struct Body {
    pub name: String,
    pub key: CosignerKey,
    /// Answers nothing.
    pub away: AtomicBool,
    /// How often it was asked.
    pub asked: AtomicU32,
    /// What it cosigned last.
    pub seen: Mutex<Option<SignedCheckpoint>>,
    log: loggia_transparency::Verifier,
}

impl Body {
    pub fn new(name: &str, log: &Log) -> Arc<Self> {
        let (key, _) = CosignerKey::generate(CosignerKind::Ed25519, name).unwrap();
        Arc::new(Self {
            name: name.to_owned(),
            key,
            away: AtomicBool::new(false),
            asked: AtomicU32::new(0),
            seen: Mutex::new(None),
            log: log.verifier().clone(),
        })
    }
}

/// A lane's end of it.
pub struct Line(pub Arc<Body>);

impl Witness for Line {
    fn add_checkpoint(&self, ask: &AddCheckpoint) -> Result<WitnessAnswer, Away> {
        let body = &self.0;
        body.asked.fetch_add(1, Ordering::SeqCst);
        if body.away.load(Ordering::SeqCst) {
            return Err(Away("it cannot be reached".to_owned()));
        }
        let Ok(signed) = SignedCheckpoint::verify(ask.checkpoint.as_bytes(), &body.log) else {
            return Ok(WitnessAnswer::Refused(403, "not signed".to_owned()));
        };
        let mut seen = body.seen.lock().unwrap();
        if let Some(before) = &*seen {
            if ask.old != before.size() {
                return Ok(WitnessAnswer::AskFrom(before.size()));
            }
            if verify::consistency(before.checkpoint(), signed.checkpoint(), &ask.proof).is_err() {
                return Ok(WitnessAnswer::Refused(422, "another log".to_owned()));
            }
        } else if ask.old != 0 {
            return Ok(WitnessAnswer::AskFrom(0));
        }
        let line = body.key.cosign(&signed, At(MANUAL_START.0)).unwrap();
        *seen = Some(signed);
        Ok(WitnessAnswer::Cosigned(vec![line]))
    }
}

/// Five bodies, of which three are enough.
pub fn five(log: &Log) -> Vec<Arc<Body>> {
    let names = ["court", "university", "press", "ombudsman", "neighbour"];
    names
        .iter()
        .map(|n| Body::new(&format!("{n}.example/w"), log))
        .collect()
}

/// The policy that names them.
pub fn policy_of(log: &Log, bodies: &[Arc<Body>], quorum: usize) -> String {
    let mut text = format!("log {}\n", log.verifier());
    for (n, body) in bodies.iter().enumerate() {
        text += &format!("witness w{n} {} http://{}\n", body.key.public(), body.name);
    }
    let names: Vec<String> = (0..bodies.len()).map(|n| format!("w{n}")).collect();
    text + &format!("group enough {quorum} {}\nquorum enough\n", names.join(" "))
}

pub fn lanes(bodies: &[Arc<Body>]) -> Vec<Lane> {
    bodies
        .iter()
        .map(|body| Lane {
            name: body.name.clone(),
            url: format!("http://{}", body.name),
            witness: Box::new(Line(Arc::clone(body))),
        })
        .collect()
}

/// The log's witnesses, three of five.
pub fn witnesses(log: &Log, bodies: &[Arc<Body>]) -> Witnesses {
    Witnesses::start(log.clone(), &policy_of(log, bodies, 3), lanes(bodies)).unwrap()
}
