//! A permit is not made outside its crate.
fn forge(decision: loggia_transparency::Witnessed<loggia_policy::Decided>) {
    let _permit: loggia_policy::Permit<loggia_policy::Open> = loggia_policy::Permit {
        act: panic!(),
        request: panic!(),
        actor: panic!(),
        until: panic!(),
        decision,
    };
}

fn main() {}
