//! The attacker's desk: a city in the hands of somebody with root and the log's key tries to have a
//! true key desk release footage that it should not. `make attack` tries 100,000 openings; the
//! tests a seeded sample. Each class has a control that opens once its check is taken out.

mod altered;
mod classes;
#[path = "../../../../transparency/tests/forge/mod.rs"]
mod forge;
mod logs;
mod plot;
mod scene;
mod shown;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;

use loggia_policy::{Act, RequestView};
use loggia_seal::{CustodianKey, Group, ReleasedShare, Share, SpanKey};
use loggia_sim::Dice;
use serde::Deserialize;

use super::checks::Check;
use super::log_view::{LogView, POLICY, Patience};
use super::{Deed, Shown, console, offer};
use altered::{Door, OpenDesk, Page};
use classes::{Class, Stop};
use plot::Plot;
use scene::{CUSTODIANS, Scene, Span, person};

/// Attempts of a run of the tests.
const SAMPLE: u64 = 360;
/// Attempts of each class whose control is tried.
const CONTROLS: u64 = 12;
/// Threads, each with a city and a desk of its own.
const THREADS: u64 = 2;

/// What the desk sent.
#[derive(Deserialize)]
struct Sent {
    shares: Vec<ReleasedShare>,
}

/// Whom the desk believes in one attempt.
struct Trust {
    policy: String,
    pinned: bool,
    /// A check of this name is not looked at: controls alone.
    without: Option<&'static str>,
    /// The desk's server does not ask for this: controls alone.
    open_to: Option<Door>,
    /// Its holder reads what the desk shows, and agrees only to what the city's pages have shown.
    reads: bool,
}

impl Scene {
    /// The desk looks at the city as it was, and pins that.
    fn pin(&mut self) {
        let plot = Plot::agreed(self, &mut Dice::of(&[0]));
        let mut answers = plot.answers(self);
        let size = self.base.entries.len();
        // What was seen before has nothing of the attempts in it.
        answers
            .texts
            .insert("/log/checkpoint".to_owned(), self.base.note(size));
        *self.answers.lock().unwrap() = answers;
        let key = self.desk.keys.key(&person(CUSTODIANS[0])).unwrap();
        drop(self.desk.grounds(key, Patience::None).unwrap());
        self.pins = std::fs::read(self.folder.join("trusted.json")).unwrap();
    }

    fn plain(&self) -> Trust {
        Trust {
            policy: self.policy(scene::QUORUM, true),
            pinned: true,
            without: None,
            open_to: None,
            reads: true,
        }
    }

    /// The city says what the plot has it say, and the desk trusts as it is told.
    fn stage(&mut self, plot: &Plot, trust: &Trust) {
        let pins = self.folder.join("trusted.json");
        if trust.pinned {
            std::fs::write(&pins, &self.pins).unwrap();
        } else {
            let _ = std::fs::remove_file(&pins);
        }
        std::fs::write(self.folder.join(POLICY), &trust.policy).unwrap();
        let desk = Arc::get_mut(&mut self.desk).unwrap();
        desk.log = LogView::open(&self.folder).unwrap();
        let answers = plot.answers(self);
        *self.answers.lock().unwrap() = answers;
    }

    /// The plot's request as this custodian's desk shows it.
    fn shown(&self, name: &str, plot: &Plot) -> anyhow::Result<Shown> {
        let (who, request) = (person(name), plot.shown_id());
        let mine = |view: &RequestView| view.id == request;
        let shown = self.desk.checked(&who, Patience::None, mine)?;
        Ok(shown.into_iter().next().unwrap())
    }

    /// Both custodians are asked to release; what each desk sent, and why it did not.
    fn attempt(&mut self, plot: &Plot, trust: &Trust) -> (Vec<ReleasedShare>, Vec<String>) {
        let read = plot.read.as_deref().filter(|_| trust.reads).map(|read| {
            self.stage(read, trust);
            console::words(&self.shown(CUSTODIANS[0], read).unwrap()).unwrap()
        });
        self.stage(plot, trust);
        let open = plot.page.as_ref();
        let open = open.map(|page| (page, OpenDesk::open(&self.desk, trust.open_to)));
        let mut refusals = Vec::new();
        for name in CUSTODIANS {
            let done = match &open {
                Some((page, desk)) => page.acts(desk, name, plot.shown_id()),
                None => self.release(name, plot, trust.without, read.as_deref()),
            };
            if let Err(why) = done {
                refusals.push(format!("{why:#}"));
            }
        }
        if let Some((_, desk)) = open {
            desk.close();
        }
        let sent = std::mem::take(&mut self.answers.lock().unwrap().sent);
        let shares = sent.iter().flat_map(|(_, body)| {
            serde_json::from_slice::<Sent>(body)
                .map(|s| s.shares)
                .unwrap_or_default()
        });
        (shares.collect(), refusals)
    }

