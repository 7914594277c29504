//! Random bytes, ids, and the tokens in links. Nothing else in the program throws dice.

use std::sync::{Arc, Mutex, PoisonError};

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
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
    keys: Arc<Keys>,
}

/// The keys of an installation (T-49).
#[derive(Clone)]
pub struct Keys {
    /// Under which links are made (T-21).
    pub token: [u8; 32],
    /// Under which log in codes are stored (T-12).
    pub code: [u8; 32],
    /// Under which seeds of second factors and late forms are sealed (T-49).
    pub seal: [u8; 32],
}

/// The digits of Crockford's base 32: none that looks like another.
const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// The bytes of the number that a sealed text begins with.
const NONCE: usize = 24;

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
    /// The system's dice, and the keys of this installation (T-49).
    pub fn unpredictable(keys: Keys) -> Self {
        Self {
            dice: Dice::Unpredictable,
            keys: Arc::new(keys),
        }
    }

    /// Dice that fall the same way for the same seed, for rehearsals and tests.
    pub fn predictable(seed: u64) -> Self {
        let mut dice = ChaCha20Rng::seed_from_u64(seed);
        let mut token = [0; 32];
        dice.fill_bytes(&mut token);
        let another = |of: u64| {
            let mut key = [0; 32];
            ChaCha20Rng::seed_from_u64(seed.wrapping_add(of)).fill_bytes(&mut key);
            key
        };
        let (code, seal) = (another(1 << 40), another(1 << 41));
        Self {
            dice: Dice::Predictable(Arc::new(Mutex::new(dice))),
            keys: Arc::new(Keys { token, code, seal }),
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
    pub fn token(&self, purpose: &str, about: Uuid, generation: i32) -> String {
        let generation = generation.to_be_bytes();
        let parts = [purpose.as_bytes(), b"|", about.as_bytes(), b"|", &generation];
        BASE64URL_NOPAD.encode(&mac(&self.keys.token, &parts))
    }

    /// A fresh value of 256 bits for a cookie (T-13, T-16).
    pub(crate) fn handle(&self) -> String {
        BASE64URL_NOPAD.encode(&self.bytes::<32>())
    }

    /// A fresh number of a certificate: 128 bits in 26 letters and digits that can be said on the phone.
    pub(crate) fn certificate_number(&self) -> String {
        let number = u128::from_be_bytes(self.bytes());
        let digit = |at: u32| CROCKFORD.get(usize::try_from((number >> (5 * at)) & 31).unwrap_or(0));
        (0..26)
            .rev()
            .filter_map(digit)
            .map(|it| char::from(*it))
            .collect()
    }

    /// A fresh log in code: 8 characters, 40 bits (T-12).
    pub(crate) fn code(&self) -> String {
        crockford(&self.bytes::<5>())
    }

    /// What the records keep of a log in code: nothing that can be tried out without the key (T-12).
    pub(crate) fn code_hash(&self, about: Uuid, code: &str) -> String {
        HEXLOWER.encode(&mac(&self.keys.code, &[about.as_bytes(), b"|", code.as_bytes()]))
    }

    /// Bytes that belong to one record for ever and need not be stored: the same each time.
    pub(crate) fn derived<const N: usize>(&self, purpose: &str, about: Uuid) -> [u8; N] {
        let all = mac(&self.keys.seal, &[purpose.as_bytes(), b"|", about.as_bytes()]);
        let mut bytes = [0; N];
        bytes.iter_mut().zip(all).for_each(|(byte, from)| *byte = from);
        bytes
    }

    /// Seals a text, so that it opens only here and only as what it is `about` (T-49).
    pub(crate) fn seal(&self, about: &str, plain: &[u8]) -> Option<String> {
        let nonce = self.bytes::<NONCE>();
        let payload = Payload {
            msg: plain,
            aad: about.as_bytes(),
        };
        let sealed = self.cipher().encrypt(&XNonce::from(nonce), payload).ok()?;
        Some(BASE64URL_NOPAD.encode(&[&nonce[..], &sealed].concat()))
    }

    /// Opens what was sealed; nothing if it was sealed elsewhere, about something else, or changed.
    pub(crate) fn unseal(&self, about: &str, sealed: &str) -> Option<Vec<u8>> {
        let bytes = BASE64URL_NOPAD.decode(sealed.as_bytes()).ok()?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE)?;
        let nonce: [u8; NONCE] = nonce.try_into().ok()?;
        let payload = Payload {
            msg: sealed,
            aad: about.as_bytes(),
        };
        self.cipher().decrypt(&XNonce::from(nonce), payload).ok()
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        use chacha20poly1305::KeyInit as _;
        XChaCha20Poly1305::new(&Key::from(self.keys.seal))
    }
}

#[expect(clippy::expect_used, reason = "this MAC takes keys of any length")]
fn mac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Whole groups of 5 bytes in Crockford's base 32.
pub(crate) fn crockford(bytes: &[u8]) -> String {
    let mut text = String::new();
    for group in bytes.chunks(5) {
        let number = group
            .iter()
            .fold(0u64, |number, byte| (number << 8) | u64::from(*byte));
        let digit = |at: u32| CROCKFORD.get(usize::try_from((number >> (5 * at)) & 31).unwrap_or(0));
        text.extend((0..8).rev().filter_map(digit).map(|it| char::from(*it)));
    }
    text
}

/// A code as it was typed: without spaces and hyphens, in any case, with letters that were taken for
/// digits (3.3.8).
pub(crate) fn typed_code(text: &str) -> String {
    let plain = text.chars().filter(|it| !it.is_whitespace() && *it != '-');
    plain
        .map(|it| match it.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            it => it,
        })
        .collect()
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

    #[test]
    fn what_is_sealed_opens_only_as_what_it_is() {
        let secrets = Secrets::predictable(1);
        let sealed = secrets.seal("stash of Sam", b"words").unwrap();
        assert_eq!(secrets.unseal("stash of Sam", &sealed).unwrap(), b"words");
        assert_eq!(secrets.unseal("stash of Kim", &sealed), None);
        assert_eq!(Secrets::predictable(2).unseal("stash of Sam", &sealed), None);
        assert_eq!(secrets.unseal("stash of Sam", "AAAA"), None);
        assert_ne!(sealed, secrets.seal("stash of Sam", b"words").unwrap());
    }

    #[test]
    fn codes_have_8_characters_and_are_read_as_people_type_them() {
        let secrets = Secrets::predictable(1);
        let code = secrets.code();
        assert_eq!(code.len(), 8);
        assert!(code.bytes().all(|it| CROCKFORD.contains(&it)), "{code}");
        assert_eq!(crockford(&[0xff; 5]), "ZZZZZZZZ");
        assert_eq!(crockford(&[0, 0, 0, 0, 1]), "00000001");
        assert_eq!(typed_code(" o1Il-7k3m "), "01117K3M");
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert_ne!(secrets.code_hash(one, &code), secrets.code_hash(other, &code));
    }
}
