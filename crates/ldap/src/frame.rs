//! Where one message ends and the next begins (X.690 §8.1), before anything is decoded.

use bytes::BytesMut;

use crate::LdapError;

/// Octets of one message. A group of 100,000 members has some 8 MB.
pub(crate) const MESSAGE_OCTETS_MAX: usize = 32 << 20;
/// Messages are sequences.
const SEQUENCE: u8 = 0x30;

/// Octets of the first message in `buffer`, its head included; `None` where that cannot be known yet.
fn length(buffer: &[u8]) -> Result<Option<usize>, LdapError> {
    let (first, rest) = match buffer {
        [] => return Ok(None),
        [SEQUENCE] => return Ok(None),
        [SEQUENCE, first, rest @ ..] => (*first, rest),
        _ => {
            let found = "what is no LDAP message: is it the port of an LDAP server?";
            return Err(LdapError::Protocol(found.to_owned()));
        }
    };
    let (head, body) = match first {
        0..=0x7f => (2, usize::from(first)),
        0x81..=0x84 => {
            let octets = usize::from(first - 0x80);
            let Some(number) = rest.get(..octets) else {
                return Ok(None);
            };
            let body = number
                .iter()
                .fold(0_usize, |sum, octet| (sum << 8) | usize::from(*octet));
            (2 + octets, body)
        }
        // RFC 4511 §5.1: only the definite form.
        _ => return Err(LdapError::Protocol("a message without a length".to_owned())),
    };
    let whole = head + body;
    match whole <= MESSAGE_OCTETS_MAX {
        true => Ok(Some(whole)),
        false => Err(LdapError::TooMuch {
            what: format!("a message of {whole} octets"),
            max: MESSAGE_OCTETS_MAX as u64,
        }),
    }
}

/// Takes the first message out of `buffer`, if all of it is there.
pub(crate) fn take(buffer: &mut BytesMut) -> Result<Option<BytesMut>, LdapError> {
    match length(buffer)? {
        Some(whole) if buffer.len() >= whole => Ok(Some(buffer.split_to(whole))),
        Some(whole) => {
            buffer.reserve(whole - buffer.len());
            Ok(None)
        }
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn messages_are_cut_where_their_head_says() {
        let mut buffer = BytesMut::from(&[0x30, 1, 7, 0x30, 0x81, 2, 8, 9, 0x30][..]);
        assert_eq!(take(&mut buffer).unwrap().unwrap()[..], [0x30, 1, 7]);
        assert_eq!(
            take(&mut buffer).unwrap().unwrap()[..],
            [0x30, 0x81, 2, 8, 9]
        );
        assert!(take(&mut buffer).unwrap().is_none());
    }

    #[test]
    fn a_length_that_is_only_claimed_costs_nothing() {
        for (head, expect) in [
            (
                &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff][..],
                "more than the limit",
            ),
            (&[0x30, 0x80][..], "without a length"),
            (&[0x30, 0x85, 0, 0, 0, 0, 1][..], "without a length"),
            (b"220 mail.example.org ESMTP\r\n", "no LDAP message"),
        ] {
            let error = take(&mut BytesMut::from(head)).unwrap_err().to_string();
            assert!(error.contains(expect), "{error}");
        }
    }

    proptest! {
        #[test]
        fn no_octets_upset_it(octets in proptest::collection::vec(any::<u8>(), 0..40)) {
            let mut buffer = BytesMut::from(&octets[..]);
            while let Ok(Some(frame)) = take(&mut buffer) {
                prop_assert!(!frame.is_empty());
            }
        }
    }
}