    /// What the desk's own act does, but that one check may be left out and no passphrase is asked.
    /// Its holder leaves what reads otherwise than `read`.
    fn release(
        &self,
        name: &str,
        plot: &Plot,
        without: Option<&str>,
        read: Option<&[String]>,
    ) -> anyhow::Result<()> {
        let (who, request) = (person(name), plot.shown_id());
        let shown = self.shown(name, plot)?;
        let counts = |c: &&Check| !c.ok && Some(c.name) != without;
        if let Some(broken) = shown.checks.iter().find(counts) {
            anyhow::bail!("{}: {}", broken.name, broken.words);
        }
        let words = console::words(&shown)?;
        if read.is_some_and(|read| read != words) {
            anyhow::bail!("words: {words:?}");
        }
        offer::require(Act::Release, shown.offered)?;
        let deed = Deed {
            person: who.clone(),
            request,
            act: Act::Release,
            note: String::new(),
            passphrase: String::new(),
        };
        self.desk
            .carry_out(&deed, self.desk.keys.key(&who)?, &shown)
    }
}

/// The group shares that the attacker can open, bound to the plot's text.
fn opened(key: &CustodianKey, plot: &Plot, shares: &[ReleasedShare], span: &Span) -> Vec<Share> {
    let id = loggia_policy::Request::id_of(&plot.shown_text());
    let open = |s: &ReleasedShare| s.open(key, &id, span.at.commitment).ok();
    shares.iter().filter_map(open).collect()
}

/// Whether both groups' shares are there and show the picture.
fn sees(shares: &[Share], span: &Span) -> bool {
    let of = |group| shares.iter().find(|s| s.group() == group);
    let (Some(police), Some(oversight)) = (of(Group::Police), of(Group::Oversight)) else {
        return false;
    };
    let key = SpanKey::combine(police, oversight, &span.at).unwrap();
    key.open_piece(&span.piece).unwrap() == span.clear
}

/// The control: with what stops it taken out, the attack shows the picture.
fn control(scene: &mut Scene, plot: &Plot, stop: &Stop) -> Result<bool, Vec<String>> {
    let mut trust = scene.plain();
    match stop {
        Stop::Check(name) => trust.without = Some(name),
        Stop::Policy(quorum, with_ml_dsa) => trust.policy = scene.policy(*quorum, *with_ml_dsa),
        Stop::Pins => trust.pinned = false,
        Stop::Door(door) => trust.open_to = Some(*door),
        Stop::Words => trust.reads = false,
        Stop::Binding => return Ok(sees_as_what_it_is(scene)),
        Stop::Several => return Ok(true),
    }
    let (shares, refusals) = scene.attempt(plot, &trust);
    let opened = opened(&scene.one_time, plot, &shares, &scene.spans[0]);
    if sees(&opened, &scene.spans[0]) {
        return Ok(true);
    }
    Err(refusals)
}

/// A share that is opened as the span's that it is, and released, shows that span.
fn sees_as_what_it_is(scene: &Scene) -> bool {
    let span = &scene.spans[1];
    let open = |name: &&str| {
        let key = &scene.people[*name].key.custodian;
        let mut own = span.table.of(key.key_id());
        Share::open(key, own.next().unwrap(), &span.at).unwrap()
    };
    let shares: Vec<Share> = CUSTODIANS.iter().map(open).collect();
    sees(&shares, span)
}

