//! The break-glass account in the wrong hands: whoever uses it disables whom they can, and the city
//! is still there. The log tells in order what happened and to whom; nobody can keep the right
//! holder out, and no half goes dead unsaid.

#[cfg(test)]
#[expect(dead_code, reason = "each test file uses its own part of the city")]
mod city;

#[cfg(test)]
mod worst_day {
    use core::time::Duration;

    use loggia_api::Doorkeeper;
    use loggia_model::{Actor, Body, Clock, PersonId, Role};
    use loggia_policy::{
        Act, BREAK_GLASS, DeskCall, Error, GLASS_WAIT, GlassHalf, Policy, Standing,
    };
    use loggia_transparency::{Event, GlassEnd, GlassUse, commit};

    use crate::city::{City, PEOPLE};

    const END: (&str, &str) = ("DELETE", "/api/v1/desk/break-glass");

    fn id(p: &str) -> PersonId {
        PersonId(p.into())
    }

    fn word(city: &City, by: &str) -> Result<GlassHalf, Error> {
        city.clock.pass(Duration::from_secs(1));
        let said = city.say(by, Policy::glass_subject(), Act::OpenBreakGlass);
        city.policy.open_break_glass(&city.actor(by), &said)
    }

    fn opened(city: &City) -> String {
        let first = word(city, "k.virtanen").unwrap();
        let second = word(city, "a.korhonen").unwrap();
        format!("{} {}", first.half, second.half)
    }

    /// Opened, and somebody is in.
    async fn inside(city: &City) -> Actor {
        let secret = opened(city);
        let signed = city.policy.sign_in(&id(BREAK_GLASS), &secret).await;
        signed.unwrap().actor
    }

    /// A call signed with this person's key file.
    fn knock(city: &City, person: &str, call: (&str, &str)) -> Option<Actor> {
        city.clock.pass(Duration::from_secs(1));
        let at = city.clock.now();
        let signed = DeskCall::to_be_signed(call.0, call.1, at, [1; 32]);
        let signature = city.people[person].signing.sign(&signed).unwrap();
        let person = id(person);
        let header = DeskCall {
            person,
            at,
            signature,
        }
        .header();
        city.policy
            .roster_key(&header, call.0, call.1, [1; 32])
            .ok()
    }

    fn told(city: &City) -> Vec<(u64, Event)> {
        let entries = city.log.entries(0, 1_000).unwrap();
        let ours = entries.into_iter().map(|(n, e)| (n, e.event));
        ours.filter(|(_, e)| e.kind().starts_with("break_glass"))
            .collect()
    }

    fn set(city: &City, by: &Actor, person: &str, to: Standing) -> Result<(), Error> {
        city.policy.set_standing(by, &id(person), to)
    }

    #[tokio::test]
    async fn whoever_disables_all_they_can_leaves_recall_the_next_opening_and_two_people() {
        let city = City::new();
        let glass = inside(&city).await;
        let mut gone = Vec::new();
        // In any order, and again: a refusal is none because of whom one began with.
        for (person, _, _) in PEOPLE.iter().rev().chain(PEOPLE) {
            let before = told(&city).len();
            match set(&city, &glass, person, Standing::Disabled) {
                Ok(()) if !gone.contains(person) => gone.push(*person),
                Ok(()) => {}
                Err(Error::Conflict(why)) => {
                    assert!(why.contains(person), "{why}");
                    assert_eq!(
                        told(&city).len(),
                        before,
                        "nothing happened, nothing is told"
                    );
                }
                Err(other) => panic!("{person}: {other}"),
            }
        }
        assert_eq!(gone, ["j.salo", "o.saarinen", "s.makela", "p.lindqvist"]);
        for needed in [
            "k.virtanen",
            "a.korhonen",
            "r.heikkila",
            "m.niemi",
            "t.laine",
        ] {
            assert!(!gone.contains(&needed), "{needed}");
            let here = city.policy.still_here(&city.actor(needed)).unwrap();
            assert!(here, "{needed}");
        }
        // A custodian whom it disabled shuts it; then nothing of it is left.
        let who = knock(&city, "s.makela", END).unwrap();
        city.policy.recall_break_glass(&who).unwrap();
        assert!(!city.policy.still_here(&glass).unwrap());
        assert!(set(&city, &glass, "r.heikkila", Standing::Disabled).is_err());
        // Those who opened it open it again, and all are brought back.
        let glass = inside(&city).await;
        for person in &gone {
            set(&city, &glass, person, Standing::Enabled).unwrap();
            assert!(city.policy.still_here(&city.actor(person)).unwrap());
        }
    }

