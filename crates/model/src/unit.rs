//! Units as NGSI-LD names them: UN/CEFACT Recommendation 20 codes (`unitCode`, clause 4.5.2 of
//! ETSI GS CIM 009), a short table of what cities measure in. Converts by whole numbers alone;
//! never between kinds of quantity, and never by a factor that is not exact.

use core::fmt;

use thiserror::Error;

/// What a unit measures. Two units convert if they measure the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each says itself")]
pub enum Quantity {
    Temperature,
    Length,
    Speed,
    Area,
    Volume,
    Flow,
    Mass,
    MassInAir,
    MassInWater,
    Fraction,
    Pressure,
    Time,
    Energy,
    Power,
    ApparentPower,
    ReactivePower,
    Voltage,
    Current,
    Frequency,
    Illuminance,
    Irradiance,
    SoundLevel,
    SignalLevel,
    Angle,
    Rainfall,
    Conductivity,
    Acidity,
}

/// A row: value in the quantity's first unit = (value × `mul` + `add`) ÷ `div`.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Row {
    code: &'static str,
    name: &'static str,
    quantity: Quantity,
    mul: i64,
    add: i64,
    div: i64,
}

const fn row(
    code: &'static str,
    name: &'static str,
    quantity: Quantity,
    (mul, div): (i64, i64),
) -> Row {
    Row {
        code,
        name,
        quantity,
        mul,
        add: 0,
        div,
    }
}

use Quantity as Q;

/// A degree Fahrenheit is 5/9 of a kelvin from 459.67 below zero; both are exact by definition.
const FAHRENHEIT: Row = Row {
    add: 45_967 * 5,
    ..row("FAH", "degree Fahrenheit", Q::Temperature, (500, 900))
};
const CELSIUS: Row = Row {
    add: 27_315,
    ..row("CEL", "degree Celsius", Q::Temperature, (100, 100))
};

