//! The wire form of Protocol Buffers: fields by number, varints, fixed and counted bytes. Never
//! copies, never recurses, never believes a length. Groups (wire types 3 and 4) are refused.

/// A field's value as it stands on the wire.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Wire<'b> {
    /// A varint.
    Varint(u64),
    /// Eight bytes.
    Fixed64([u8; 8]),
    /// Counted bytes.
    Bytes(&'b [u8]),
    /// Four bytes.
    Fixed32([u8; 4]),
}

/// Bytes that are no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

/// The fields of a message, one after the other; ends with the first that does not read.
pub struct Fields<'b> {
    rest: &'b [u8],
}

impl<'b> Fields<'b> {
    pub const fn of(bytes: &'b [u8]) -> Self {
        Self { rest: bytes }
    }

    fn field(&mut self) -> Result<(u64, Wire<'b>), Malformed> {
        let key = varint(&mut self.rest)?;
        let value = match key & 7 {
            0 => Wire::Varint(varint(&mut self.rest)?),
            1 => Wire::Fixed64(fixed(&mut self.rest)?),
            2 => {
                let length = varint(&mut self.rest)?;
                let length = usize::try_from(length).map_err(|_| Malformed)?;
                let (bytes, rest) = self.rest.split_at_checked(length).ok_or(Malformed)?;
                self.rest = rest;
                Wire::Bytes(bytes)
            }
            5 => Wire::Fixed32(fixed(&mut self.rest)?),
            _ => return Err(Malformed),
        };
        match key >> 3 {
            0 => Err(Malformed),
            number => Ok((number, value)),
        }
    }
}

impl<'b> Iterator for Fields<'b> {
    type Item = Result<(u64, Wire<'b>), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

fn fixed<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], Malformed> {
    let (bytes, behind) = rest.split_first_chunk().ok_or(Malformed)?;
    *rest = behind;
    Ok(*bytes)
}

/// Up to ten bytes of seven bits; the tenth has one.
fn varint(rest: &mut &[u8]) -> Result<u64, Malformed> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, behind) = rest.split_first().ok_or(Malformed)?;
        *rest = behind;
        if shift == 63 && *byte > 1 {
            return Err(Malformed);
        }
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Malformed)
}

/// Writes a varint field.
pub fn put_varint(number: u64, value: u64, out: &mut Vec<u8>) {
    put(number << 3, out);
    put(value, out);
}

/// Writes a field of counted bytes.
pub fn put_bytes(number: u64, bytes: &[u8], out: &mut Vec<u8>) {
    put(number << 3 | 2, out);
    put(u64::try_from(bytes.len()).unwrap_or(0), out);
    out.extend_from_slice(bytes);
}

fn put(mut value: u64, out: &mut Vec<u8>) {
    loop {
        let digit = u8::try_from(value & 0x7f).unwrap_or(0);
        value >>= 7;
        out.push(digit | if value > 0 { 0x80 } else { 0 });
        if value == 0 {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn fields_come_back(number in 1..1_000_u64, value: u64, bytes: Vec<u8>) {
            let mut out = Vec::new();
            put_varint(number, value, &mut out);
            put_bytes(number, &bytes, &mut out);
            let fields: Result<Vec<_>, _> = Fields::of(&out).collect();
            let expected = vec![(number, Wire::Varint(value)), (number, Wire::Bytes(&bytes))];
            prop_assert_eq!(fields, Ok(expected));
        }

        #[test]
        fn no_bytes_break_it(bytes: Vec<u8>) {
            let fields = Fields::of(&bytes).count();
            prop_assert!(fields <= bytes.len());
        }
    }

    #[test]
    fn what_is_none_ends_it() {
        for bytes in [
            &[0x0a, 5, 1][..],
            &[0x0b],
            &[0x00, 1],
            &[0x08],
            &[0x08, 0xff],
        ] {
            assert!(Fields::of(bytes).any(|f| f.is_err()), "{bytes:x?}");
        }
        let eleven = [0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1];
        assert_eq!(Fields::of(&eleven).next(), Some(Err(Malformed)));
    }
}
