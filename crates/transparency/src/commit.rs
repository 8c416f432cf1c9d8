//! Salted commitments: what the log says in place of a case number, a place or a span.
//! Never unsalted: short values could be guessed from their hash.

use aws_lc_rs::digest::{Context, SHA256};
use loggia_model::Digest;

use crate::Error;

/// Length of a commitment's salt.
pub const SALT_BYTES: usize = 32;

/// SHA-256(salt ‖ bytes). Opened later by showing both.
#[must_use]
pub fn commit(salt: &[u8; SALT_BYTES], bytes: &[u8]) -> Digest {
    let mut ctx = Context::new(&SHA256);
    ctx.update(salt);
    ctx.update(bytes);
    crate::tree::finish(ctx)
}

/// Draws a salt and commits. The caller keeps the salt beside the value.
///
/// # Errors
/// [`Error::Stopped`] if the system gives no randomness.
pub fn commit_fresh(bytes: &[u8]) -> Result<(Digest, [u8; SALT_BYTES]), Error> {
    let mut salt = [0; SALT_BYTES];
    aws_lc_rs::rand::fill(&mut salt)
        .map_err(|_| Error::Stopped("the system gives no randomness".to_owned()))?;
    Ok((commit(&salt, bytes), salt))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commitments_open_with_their_salt_only() {
        let (c, salt) = commit_fresh(b"5500/R/1/26").unwrap();
        assert_eq!(commit(&salt, b"5500/R/1/26"), c);
        assert_ne!(commit(&[0; 32], b"5500/R/1/26"), c);
        assert_ne!(commit(&salt, b"5500/R/2/26"), c);
        // Vector: sha256 of 32 zero bytes and "case".
        assert_eq!(
            commit(&[0; 32], b"case").to_string(),
            hex::encode(aws_lc_rs::digest::digest(
                &SHA256,
                &[&[0u8; 32][..], b"case"].concat()
            ))
        );
    }
}
