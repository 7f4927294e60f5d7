//! An OCSP response that was stapled: what it says of the leaf, and until when (RFC 6960 §4.2).
//!
//! Its signature is not checked here; a client that cares checks it. What is looked for is a server
//! that staples nothing, something old, or a revocation.

use crate::octets::Octets;

/// What a response says.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The certificate is good.
    Good,
    /// It was revoked.
    Revoked,
    /// The responder does not know it.
    Unknown,
}

/// A response, as far as it is looked at.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Staple {
    /// What it says of the first certificate in it.
    pub status: Status,
    /// When it was true, Unix milliseconds.
    pub this_update_unix_ms: u64,
    /// When there will be news; `None` where it does not say.
    pub next_update_unix_ms: Option<u64>,
}

/// Reads a response; `None` where it is none, or says that there is none.
pub fn read(der: &[u8]) -> Option<Staple> {
    let mut response = Octets(Octets(der).der_of(0x30)?);
    (response.der_of(0x0a)? == [0]).then_some(())?;
    let mut bytes = Octets(Octets(response.der_of(0xa0)?).der_of(0x30)?);
    bytes.der_of(0x06)?;
    let mut basic = Octets(Octets(bytes.der_of(0x04)?).der_of(0x30)?);
    let mut tbs = Octets(basic.der_of(0x30)?);
    // version [0], where it is not the first.
    tbs.der_of(0xa0);
    // responderID: byName [1] or byKey [2].
    tbs.der()?;
    tbs.der_of(0x18)?;
    let mut single = Octets(Octets(tbs.der_of(0x30)?).der_of(0x30)?);
    single.der_of(0x30)?;
    let status = match single.der()?.0 {
        0x80 => Status::Good,
        0xa1 => Status::Revoked,
        _ => Status::Unknown,
    };
    let this_update_unix_ms = time(single.der_of(0x18)?)?;
    let next_update_unix_ms = single
        .der_of(0xa0)
        .and_then(|next| time(Octets(next).der_of(0x18)?));
    Some(Staple {
        status,
        this_update_unix_ms,
        next_update_unix_ms,
    })
}

/// A GeneralizedTime in the form that RFC 5280 §4.1.2.5.2 demands: `YYYYMMDDHHMMSSZ`.
fn time(octets: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(octets).ok()?.strip_suffix('Z')?;
    let moment = jiff::civil::DateTime::strptime("%Y%m%d%H%M%S", text).ok()?;
    let moment = moment.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    u64::try_from(moment.timestamp().as_millisecond()).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn der(tag: u8, content: &[&[u8]]) -> Vec<u8> {
        let content = content.concat();
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[tag, 0x82], &length[..], &content].concat()
    }

    fn response(status: &[u8]) -> Vec<u8> {
        let next = der(0xa0, &[&der(0x18, &[b"20270108000000Z"])]);
        let single = der(
            0x30,
            &[
                &der(0x30, &[]),
                status,
                &der(0x18, &[b"20270101000000Z"]),
                &next,
            ],
        );
        let tbs = der(
            0x30,
            &[
                &der(0xa2, &[&der(0x04, &[b"key"])]),
                &der(0x18, &[b"20270101000000Z"]),
                &der(0x30, &[&single]),
            ],
        );
        let basic = der(0x30, &[&tbs]);
        let bytes = der(0x30, &[&der(0x06, &[b"oid"]), &der(0x04, &[&basic])]);
        der(0x30, &[&der(0x0a, &[&[0]]), &der(0xa0, &[&bytes])])
    }

    #[test]
    fn a_response_says_what_and_until_when() {
        let good = read(&response(&[0x80, 0])).unwrap();
        assert_eq!(good.status, Status::Good);
        assert_eq!(good.this_update_unix_ms, 1_798_761_600_000);
        assert_eq!(good.next_update_unix_ms, Some(1_799_366_400_000));
        let revoked = read(&response(&der(0xa1, &[&der(0x18, &[b"20261231000000Z"])]))).unwrap();
        assert_eq!(revoked.status, Status::Revoked);
        let whole = response(&[0x80, 0]);
        for cut in 0..whole.len() {
            assert_eq!(read(&whole[..cut]), None, "{cut}");
        }
        // tryLater: a response without bytes.
        assert_eq!(read(&der(0x30, &[&der(0x0a, &[&[3]])])), None);
    }

    proptest! {
        #[test]
        fn octets_of_any_kind_do_no_harm(octets: Vec<u8>, at in 0usize..200, octet: u8) {
            read(&octets);
            let mut changed = response(&[0x80, 0]);
            let at = at % changed.len();
            changed[at] = octet;
            read(&changed);
        }
    }
}