    #[tokio::test]
    async fn the_key_of_somebody_disabled_ends_that_opening_and_does_nothing_else() {
        let city = City::new();
        let admin = city.actor("t.laine");
        // Disabled by an administrator: no word in the opening that follows.
        set(&city, &admin, "s.makela", Standing::Disabled).unwrap();
        let glass = inside(&city).await;
        assert!(knock(&city, "s.makela", END).is_none());
        set(&city, &glass, "s.makela", Standing::Disabled).unwrap();
        assert!(knock(&city, "s.makela", END).is_none());
        set(&city, &admin, "s.makela", Standing::Enabled).unwrap();
        set(&city, &glass, "s.makela", Standing::Disabled).unwrap();
        set(&city, &glass, "r.heikkila", Standing::Disabled).unwrap_err();
        set(&city, &glass, "j.salo", Standing::Disabled).unwrap();
        for call in [
            ("POST", "/api/v1/desk/break-glass"),
            ("GET", "/api/v1/desk/break-glass"),
            ("DELETE", "/api/v1/desk/break-glass?x"),
            ("GET", "/api/v1/desk/roster"),
            ("GET", "/api/v1/desk/requests"),
            ("GET", "/api/v1/desk/kept-shares"),
        ] {
            assert!(knock(&city, "s.makela", call).is_none(), "{call:?}");
        }
        // Who is no custodian ends nothing, as before.
        assert!(knock(&city, "j.salo", END).is_none());
        // A roster counts by both groups' signatures; a disabled custodian may carry it.
        let carry = ("POST", "/api/v1/desk/roster");
        assert!(knock(&city, "s.makela", carry).is_some());
        assert!(knock(&city, "j.salo", carry).is_none());
        assert!(knock(&city, "s.makela", END).is_some());
        // An administrator's own word on top of it is the last one.
        set(&city, &admin, "s.makela", Standing::Disabled).unwrap();
        assert!(knock(&city, "s.makela", END).is_none());
        set(&city, &admin, "s.makela", Standing::Enabled).unwrap();
        set(&city, &glass, "s.makela", Standing::Disabled).unwrap();
        city.policy
            .recall_break_glass(&city.actor("k.virtanen"))
            .unwrap();
        // That opening is over, and with it what they had to say.
        assert!(knock(&city, "s.makela", END).is_none());
        inside(&city).await;
        assert!(knock(&city, "s.makela", END).is_none());
    }

    #[tokio::test]
    async fn the_log_has_each_end_before_the_next_opening_and_names_what_ended() {
        let mut city = City::new();
        inside(&city).await;
        city.policy
            .recall_break_glass(&city.actor("s.makela"))
            .unwrap();
        // No tick between them.
        inside(&city).await;
        city.restart();
        inside(&city).await;
        city.policy.tick().unwrap();
        let told = told(&city);
        let kinds: Vec<_> = told.iter().map(|(_, e)| e.kind()).collect();
        let (opened, used, ended) = (
            "break_glass_opened",
            "break_glass_used",
            "break_glass_ended",
        );
        assert_eq!(
            kinds,
            [opened, used, ended, opened, used, ended, opened, used]
        );
        for (n, how) in [(2, GlassEnd::Recalled), (5, GlassEnd::Restarted)] {
            let Event::BreakGlassEnded(end) = &told[n].1 else {
                panic!("{kinds:?}");
            };
            assert_eq!((end.opening, end.how), (Some(told[n - 2].0), how));
        }
    }

