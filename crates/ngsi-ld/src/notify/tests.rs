//! The core against a city in memory: receivers that are well, slow, dead or contrary, a log, and
//! crashes at any moment. All from a seed; no socket and no clock.

mod world;

use std::sync::Arc;

use super::core::key;
use super::job::{Outcome, What};
use super::silence::{Begin, Silence};
use crate::Time;
use crate::subscription::Subscription;
use world::{Mood, World, subscription};

const MOODS: [Mood; 4] = [Mood::Well, Mood::Slow, Mood::Dead, Mood::Contrary];

#[test]
fn nothing_is_lost_or_out_of_order_whatever_happens() {
    for seed in 0..40 {
        let mut world = World::new(seed, &[Mood::Well; 4], 2, "");
        for _ in 0..300 {
            for _ in 0..world.rng.below(4) {
                world.happen(5);
            }
            if world.rng.below(20) == 0 {
                let which = world.rng.below(4) as usize;
                world.moods[which] = MOODS[world.rng.below(4) as usize];
            }
            if world.rng.below(10) == 0 {
                world.sweep();
            }
            if world.rng.below(40) == 0 {
                world.begin();
                world.crashed = true;
            }
            let ms = world.rng.below(100);
            world.turn(ms);
        }
        for mood in &mut world.moods {
            if *mood != Mood::Contrary {
                *mood = Mood::Well;
            }
        }
        assert!(world.calm(20_000), "seed {seed}: it does not come to rest");
        world.check();
    }
}

#[test]
fn a_dead_receiver_holds_up_nobody_and_little_memory() {
    let mut moods = vec![Mood::Dead; 12];
    moods[0] = Mood::Well;
    let mut world = World::new(1, &moods, 1, "");
    for _ in 0..400 {
        world.happen(50);
        world.turn(50);
    }
    for _ in 0..40 {
        world.turn(50);
    }
    assert_eq!(world.got[&1].len(), 400, "the one that is well has it all");
    let open = world.core.lanes.values().filter(|l| l.is_open());
    assert_eq!(open.clone().count(), 11);
    assert!(open.into_iter().all(|l| l.jobs <= 1));
    for mood in &mut world.moods {
        *mood = Mood::Well;
    }
    assert!(world.calm(5_000));
    world.check();
    assert!(world.letters.is_empty(), "nobody was down for a minute");
}

#[test]
fn what_nobody_takes_for_long_goes_to_the_dead_letters() {
    let mut world = World::new(2, &[Mood::Well, Mood::Dead], 1, "");
    for _ in 0..300 {
        world.happen(10);
        world.turn(20);
    }
    for _ in 0..4_000 {
        world.turn(50);
    }
    assert_eq!(world.got[&1].len(), 300);
    let lost = world.letters.iter().filter(|(n, _)| *n == 2).count();
    assert_eq!(lost, 300, "all of them are older than a minute");
    assert!(world.core.places().is_empty(), "and hold the log no longer");
    world.check();
}

#[test]
fn a_refused_notification_does_not_hold_up_those_behind_it() {
    let mut world = World::new(3, &[Mood::Contrary], 1, "");
    for _ in 0..100 {
        world.happen(3);
    }
    assert!(world.calm(5_000));
    world.check();
    assert_eq!(world.letters.len(), 10);
    let tally = world.core.subs[&1].tally;
    assert_eq!(
        (tally.times_sent, tally.times_failed),
        (100, 10),
        "each counts once"
    );
}

