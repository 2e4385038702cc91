//! Passwords of members: Argon2id (RFC 9106), in threads of their own since one takes tens of milliseconds.

use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use mailferry_shared::secret::Secret;
use mailferry_store::Store;

use crate::api::{problem::ApiError, validate::Check};

/// Shortest and longest password, characters.
const LENGTH: std::ops::RangeInclusive<usize> = 12..=200;

/// Notes what is wrong with a new password.
pub fn check(check: &mut Check, password: &Secret, pointer: &str) {
    let good = LENGTH.contains(&password.expose().chars().count());
    check.that(good, pointer, "A password has 12 to 200 characters.");
}

/// The hash to keep, a PHC string.
///
/// # Errors
/// [`ApiError::Internal`] if it cannot be made.
pub async fn hash(store: &Store, password: Secret) -> Result<String, ApiError> {
    let salt: [u8; 16] = store.random_bytes()?;
    in_background(move || {
        Argon2::default()
            .hash_password_with_salt(password.expose().as_bytes(), &salt)
            .map(|hash| hash.to_string())
            .map_err(|error| ApiError::internal(error.to_string()))
    })
    .await?
}

/// Whether `password` is the one that was hashed. Without a hash it takes as long and is not.
///
/// # Errors
/// [`ApiError::Internal`] if it cannot be found out.
pub async fn verify(password: Secret, hash: Option<String>) -> Result<bool, ApiError> {
    in_background(move || {
        let known = hash.is_some();
        let hash = hash.as_deref().unwrap_or(NOBODY);
        Argon2::default().verify_password(password.expose().as_bytes(), hash).is_ok() && known
    })
    .await
}

/// The hash of nobody's password, with the parameters that [`hash`] uses: who has no account waits as long as who has.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bWFpbGZlcnJ5LW5vYm9keQ$mBJrpa0V40zVkaM9FplTDQwlmXAwXyvmXKCr4dXtKBE";

async fn in_background<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| ApiError::internal("hashing a password has panicked"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_by_its_hash_only() {
        let hash = Argon2::default().hash_password_with_salt(b"correct horse", &[7; 16]).expect("hashes").to_string();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(verify(Secret::new("correct horse"), Some(hash.clone())).await.expect("verifies"));
        assert!(!verify(Secret::new("correct house"), Some(hash)).await.expect("verifies"));
        assert!(!verify(Secret::new("anything"), None).await.expect("verifies"));
    }

    #[tokio::test]
    async fn who_has_no_account_waits_as_long() {
        let hash = Argon2::default().hash_password_with_salt(b"correct horse", &[7; 16]).expect("hashes").to_string();
        let parameters = |hash: &str| hash.rsplitn(3, '$').last().map(str::to_owned);
        assert_eq!(parameters(NOBODY), parameters(&hash), "or the time tells who has an account");
        assert_eq!(NOBODY.len(), hash.len());
    }
}