    #[tokio::test]
    async fn no_number_of_wrong_tries_keeps_the_right_holder_out() {
        let city = City::new();
        let secret = opened(&city);
        let who = id(BREAK_GLASS);
        for n in 0..100 {
            let wrong = format!("{n:020x} {n:020x}");
            let tried = city.policy.sign_in(&who, &wrong).await.map(drop);
            assert!(
                matches!(tried, Err(Error::Unauthenticated)),
                "{n}: {tried:?}"
            );
        }
        city.policy.sign_in(&who, &secret).await.unwrap();
    }

    #[test]
    fn no_half_goes_dead_unsaid_and_a_word_that_waits_is_taken_back() {
        let city = City::new();
        word(&city, "a.korhonen").unwrap();
        for again in ["a.korhonen", "s.makela"] {
            let Err(Error::Conflict(why)) = word(&city, again) else {
                panic!("{again}'s word was taken");
            };
            assert!(why.contains("a.korhonen") && why.contains("--end"), "{why}");
        }
        city.policy
            .recall_break_glass(&city.actor("s.makela"))
            .unwrap();
        let nothing = city.policy.recall_break_glass(&city.actor("s.makela"));
        assert!(matches!(nothing, Err(Error::Conflict(_))));
        assert_eq!(word(&city, "s.makela").unwrap().until, None);
        // The first word is still the one that counts.
        assert!(word(&city, "k.virtanen").unwrap().until.is_some());
        city.policy
            .recall_break_glass(&city.actor("s.makela"))
            .unwrap();
        // Of somebody who may not any more, or too long ago: the next of the group begins anew.
        word(&city, "a.korhonen").unwrap();
        set(
            &city,
            &city.actor("t.laine"),
            "a.korhonen",
            Standing::Disabled,
        )
        .unwrap();
        assert_eq!(word(&city, "s.makela").unwrap().until, None);
        city.clock.pass(GLASS_WAIT);
        assert_eq!(word(&city, "s.makela").unwrap().until, None);
        assert_eq!(told(&city).len(), 1, "opened once");
    }

    #[tokio::test]
    async fn the_log_says_whose_account_without_a_name_and_the_auditor_reads_the_name() {
        let city = City::new();
        let glass = inside(&city).await;
        set(&city, &glass, "s.makela", Standing::Disabled).unwrap();
        set(&city, &glass, "s.makela", Standing::Enabled).unwrap();
        let opening = city.policy.glass_openings().unwrap().remove(0);
        let named = opening.acts.iter().map(|a| (a.person.clone(), a.disabled));
        let who = id("s.makela");
        assert_eq!(
            named.collect::<Vec<_>>(),
            [(who.clone(), true), (who, false)]
        );
        let told = told(&city);
        for act in &opening.acts {
            let (_, event) = told.iter().find(|(n, _)| *n == act.log_index).unwrap();
            let Event::BreakGlassUsed(used) = event else {
                panic!("{event:?}");
            };
            let what = match act.disabled {
                true => GlassUse::AccountDisabled,
                false => GlassUse::AccountEnabled,
            };
            assert_eq!(used.what, what);
            assert_eq!(used.body, Some(Body::Oversight));
            assert_eq!(used.role, Some(Role::Custodian));
            let salt: [u8; 32] = hex::decode(&act.salt).unwrap().try_into().unwrap();
            assert_eq!(used.account, Some(commit(&salt, b"s.makela")));
            assert!(!format!("{event:?}").contains("makela"));
        }
        // Commitments to the same account are no two the same.
        assert_ne!(opening.acts[0].salt, opening.acts[1].salt);
    }
}
