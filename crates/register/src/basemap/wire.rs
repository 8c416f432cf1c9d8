//! The wire form of Protocol Buffers, as much as OpenStreetMap extracts use of it.
//! Never reads past the slice it was given, and never trusts a length it has not compared.

use super::Error;

/// A field's value; the two fixed-width forms are read and left to the caller to ignore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// Wire type 0.
    Number(u64),
    /// Wire type 2: bytes, text, a message or packed numbers.
    Bytes(&'a [u8]),
    /// Wire types 1 and 5, which no field that is read here has.
    Fixed,
}

impl<'a> Value<'a> {
    /// The bytes, if there are any.
    pub fn bytes(self) -> &'a [u8] {
        match self {
            Self::Bytes(b) => b,
            _ => &[],
        }
    }
}

/// The fields of one message, in order.
#[derive(Debug, Clone)]
pub struct Fields<'a>(&'a [u8]);

/// Reads a message's fields.
pub fn fields(message: &[u8]) -> Fields<'_> {
    Fields(message)
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u32, Value<'a>), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.read();
        if field.is_err() {
            // Nothing after a fault can be told apart.
            self.0 = &[];
        }
        Some(field)
    }
}

impl<'a> Fields<'a> {
    fn read(&mut self) -> Result<(u32, Value<'a>), Error> {
        let key = varint(&mut self.0)?;
        let number = u32::try_from(key >> 3).map_err(|_| Error::Malformed("a field number"))?;
        let value = match key & 7 {
            0 => Value::Number(varint(&mut self.0)?),
            1 => self.skip(8)?,
            2 => {
                let len = usize::try_from(varint(&mut self.0)?).unwrap_or(usize::MAX);
                let (bytes, rest) = self
                    .0
                    .split_at_checked(len)
                    .ok_or(Error::Malformed("a length"))?;
                self.0 = rest;
                Value::Bytes(bytes)
            }
            5 => self.skip(4)?,
            _ => return Err(Error::Malformed("a wire type")),
        };
        Ok((number, value))
    }

    fn skip(&mut self, n: usize) -> Result<Value<'a>, Error> {
        self.0 = self
            .0
            .get(n..)
            .ok_or(Error::Malformed("a fixed-width number"))?;
        Ok(Value::Fixed)
    }
}

/// One base-128 number.
pub fn varint(bytes: &mut &[u8]) -> Result<u64, Error> {
    let mut n = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes
            .split_first()
            .ok_or(Error::Malformed("a cut-off number"))?;
        *bytes = rest;
        n |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(n);
        }
    }
    Err(Error::Malformed("a number of more than ten bytes"))
}

/// The numbers of a packed field.
pub fn packed(mut bytes: &[u8]) -> Result<Vec<u64>, Error> {
    // A number takes a byte at least, so this cannot ask for more than the input's size.
    let mut numbers = Vec::with_capacity(bytes.len());
    while !bytes.is_empty() {
        numbers.push(varint(&mut bytes)?);
    }
    Ok(numbers)
}

/// A signed number from its zigzag form.
pub fn zigzag(n: u64) -> i64 {
    (n >> 1).cast_signed() ^ -(n & 1).cast_signed()
}

/// Signed, delta-coded numbers of a packed field.
pub fn deltas(bytes: &[u8]) -> Result<Vec<i64>, Error> {
    let mut at = 0_i64;
    Ok(packed(bytes)?
        .into_iter()
        .map(|n| {
            at = at.wrapping_add(zigzag(n));
            at
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_of_the_specification() {
        assert_eq!(varint(&mut [0x96, 0x01].as_slice()).unwrap(), 150);
        assert_eq!([0, 1, 2, 3].map(zigzag), [0, -1, 1, -2]);
        assert_eq!(deltas(&[2, 2, 1]).unwrap(), [1, 2, 1]);
    }

    #[test]
    fn what_is_cut_off_is_an_error() {
        assert!(varint(&mut [0x80].as_slice()).is_err());
        assert!(varint(&mut [0xff; 11].as_slice()).is_err());
        assert!(fields(&[0x0a, 0x05, 1]).any(|f| f.is_err()));
    }

    proptest! {
        #[test]
        fn any_bytes_come_to_an_end(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let n = fields(&bytes).count();
            prop_assert!(n <= bytes.len());
        }
    }
}
