//! Custodians who come into the roster later, and what an earlier one's machine does for them.
//! Never uses a key that its holder would not have.

use loggia_model::{Actor, Body, Clock, Digest, PersonId, Role, SpanId};
use loggia_policy::{
    Act, CameraSpans, HandedOn, HandedShare, HoldAsk, HoldState, KeptShare, Member, Roster,
    SignedStatement, State, Statement,
};
use loggia_seal::{
    Body as RecordBody, CustodianPublic, PersonKey, Randomness, Record, Sealed, SealedShare, Share,
    SpanKey, SpanRef, Track,
};

use crate::city::{Asked, CAMERA, City, LONG, b64, clear_piece, from_b64};

pub struct Newcomer {
    pub key: PersonKey,
    pub body: Body,
}

impl Newcomer {
    pub fn new(person: &str, body: Body) -> Self {
        let key = PersonKey::generate(PersonId(person.into()), &mut Randomness::machine());
        let key = key.unwrap();
        Self { key, body }
    }

    pub fn member(&self) -> Member {
        Member {
            person: self.key.person.clone(),
            name: self.key.person.0.to_uppercase(),
            body: self.body,
            roles: [Role::Custodian].into_iter().collect(),
            sign_key: Some(b64(&self.key.signing.public().0)),
            hpke_key: Some(b64(&self.key.custodian.public().0)),
            passkeys: Vec::new(),
        }
    }

    pub fn actor(&self) -> Actor {
        self.member().actor()
    }

    pub fn say(&self, city: &City, asked: &Asked) -> SignedStatement {
        let statement = Statement {
            v: 1,
            request: asked.id,
            act: Act::Release,
            by: self.key.person.clone(),
            at: city.clock.now(),
            note: "checked".into(),
        };
        let json = statement.to_json().unwrap();
        let signature = self
            .key
            .signing
            .sign(&Statement::to_be_signed(&json))
            .unwrap();
        SignedStatement {
            statement: json,
            signature: b64(&signature),
        }
    }

    /// Hands on what is kept, as one who is there by now.
    pub fn hand_on_all(&self, city: &City) -> u64 {
        hand_on_with(city, &self.key, &self.actor())
    }

    /// Opens the own shares and releases them to the requester's one-time key.
    pub fn release(&self, city: &City, asked: &Asked) -> State {
        let shares = city.policy.desk_shares(&self.actor(), asked.id).unwrap();
        let r = &mut Randomness::machine();
        let released: Vec<_> = shares
            .iter()
            .map(|s| {
                let (share, at) = opened(&self.key, s);
                share
                    .release(&at, &asked.id, &asked.key.public(), r)
                    .unwrap()
            })
            .collect();
        let said = self.say(city, asked);
        city.policy
            .release(&self.actor(), asked.id, &said, &released)
            .unwrap();
        city.policy.wait_for_witnesses(asked.id, LONG).unwrap();
        let me = city.actor("p.lindqvist");
        city.policy.request_view(&me, asked.id).unwrap().state
    }
}

/// The share that an earlier custodian's key opens.
fn opened(key: &PersonKey, s: &loggia_policy::DeskShare) -> (Share, SpanRef) {
    let at = SpanRef {
        camera: s.camera,
        span: s.span,
        commitment: s.commitment,
    };
    let sealed = SealedShare {
        group: s.group,
        custodian: s.custodian,
        enc: from_b64(&s.enc).try_into().unwrap(),
        ct: from_b64(&s.ct).try_into().unwrap(),
    };
    (Share::open(&key.custodian, &sealed, &at).unwrap(), at)
}

/// The next roster, with and without these people, signed by a custodian of each group.
pub fn rotate(city: &City, come: &[&Newcomer], leave: &[&str]) {
    let now = city.policy.roster().unwrap();
    let mut next: Roster = now.roster().clone();
    next.version += 1;
    next.prev = now.hash();
    next.at = city.clock.now();
    next.members
        .retain(|m| !leave.contains(&m.person.0.as_str()));
    next.members.extend(come.iter().map(|n| n.member()));
    let signed = city.signed_roster(&next, &["k.virtanen", "a.korhonen"]);
    city.policy.change_roster(signed).unwrap();
}

/// What a custodian's machine makes of what it was shown.
pub fn sealed_on(city: &City, by: &str, kept: &[KeptShare]) -> HandedOn {
    sealed_with(city, &city.people[by], city.actor(by).body, kept)
}

