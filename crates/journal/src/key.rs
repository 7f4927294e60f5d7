//! The key that signs the root of each day: Ed25519, from a secret of the host's keyring.
//!
//! Never here: the secret in a debug text or an error.

use mailward_model::hex;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

use crate::digest::from_hex;

/// Octets of a signature.
pub(crate) const SIGNATURE_OCTETS: usize = 64;

/// Signs roots.
pub struct Signer {
    pair: Ed25519KeyPair,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signer({})", self.public())
    }
}

impl Signer {
    /// The signer of a secret. `None` where the secret cannot be a key, which does not happen to 32
    /// octets.
    pub fn new(secret: &[u8; 32]) -> Option<Signer> {
        let pair = Ed25519KeyPair::from_seed_unchecked(secret).ok()?;
        Some(Signer { pair })
    }

    /// The public key, with which anybody can check what it signed.
    pub fn public(&self) -> PublicKey {
        let mut octets = [0; 32];
        for (to, from) in octets.iter_mut().zip(self.pair.public_key().as_ref()) {
            *to = *from;
        }
        PublicKey(octets)
    }

    pub(crate) fn sign(&self, text: &[u8]) -> String {
        hex(self.pair.sign(text).as_ref())
    }
}

/// The public half.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// Reads the form it is printed in.
    pub fn read(text: &str) -> Option<PublicKey> {
        from_hex(text).map(PublicKey)
    }

    /// Whether `signature`, in hex, was made of `text` with this key.
    pub(crate) fn verifies(&self, text: &[u8], signature: &str) -> bool {
        let Some(signature) = from_hex::<SIGNATURE_OCTETS>(signature) else {
            return false;
        };
        let key = UnparsedPublicKey::new(&ED25519, self.0);
        key.verify(text, &signature).is_ok()
    }
}

impl std::fmt::Display for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex(&self.0))
    }
}
