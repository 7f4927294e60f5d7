//! Detached signatures in minisign's form: Ed25519 (RFC 8032) over the document or over its
//! BLAKE2b-512 (RFC 7693), and over a comment that belongs to the signature.
//!
//! Read and checked here, never made: who publishes a list signs it with `minisign -S`.

use base64::{Engine, prelude::BASE64_STANDARD};
use blake2::{Blake2b512, Digest};
use mailward_model::kind::SignatureKey;
use ring::signature::{ED25519, UnparsedPublicKey};

/// Octets of a file of a signature; one that minisign makes has some 300.
pub const SIGNATURE_OCTETS_MAX: usize = 4_096;
/// Of the document itself.
const WHOLE: &[u8] = b"Ed";
/// Of its digest.
const DIGEST: &[u8] = b"ED";
const COMMENT: &str = "trusted comment: ";

/// Why a document is not taken for signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The file is no signature.
    #[error("the signature is none in minisign's form: {0}")]
    Form(&'static str),
    /// Signed by somebody else.
    #[error("it is signed with the key {0}, which is none of those that are named for the feed")]
    OtherKey(String),
    /// The document is another one.
    #[error("the signature does not fit the document: one of them was changed")]
    Document,
    /// The comment is another one.
    #[error("the signature does not fit its trusted comment: it was changed")]
    Comment,
}

/// Who signed, and what he says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The number of the key, as minisign writes it.
    pub key: String,
    /// The trusted comment.
    pub comment: String,
}

/// A key's number, as minisign writes it.
pub fn key_number(id: [u8; 8]) -> String {
    format!("{:016X}", u64::from_le_bytes(id))
}

/// Checks the signature of a document.
///
/// # Errors
/// [`SignatureError`]; the document must not be looked at then.
pub fn verify(
    document: &[u8],
    signature: &[u8],
    keys: &[SignatureKey],
) -> Result<Signed, SignatureError> {
    let text = std::str::from_utf8(signature).map_err(|_| SignatureError::Form("it is no text"))?;
    let mut lines = text.lines();
    let mut line = |what| lines.next().ok_or(SignatureError::Form(what));
    line("it is empty")?;
    let own = octets(line("its second line is missing")?)?;
    let comment = line("its trusted comment is missing")?;
    let comment = comment
        .strip_prefix(COMMENT)
        .ok_or(SignatureError::Form("its third line is no trusted comment"))?;
    let global = octets(line("its fourth line is missing")?)?;
    let (Some(algorithm), Some(id), Some(own)) = (own.get(..2), own.get(2..10), own.get(10..74))
    else {
        return Err(SignatureError::Form("its second line is too short"));
    };
    let digest = match algorithm {
        WHOLE => None,
        DIGEST => Some(Blake2b512::digest(document)),
        _ => return Err(SignatureError::Form("its algorithm is not known")),
    };
    let message = digest.as_ref().map_or(document, |digest| digest.as_slice());
    let named = keys.iter().filter(|key| key.id == *id);
    // Two keys may have one number by chance: each is tried.
    let signer = named
        .clone()
        .map(|key| UnparsedPublicKey::new(&ED25519, key.key))
        .find(|key| key.verify(message, own).is_ok());
    let number = <[u8; 8]>::try_from(id).map(key_number).unwrap_or_default();
    let Some(signer) = signer else {
        return Err(match named.count() {
            0 => SignatureError::OtherKey(number),
            _ => SignatureError::Document,
        });
    };
    signer
        .verify(&[own, comment.as_bytes()].concat(), &global)
        .map_err(|_| SignatureError::Comment)?;
    Ok(Signed {
        key: number,
        comment: comment.to_owned(),
    })
}

