//! Units by example and by law: what is exact comes out exactly, what does not fit says so.

use proptest::prelude::*;

use super::*;

fn of(code: &str) -> Unit {
    Unit::of(code).unwrap()
}

fn converted(x: f64, from: &str, to: &str) -> f64 {
    of(from).to(of(to)).unwrap().of(x)
}

#[test]
fn what_is_exact_by_definition_comes_out_exactly() {
    for (x, from, y, to) in [
        (212.0, "FAH", 100.0, "CEL"),
        (-40.0, "FAH", -40.0, "CEL"),
        (21.4, "CEL", 294.55, "KEL"),
        (0.0, "KEL", -459.67, "FAH"),
        (36.0, "KMH", 10.0, "MTS"),
        (1.0, "SMI", 1_609.344, "MTR"),
        (1.0, "INH", 25.4, "MMT"),
        (1.0, "KNT", 1.852, "KMH"),
        (1.5, "KWH", 5.4, "3B"),
        (1_013.25, "A97", 101.325, "KPA"),
        (0.3, "GP", 300.0, "GQ"),
        (60.0, "L2", 3.6, "MQH"),
        (12.5, "P1", 0.125, "C62"),
        (5.0, "D10", 50.0, "H61"),
    ] {
        assert_eq!(converted(x, from, to), y, "{x} {from} in {to}");
    }
}

#[test]
fn what_does_not_fit_says_so() {
    let said = Unit::of("celsius").unwrap_err().to_string();
    assert!(said.contains("`CEL` (degree Celsius)"), "{said}");
    assert!(Unit::of("cel").unwrap_err().to_string().contains("`CEL`"));
    assert!(
        Unit::of("µg")
            .unwrap_err()
            .to_string()
            .contains("known are KEL CEL")
    );
    // Micrograms in air are no parts per billion: that takes the gas, its heat and pressure.
    let said = of("GQ").to(of("61")).unwrap_err().to_string();
    assert!(
        said.contains("MassInAir") && said.contains("Fraction"),
        "{said}"
    );
}

#[test]
fn each_code_is_there_once() {
    for (n, unit) in Unit::all().enumerate() {
        assert!(
            Unit::all().skip(n + 1).all(|u| u.code() != unit.code()),
            "{unit}"
        );
        assert_eq!(Unit::of(unit.code()), Ok(unit));
        assert_eq!(unit.to(unit).unwrap().of(0.1), 0.1);
    }
}

proptest! {
    #[test]
    fn there_and_back_is_the_same_value(
        x in -1e9..1e9_f64, a in 0..78_usize, b in 0..78_usize,
    ) {
        let (a, b) = (Unit(&TABLE[a]), Unit(&TABLE[b]));
        match (a.to(b), b.to(a)) {
            (Ok(there), Ok(back)) => {
                let again = back.of(there.of(x));
                // Temperatures lose what the other scale's zero is away by.
                let near = (x.abs() + 500.0) * 1e-14;
                prop_assert!((again - x).abs() <= near, "{x} {a}: {again} over {b}");
            }
            (Err(_), Err(_)) => prop_assert!(a.quantity() != b.quantity()),
            _ => prop_assert!(false, "{a} and {b} convert one way"),
        }
    }

    #[test]
    fn order_is_kept(
        x in -1e6..1e6_f64, y in -1e6..1e6_f64, a in 0..78_usize, b in 0..78_usize,
    ) {
        let (a, b) = (Unit(&TABLE[a]), Unit(&TABLE[b]));
        if let Ok(way) = a.to(b) && x < y {
            prop_assert!(way.of(x) <= way.of(y));
        }
    }

    #[test]
    fn no_code_breaks_it(code in ".{0,40}") {
        if let Err(e) = Unit::of(&code) {
            prop_assert!(e.to_string().len() < 600);
        }
    }
}