/// Attempts of one thread: how many of each class, and what got through.
fn attack(seed: u64, tries: u64) -> (BTreeMap<Class, u64>, Vec<String>) {
    let mut scene = Scene::new();
    scene.pin();
    let trust = scene.plain();
    let (mut counts, mut through) = (BTreeMap::new(), Vec::new());
    for n in 0..tries {
        let mut dice = Dice::of(&[seed, n]);
        let class = Class::ALL[usize::try_from(n).unwrap() % Class::ALL.len()];
        let (plot, _) = class.plot(&scene, &mut dice);
        let (shares, _) = scene.attempt(&plot, &trust);
        // A share of any span that the attacker can open is one too many.
        let any = scene
            .spans
            .iter()
            .any(|s| !opened(&scene.one_time, &plot, &shares, s).is_empty());
        if any || !shares.is_empty() {
            through.push(format!("{class:?}, seed {seed}, attempt {n}"));
        }
        *counts.entry(class).or_default() += 1;
        if n % 5_000 == 4_999 {
            say(&format!(
                "{} of {tries}, {} got through",
                n + 1,
                through.len()
            ));
        }
    }
    (counts, through)
}

/// To where a person reads it: tests keep their standard output to themselves.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn seed() -> u64 {
    let said = std::env::var("LOGGIA_SEED").ok();
    said.and_then(|s| s.parse().ok()).unwrap_or(20_261_129)
}

#[test]
fn when_all_have_agreed_the_footage_opens() {
    let mut scene = Scene::new();
    scene.pin();
    let mut plot = Plot::agreed(&scene, &mut Dice::of(&[seed()]));
    let trust = scene.plain();
    // At a terminal, and from the desk's own page.
    for page in [None, Some(Page::own())] {
        plot.page = page;
        let (shares, refusals) = scene.attempt(&plot, &trust);
        assert!(refusals.is_empty(), "{refusals:?}");
        let opened = opened(&scene.one_time, &plot, &shares, &scene.spans[0]);
        assert!(sees(&opened, &scene.spans[0]));
    }
}

#[test]
fn each_class_of_attack_opens_once_its_check_is_taken_out() {
    let mut scene = Scene::new();
    scene.pin();
    let (mut tried, plain) = (BTreeMap::<Class, u64>::new(), scene.plain());
    for class in Class::ALL {
        for n in 0..CONTROLS {
            let mut dice = Dice::of(&[seed(), 1, n]);
            let (plot, stop) = class.plot(&scene, &mut dice);
            let (shares, refusals) = scene.attempt(&plot, &plain);
            assert!(shares.is_empty(), "{class:?}, {n}: released");
            if stop == Stop::Several {
                continue;
            }
            // It is that check which stops it, not another by chance.
            let named = |r: &String| match &stop {
                Stop::Check(name) => r.starts_with(&format!("{name}: ")),
                Stop::Door(door) => r.contains(door.words()),
                Stop::Words => r.starts_with("words: "),
                _ => true,
            };
            assert!(refusals.iter().all(named), "{class:?}: {refusals:?}");
            match control(&mut scene, &plot, &stop) {
                Ok(opens) => assert!(opens, "{class:?}, {n}: the control does not open"),
                Err(refusals) => panic!("{class:?}, {n}, without {stop:?}: {refusals:?}"),
            }
            *tried.entry(class).or_default() += 1;
        }
    }
    let missing = Class::ALL.iter().filter(|c| !tried.contains_key(c));
    assert_eq!(
        missing.collect::<Vec<_>>(),
        [&Class::Several],
        "each other class has a control"
    );
}

#[test]
fn no_attempt_opens_anything() {
    let tries = std::env::var("LOGGIA_ATTACK")
        .ok()
        .and_then(|n| n.parse().ok());
    let each = tries.unwrap_or(SAMPLE).div_ceil(THREADS);
    let run = |t| std::thread::spawn(move || attack(seed() + t, each));
    let runs: Vec<_> = (0..THREADS).map(run).collect();
    let (mut all, mut through) = (BTreeMap::<Class, u64>::new(), Vec::new());
    for run in runs {
        let (counts, got) = run.join().unwrap();
        for (class, n) in counts {
            *all.entry(class).or_default() += n;
        }
        through.extend(got);
    }
    let total: u64 = all.values().sum();
    for (class, n) in &all {
        say(&format!("{n:>8}  {class:?}"));
    }
    say(&format!(
        "{total:>8}  openings tried, {} got through",
        through.len()
    ));
    assert!(through.is_empty(), "{through:#?}");
    assert!(
        Class::ALL.iter().all(|c| all.contains_key(c)),
        "every class was tried"
    );
}