#[test]
fn throttled_changes_come_together_and_the_last_of_each_is_told() {
    let mut world = World::new(4, &[Mood::Well], 1, r#""throttling": 2,"#);
    for _ in 0..100 {
        world.happen(4);
        world.turn(50);
    }
    assert!(world.calm(1_000));
    let got = &world.got[&1];
    let sent = world.core.subs[&1].tally.times_sent;
    assert!(
        (2..=5).contains(&sent),
        "one at once, then one in two seconds: {sent}"
    );
    for car in 0..4 {
        let id = format!("urn:x:{car}");
        let last = world
            .log
            .iter()
            .rfind(|c| c.entity_id() == id)
            .expect("one")
            .seq;
        let told = got
            .iter()
            .filter(|(k, _)| *k == key(0, &id))
            .map(|(_, seq)| *seq)
            .max();
        assert_eq!(told, Some(last));
    }
    assert!(world.core.places().is_empty());
}

#[test]
fn intervals_pass_whether_something_changed_or_not() {
    let mut world = World::new(5, &[Mood::Well], 1, r#""timeInterval": 10,"#);
    let mut ticks = Vec::new();
    for _ in 0..70 {
        world.pass(500);
        let (sends, wait) = world.core.due(world.now);
        assert!(wait.is_some());
        for send in sends {
            if let What::Tick(n) = send.job.what {
                ticks.push(n);
            }
            world
                .core
                .done(send.lane, send.slot, &Outcome::Delivered, world.now, 0.5);
        }
    }
    assert_eq!(ticks, [1, 2, 3]);
    world.happen(1);
    world.news(1);
    assert_eq!(world.core.jobs, 0, "changes are nothing to it");
}

#[test]
fn a_change_of_the_subscription_reaches_what_waits() {
    let mut world = World::new(6, &[Mood::Dead, Mood::Well], 1, "");
    for _ in 0..30 {
        world.happen(3);
        world.turn(20);
    }
    // What was tried under the old address counts again under the new one.
    world.crashed = true;
    let moved = subscription(1, "http://h1.example/n", "");
    world.subs.insert(1, moved.clone());
    world.core.update(1, moved, world.now);
    assert!(world.calm(1_000));
    world.check();
    world.core.remove(1);
    world.core.remove(2);
    world.core.due(world.now);
    assert_eq!(world.core.lanes.len(), 0, "lanes that nobody uses are gone");
}

#[test]
fn a_pause_subscription_misses_what_happens_meanwhile() {
    let mut world = World::new(7, &[Mood::Well], 1, "");
    world.happen(1);
    assert!(world.calm(100));
    let paused = subscription(1, "http://h0.example/n", r#""isActive": false,"#);
    world.core.update(1, paused, world.now);
    world.happen(1);
    assert!(world.calm(100));
    let again = subscription(1, "http://h0.example/n", "");
    world.core.update(1, again, world.now);
    world.happen(1);
    assert!(world.calm(100));
    let seqs: Vec<u64> = world.got[&1].iter().map(|(_, seq)| *seq).collect();
    assert_eq!(seqs, [1, 3]);
}

/// The subscription as it is made, and paused.
fn one_that_pauses() -> [Arc<Subscription>; 2] {
    ["", r#""isActive": false,"#].map(|more| subscription(1, "http://h0.example/n", more))
}

fn told(world: &World) -> Vec<u64> {
    let got = world.got.get(&1).map_or(&[][..], |g| g);
    got.iter().map(|(_, seq)| *seq).collect()
}

#[test]
fn a_change_out_of_a_pause_is_not_told_however_late_it_is_read() {
    let mut world = World::new(8, &[Mood::Well], 1, "");
    let [active, paused] = one_that_pauses();
    let mut pause = Silence {
        from: Begin::Record(2),
        to: None,
    };
    world.happen(1);
    world.happen(1);
    // The notifier has not read a thing, and hears that the subscription is paused,
    world.core.update(1, paused, world.now);
    world.core.silence(1, vec![pause]);
    world.happen(1);
    // and that it is not.
    pause.to = Some(4);
    world.core.update(1, active, world.now);
    world.core.silence(1, vec![pause]);
    world.happen(1);
    assert!(world.calm(100));
    assert_eq!(told(&world), [1, 2, 4]);
}

#[test]
fn nothing_is_sent_in_a_pause_and_what_was_before_it_is_told_after() {
    let mut world = World::new(9, &[Mood::Dead], 1, "");
    let [active, paused] = one_that_pauses();
    world.happen(1);
    for _ in 0..20 {
        world.turn(50);
    }
    let mut pause = Silence {
        from: Begin::Record(2),
        to: None,
    };
    // One more, which nobody has read when the pause begins.
    world.happen(1);
    world.core.update(1, paused, world.now);
    world.core.silence(1, vec![pause]);
    for _ in 0..20 {
        // What is on its way already comes back.
        world.pass(50);
        world.settle();
    }
    assert!(world.under_way.is_empty());
    world.moods = vec![Mood::Well];
    world.happen(1);
    assert!(!world.calm(100), "it is not done with the first two");
    assert!(told(&world).is_empty());
    pause.to = Some(4);
    world.core.update(1, active, world.now);
    world.core.silence(1, vec![pause]);
    assert!(world.calm(200));
    assert_eq!(told(&world), [1, 2]);
}

#[test]
fn a_change_after_the_end_is_not_told_when_it_is_put_off() {
    let mut world = World::new(10, &[Mood::Well], 1, "");
    let [active, _] = one_that_pauses();
    world.happen(1);
    world.pass(1_000);
    let end = Time::of_micros(world.now.wall.0);
    world.happen(1);
    let expired = Silence {
        from: Begin::Time(end),
        to: Some(3),
    };
    world.core.update(1, active, world.now);
    world.core.silence(1, vec![expired]);
    world.happen(1);
    assert!(world.calm(100));
    assert_eq!(told(&world), [1, 3]);
}