fn octets(line: &str) -> Result<Vec<u8>, SignatureError> {
    BASE64_STANDARD
        .decode(line.trim())
        .map_err(|_| SignatureError::Form("a line of it is no Base64"))
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;
    use ring::{
        rand::SystemRandom,
        signature::{Ed25519KeyPair, KeyPair},
    };

    use super::*;

    /// A key pair for tests, with the number `id`.
    pub(crate) fn pair(id: u8) -> (Ed25519KeyPair, SignatureKey) {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
        let key = SignatureKey {
            id: [id; 8],
            key: pair.public_key().as_ref().try_into().unwrap(),
        };
        (pair, key)
    }

    /// What `minisign -S` would write.
    pub(crate) fn sign(document: &[u8], pair: &Ed25519KeyPair, id: u8, algorithm: &[u8]) -> String {
        let message = match algorithm {
            DIGEST => Blake2b512::digest(document).to_vec(),
            _ => document.to_vec(),
        };
        let own = pair.sign(&message);
        let comment = "timestamp:1\tfile:list.json";
        let global = pair.sign(&[own.as_ref(), comment.as_bytes()].concat());
        let line = [algorithm, &[id; 8], own.as_ref()].concat();
        format!(
            "untrusted comment: x\n{}\n{COMMENT}{comment}\n{}\n",
            BASE64_STANDARD.encode(line),
            BASE64_STANDARD.encode(global)
        )
    }

    #[test]
    fn what_minisign_signed_is_taken() {
        // Made by minisign 0.11: `minisign -G`, `minisign -S` and `minisign -S -l`.
        let key: SignatureKey = include_str!("minisign-test.pub")
            .lines()
            .nth(1)
            .unwrap()
            .parse()
            .unwrap();
        for signature in [
            include_bytes!("minisign-test.minisig").as_slice(),
            include_bytes!("minisign-test-legacy.minisig").as_slice(),
        ] {
            let signed = verify(b"a list\n", signature, &[key]).unwrap();
            assert!(signed.comment.contains("list"), "{}", signed.comment);
            assert_eq!(
                verify(b"a lost\n", signature, &[key]),
                Err(SignatureError::Document)
            );
        }
    }

    #[test]
    fn what_was_changed_or_signed_by_others_is_not() {
        let ((pair_1, key_1), (pair_2, key_2)) = (pair(1), pair(2));
        for algorithm in [WHOLE, DIGEST] {
            let text = sign(b"list", &pair_1, 1, algorithm);
            let signed = verify(b"list", text.as_bytes(), &[key_2, key_1]).unwrap();
            assert_eq!(signed.key, "0101010101010101");
            assert_eq!(
                verify(b"lisp", text.as_bytes(), &[key_1]),
                Err(SignatureError::Document)
            );
            let other = verify(b"list", text.as_bytes(), &[key_2]);
            assert_eq!(
                other,
                Err(SignatureError::OtherKey("0101010101010101".into()))
            );
            // Somebody who says another's number.
            let forged = sign(b"list", &pair_2, 1, algorithm);
            assert_eq!(
                verify(b"list", forged.as_bytes(), &[key_1]),
                Err(SignatureError::Document)
            );
            let other_comment = text.replace("timestamp:1", "timestamp:2");
            assert_eq!(
                verify(b"list", other_comment.as_bytes(), &[key_1]),
                Err(SignatureError::Comment)
            );
            for cut in 0..4 {
                let lines: Vec<&str> = text.lines().take(cut).collect();
                let error = verify(b"list", lines.join("\n").as_bytes(), &[key_1]);
                assert!(matches!(error, Err(SignatureError::Form(_))), "{error:?}");
            }
        }
        let unknown = sign(b"list", &pair_1, 1, b"Ex");
        assert!(matches!(
            verify(b"list", unknown.as_bytes(), &[key_1]),
            Err(SignatureError::Form(_))
        ));
    }

    proptest! {
        #[test]
        fn octets_of_any_kind_are_no_signature(octets: Vec<u8>, text: String) {
            let (_, key) = pair(1);
            prop_assert!(verify(b"list", &octets, &[key]).is_err());
            prop_assert!(verify(b"list", text.as_bytes(), &[key]).is_err());
        }
    }
}