/// The table. Feet, inches, miles, knots and degrees Fahrenheit are exact by definition (BIPM, SI
/// brochure; the international yard of 1959).
static TABLE: [Row; 78] = [
    row("KEL", "kelvin", Q::Temperature, (1, 1)),
    CELSIUS,
    FAHRENHEIT,
    row("MTR", "metre", Q::Length, (1, 1)),
    row("MMT", "millimetre", Q::Length, (1, 1_000)),
    row("CMT", "centimetre", Q::Length, (1, 100)),
    row("KMT", "kilometre", Q::Length, (1_000, 1)),
    row("INH", "inch", Q::Length, (254, 10_000)),
    row("FOT", "foot", Q::Length, (3_048, 10_000)),
    row("SMI", "mile", Q::Length, (1_609_344, 1_000)),
    row("MTS", "metre per second", Q::Speed, (1, 1)),
    row("KMH", "kilometre per hour", Q::Speed, (10, 36)),
    row("HM", "mile per hour", Q::Speed, (44_704, 100_000)),
    row("KNT", "knot", Q::Speed, (1_852, 3_600)),
    row("MTK", "square metre", Q::Area, (1, 1)),
    row("HAR", "hectare", Q::Area, (10_000, 1)),
    row("KMK", "square kilometre", Q::Area, (1_000_000, 1)),
    row("MTQ", "cubic metre", Q::Volume, (1, 1)),
    row("LTR", "litre", Q::Volume, (1, 1_000)),
    row("MLT", "millilitre", Q::Volume, (1, 1_000_000)),
    row("MQS", "cubic metre per second", Q::Flow, (1, 1)),
    row("MQH", "cubic metre per hour", Q::Flow, (1, 3_600)),
    row("G51", "litre per second", Q::Flow, (1, 1_000)),
    row("L2", "litre per minute", Q::Flow, (1, 60_000)),
    row("E32", "litre per hour", Q::Flow, (1, 3_600_000)),
    row("KGM", "kilogram", Q::Mass, (1, 1)),
    row("GRM", "gram", Q::Mass, (1, 1_000)),
    row("MGM", "milligram", Q::Mass, (1, 1_000_000)),
    row("TNE", "tonne", Q::Mass, (1_000, 1)),
    row("GQ", "microgram per cubic metre", Q::MassInAir, (1, 1)),
    row("GP", "milligram per cubic metre", Q::MassInAir, (1_000, 1)),
    row("M1", "milligram per litre", Q::MassInWater, (1, 1)),
    row("GL", "gram per litre", Q::MassInWater, (1_000, 1)),
    row("C62", "one", Q::Fraction, (1, 1)),
    row("P1", "percent", Q::Fraction, (1, 100)),
    row("59", "part per million", Q::Fraction, (1, 1_000_000)),
    row("61", "part per billion", Q::Fraction, (1, 1_000_000_000)),
    row("PAL", "pascal", Q::Pressure, (1, 1)),
    row("A97", "hectopascal", Q::Pressure, (100, 1)),
    row("MBR", "millibar", Q::Pressure, (100, 1)),
    row("KPA", "kilopascal", Q::Pressure, (1_000, 1)),
    row("BAR", "bar", Q::Pressure, (100_000, 1)),
    row("MPA", "megapascal", Q::Pressure, (1_000_000, 1)),
    row("SEC", "second", Q::Time, (1, 1)),
    row("C26", "millisecond", Q::Time, (1, 1_000)),
    row("MIN", "minute", Q::Time, (60, 1)),
    row("HUR", "hour", Q::Time, (3_600, 1)),
    row("DAY", "day", Q::Time, (86_400, 1)),
    row("JOU", "joule", Q::Energy, (1, 1)),
    row("KJO", "kilojoule", Q::Energy, (1_000, 1)),
    row("3B", "megajoule", Q::Energy, (1_000_000, 1)),
    row("GV", "gigajoule", Q::Energy, (1_000_000_000, 1)),
    row("WHR", "watt hour", Q::Energy, (3_600, 1)),
    row("KWH", "kilowatt hour", Q::Energy, (3_600_000, 1)),
    row("MWH", "megawatt hour", Q::Energy, (3_600_000_000, 1)),
    row("WTT", "watt", Q::Power, (1, 1)),
    row("KWT", "kilowatt", Q::Power, (1_000, 1)),
    row("MAW", "megawatt", Q::Power, (1_000_000, 1)),
    row("D46", "volt-ampere", Q::ApparentPower, (1, 1)),
    row("KVA", "kilovolt-ampere", Q::ApparentPower, (1_000, 1)),
    row("D44", "var", Q::ReactivePower, (1, 1)),
    row("KVR", "kilovar", Q::ReactivePower, (1_000, 1)),
    row("VLT", "volt", Q::Voltage, (1, 1)),
    row("2Z", "millivolt", Q::Voltage, (1, 1_000)),
    row("KVT", "kilovolt", Q::Voltage, (1_000, 1)),
    row("AMP", "ampere", Q::Current, (1, 1)),
    row("4K", "milliampere", Q::Current, (1, 1_000)),
    row("HTZ", "hertz", Q::Frequency, (1, 1)),
    row("KHZ", "kilohertz", Q::Frequency, (1_000, 1)),
    row("LUX", "lux", Q::Illuminance, (1, 1)),
    row("D54", "watt per square metre", Q::Irradiance, (1, 1)),
    row("2N", "decibel", Q::SoundLevel, (1, 1)),
    row("DBM", "decibel-milliwatt", Q::SignalLevel, (1, 1)),
    row("DD", "degree of angle", Q::Angle, (1, 1)),
    row("H67", "millimetre per hour", Q::Rainfall, (1, 1)),
    row("D10", "siemens per metre", Q::Conductivity, (1, 1)),
    row(
        "H61",
        "millisiemens per centimetre",
        Q::Conductivity,
        (1, 10),
    ),
    row("Q30", "pH", Q::Acidity, (1, 1)),
];

/// A unit of the table.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Unit(&'static Row);

