//! What a demo says when it is open: its addresses, its people and what to try. Never says it of a
//! real city.

use crate::city::City;
use crate::house::House;
use crate::serve::Addresses;

/// What the first-run text says of the demo's people.
pub struct DemoPeople(Vec<(String, String, String)>);

impl DemoPeople {
    /// Names, roles and hints.
    pub fn of(city: &City) -> Self {
        let line =
            |p: &crate::city::Person| (p.id.to_string(), p.name.clone(), p.what_to_try.clone());
        Self(city.people.iter().map(line).collect())
    }
}

/// Says it once the demo answers.
#[expect(
    clippy::print_stdout,
    reason = "the first-run text is this command's output"
)]
pub fn say(house: &House, at: &Addresses, people: &DemoPeople) {
    println!(
        "\n  {} is open at http://localhost:{}\n",
        house.city,
        at.console.port()
    );
    println!("  DEMO: this machine holds everybody's keys. Never put real cameras on it.\n");
    for (id, name, hint) in &people.0 {
        println!("  {id:<14} {name:<18} {hint}");
    }
    println!(
        "\n  Everybody's password and passphrase is \"demo\"; one click in the page does too."
    );
    println!(
        "  Try: the five-minute story, one case from the question to the proof, is at\n  \
         http://localhost:{}/story.",
        at.console.port()
    );
    if let Some(desk) = at.desk {
        println!(
            "  The custodians' key desks are at http://localhost:{}.",
            desk.port()
        );
    }
    println!(
        "  Footage can be asked for a minute after it was recorded; camera 14 fails on purpose.\n  \
         Ctrl-C stops.\n"
    );
}
