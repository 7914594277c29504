//! Random bytes, ids, and the tokens in links. Nothing else in the program throws dice.

use std::sync::{Arc, Mutex, PoisonError};

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use ids::Ts;
use rand::rngs::{ChaCha20Rng, SysRng};
use rand::{Rng, SeedableRng, TryRng};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The program's dice and keys.
#[derive(Clone)]
pub struct Secrets {
    dice: Dice,
    token_key: Arc<[u8; 32]>,
}

#[derive(Clone)]
enum Dice {
    Unpredictable,
    Predictable(Arc<Mutex<ChaCha20Rng>>),
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets")
    }
}

impl Secrets {
    /// The system's dice, and the key under which links are made (T-49).
    pub fn unpredictable(token_key: [u8; 32]) -> Self {
        Self {
            dice: Dice::Unpredictable,
            token_key: Arc::new(token_key),
        }
    }

    /// Dice that fall the same way for the same seed, for rehearsals and tests.
    pub fn predictable(seed: u64) -> Self {
        let mut dice = ChaCha20Rng::seed_from_u64(seed);
        let mut token_key = [0; 32];
        dice.fill_bytes(&mut token_key);
        Self {
            dice: Dice::Predictable(Arc::new(Mutex::new(dice))),
            token_key: Arc::new(token_key),
        }
    }

    /// Fresh random bytes.
    ///
    /// # Panics
    /// When the system has no random bytes to give: then nothing safe can be done.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        match &self.dice {
            Dice::Unpredictable => Self::passing_bytes(),
            Dice::Predictable(dice) => {
                let mut bytes = [0; N];
                let mut dice = dice.lock().unwrap_or_else(PoisonError::into_inner);
                dice.fill_bytes(&mut bytes);
                bytes
            }
        }
    }

    /// Random bytes for what is gone with its request, so that nobody needs to foresee them: tests and
    /// rehearsals stay the same however many requests there are.
    ///
    /// # Panics
    /// When the system has no random bytes to give.
    #[expect(
        clippy::expect_used,
        reason = "without the system's dice nothing safe can be done"
    )]
    pub(crate) fn passing_bytes<const N: usize>() -> [u8; N] {
        let mut bytes = [0; N];
        SysRng
            .try_fill_bytes(&mut bytes)
            .expect("the system has random bytes");
        bytes
    }

    /// A fresh id whose beginning is the moment it was made.
    pub fn id(&self, now: Ts) -> Uuid {
        let millis = u64::try_from(now.get().unix_timestamp()).unwrap_or(0) * 1000;
        uuid::Builder::from_unix_timestamp_millis(millis, &self.bytes()).into_uuid()
    }

    /// A fresh once-only number of a form (T-35).
    pub fn op(&self) -> String {
        HEXLOWER.encode(&self.bytes::<16>())
    }

    /// A fresh reference that can be said on the phone: four digits and two letters, without those
    /// that sound or look alike.
    pub fn reference(&self) -> String {
        const LETTERS: &[u8] = b"ACDEFGHJKLMNPRTUVWXY";
        let [a, b, c, d] = self.bytes::<4>();
        let letters = LETTERS.iter().cycle();
        let letter = |it: u8| {
            letters
                .clone()
                .nth(usize::from(it))
                .map_or('A', |it| char::from(*it))
        };
        format!(
            "{:04} {}{}",
            u16::from_be_bytes([a, b]) % 10_000,
            letter(c),
            letter(d)
        )
    }

    /// The token that opens one record for one purpose (T-21). Derived, so that it is never stored.
    ///
    /// # Panics
    /// Never: the MAC takes keys of any length.
    #[expect(clippy::expect_used, reason = "this MAC takes keys of any length")]
    pub fn token(&self, purpose: &str, about: Uuid, generation: i32) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&*self.token_key).expect("a key");
        mac.update(purpose.as_bytes());
        mac.update(b"|");
        mac.update(about.as_bytes());
        mac.update(b"|");
        mac.update(&generation.to_be_bytes());
        BASE64URL_NOPAD.encode(&mac.finalize().into_bytes())
    }
}

/// What the records keep of a token.
pub(crate) fn token_hash(token: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(token.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_depends_on_purpose_record_and_generation() {
        let secrets = Secrets::predictable(1);
        let about = Uuid::from_u128(7);
        let token = secrets.token("booking", about, 1);
        assert_eq!(token.len(), 43);
        assert_eq!(token, secrets.token("booking", about, 1));
        assert_ne!(token, secrets.token("offer", about, 1));
        assert_ne!(token, secrets.token("booking", about, 2));
        assert_ne!(token, secrets.token("booking", Uuid::from_u128(8), 1));
    }
}