/// Why a unit does not fit.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UnitError {
    /// No such code in the table.
    #[error("`{code}` is no unit code that is known here; {hint}")]
    Unknown {
        /// As it was given.
        code: String,
        /// What was meant, perhaps.
        hint: String,
    },
    /// They measure different things.
    #[error("{from} ({}) does not convert to {to} ({}): one is {:?}, the other {:?}",
        from.name(), to.name(), from.quantity(), to.quantity())]
    Mismatch {
        /// What a device sends.
        from: Unit,
        /// What is wanted.
        to: Unit,
    },
}

impl Unit {
    /// The unit of a UN/CEFACT code.
    ///
    /// # Errors
    /// [`UnitError::Unknown`] names what is near: a code in other letters, a unit of that name, or
    /// all codes.
    pub fn of(code: &str) -> Result<Self, UnitError> {
        if let Some(row) = TABLE.iter().find(|r| r.code == code) {
            return Ok(Self(row));
        }
        let near: Vec<String> = TABLE
            .iter()
            .filter(|r| r.code.eq_ignore_ascii_case(code) || is_named(r.name, code))
            .map(|r| format!("`{}` ({})", r.code, r.name))
            .collect();
        let hint = if near.is_empty() {
            let all: Vec<&str> = TABLE.iter().map(|r| r.code).collect();
            format!("known are {}", all.join(" "))
        } else {
            format!("did you mean {}?", near.join(" or "))
        };
        let code = code.chars().take(32).collect();
        Err(UnitError::Unknown { code, hint })
    }

    /// Its code, as `unitCode` has it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.0.code
    }

    /// Its name in English.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0.name
    }

    /// What it measures.
    #[must_use]
    pub const fn quantity(self) -> Quantity {
        self.0.quantity
    }

    /// The way from one unit to another.
    ///
    /// # Errors
    /// [`UnitError::Mismatch`] if they do not measure the same.
    pub fn to(self, to: Self) -> Result<Conversion, UnitError> {
        let mismatch = UnitError::Mismatch { from: self, to };
        if self.quantity() != to.quantity() {
            return Err(mismatch);
        }
        let wide = |n: i64| i128::from(n);
        let (a, b) = (self.0, to.0);
        let mul = wide(a.mul) * wide(b.div);
        let add = wide(a.add) * wide(b.div) - wide(b.add) * wide(a.div);
        let div = wide(a.div) * wide(b.mul);
        let by = gcd(gcd(mul, add), div).max(1);
        let whole = |n: i128| exact(n / by);
        match (whole(mul), whole(add), whole(div)) {
            (Some(mul), Some(add), Some(div)) => Ok(Conversion { mul, add, div }),
            _ => Err(mismatch),
        }
    }

    /// Every unit of the table.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(Self)
    }
}

/// Whether a unit may be meant by a word: `celsius`, `Percent`.
fn is_named(name: &str, word: &str) -> bool {
    name.eq_ignore_ascii_case(word)
        || (word.len() > 3 && name.split(' ').any(|w| w.eq_ignore_ascii_case(word)))
}

fn gcd(a: i128, b: i128) -> i128 {
    let (mut a, mut b) = (a.abs(), b.abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// A whole number that floating point holds exactly.
fn exact(n: i128) -> Option<f64> {
    // 2^53: up to it each whole number is one of floating point.
    const MAX: i128 = 1 << 53;
    #[expect(
        clippy::cast_precision_loss,
        reason = "whole numbers up to 2^53 are kept"
    )]
    (n.abs() <= MAX).then_some(n as f64)
}

impl fmt::Debug for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.code)
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.code)
    }
}

/// From one unit to another: (x × `mul` + `add`) ÷ `div`, three whole numbers without a common
/// divisor, so that a value is rounded twice at most.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Conversion {
    mul: f64,
    add: f64,
    div: f64,
}

impl Conversion {
    /// The value in the other unit; not finite if it is too large for floating point.
    #[must_use]
    pub fn of(self, x: f64) -> f64 {
        x.mul_add(self.mul, self.add) / self.div
    }
}

#[cfg(test)]
mod tests;