fn sealed_with(city: &City, key: &PersonKey, body: Body, kept: &[KeptShare]) -> HandedOn {
    let roster = city.policy.roster().unwrap();
    let r = &mut Randomness::machine();
    let mut shares = Vec::new();
    for k in kept {
        let (share, at) = opened(key, &k.share);
        for m in roster.roster().custodians_of(body) {
            let to = CustodianPublic(m.hpke_public().unwrap());
            if k.lacking.contains(&to.key_id()) {
                let s = share.seal_to(&at, &to, r).unwrap();
                shares.push(HandedShare {
                    camera: at.camera,
                    span: at.span,
                    custodian: s.custodian,
                    enc: b64(&s.enc),
                    ct: b64(&s.ct),
                });
            }
        }
    }
    HandedOn {
        version: roster.roster().version,
        shares,
    }
}

/// Page by page until nothing is left; gives how many shares were new.
pub fn hand_on_all(city: &City, by: &str) -> u64 {
    hand_on_with(city, &city.people[by], &city.actor(by))
}

fn hand_on_with(city: &City, key: &PersonKey, who: &Actor) -> u64 {
    let (mut new, mut after) = (0, None);
    loop {
        let page = city.policy.kept_page(who, after.as_deref()).unwrap();
        let given = sealed_with(city, key, who.body, &page.shares);
        new += city.policy.hand_on(who, &given).unwrap();
        after = page.next;
        if after.is_none() {
            return new;
        }
    }
}

/// What the requester sees with the released shares: how many pieces came out as they went in.
pub fn clear_pieces(city: &City, asked: &Asked) -> usize {
    let me = city.actor("p.lindqvist");
    let released = city.policy.released(&me, asked.id).unwrap();
    let mut seen = 0;
    for c in &asked.cover.camera_spans {
        for n in (c.first.0..=c.last.0).map(loggia_model::SpanId) {
            let row = city.blobs.span(c.camera, n).unwrap().unwrap();
            let (mut key, mut piece) = (None, 0);
            for seq in row.first_seq..=row.last_seq {
                let bytes = city.blobs.read_record(c.camera, seq).unwrap();
                let record = Record::parse_whole(&bytes).unwrap();
                match record.body().unwrap() {
                    RecordBody::SpanOpen(open) => {
                        let at = open.wrapped.span;
                        let own: Vec<Share> = released
                            .iter()
                            .filter(|s| (s.camera, s.span) == (at.camera, at.span))
                            .map(|s| s.open(&asked.key, &asked.id, at.commitment).unwrap())
                            .collect();
                        key = Some(SpanKey::combine(&own[0], &own[1], &at).unwrap());
                    }
                    RecordBody::Piece(_) if record.header().track == Track::Main => {
                        let sealed =
                            Sealed::verify(bytes.clone(), &city.recorder.public()).unwrap();
                        let clear = key.as_ref().unwrap().open_piece(&sealed).unwrap();
                        assert_eq!(clear, clear_piece(c.camera, n, piece));
                        (piece, seen) = (piece + 1, seen + 1);
                    }
                    _ => {}
                }
            }
        }
    }
    seen
}

/// Both bodies hold spans 2 and 3 of [`CAMERA`].
pub fn hold(city: &City) {
    let now = city.clock.now();
    let json = serde_json::to_string(&HoldAsk {
        v: 1,
        camera_spans: vec![CameraSpans {
            camera: CAMERA,
            first: SpanId(2),
            last: SpanId(3),
        }],
        reason: "a court has asked for these minutes".into(),
        until: now.after(core::time::Duration::from_secs(30 * 86_400)),
        review: now.after(core::time::Duration::from_secs(10 * 86_400)),
        asked_by: PersonId("p.lindqvist".into()),
        nonce: Digest([4; 32]),
    })
    .unwrap();
    let id = HoldAsk::id_of(&json);
    city.policy
        .ask_hold(&city.actor("p.lindqvist"), &json)
        .unwrap();
    for (person, state) in [
        ("k.virtanen", HoldState::Asked),
        ("s.makela", HoldState::Held),
    ] {
        let said = city.say(person, id, Act::Hold);
        let now = city.policy.state_hold(&city.actor(person), id, &said);
        assert_eq!(now.unwrap(), state);
    }
}
