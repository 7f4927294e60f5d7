//! ClientHello and ServerHello: made and read by hand, because no library of today offers SSL 3.0,
//! export suites or a heartbeat. RFC 5246 §7.4.1, RFC 8446 §4.1, RFC 6520 §2.

use super::record::{content, record};
use crate::octets::Octets;

/// A version of the protocol, as it stands on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u16);

impl Version {
    /// SSL 3.0 (RFC 6101).
    pub const SSL3: Version = Version(0x0300);
    /// TLS 1.0 (RFC 2246).
    pub const TLS10: Version = Version(0x0301);
    /// TLS 1.1 (RFC 4346).
    pub const TLS11: Version = Version(0x0302);
    /// TLS 1.2 (RFC 5246).
    pub const TLS12: Version = Version(0x0303);
    /// TLS 1.3 (RFC 8446).
    pub const TLS13: Version = Version(0x0304);
    /// Every version that is asked for, the newest first.
    pub const ALL: [Version; 5] = [
        Version::TLS13,
        Version::TLS12,
        Version::TLS11,
        Version::TLS10,
        Version::SSL3,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Version::SSL3 => "SSL 3.0",
            Version::TLS10 => "TLS 1.0",
            Version::TLS11 => "TLS 1.1",
            Version::TLS12 => "TLS 1.2",
            Version::TLS13 => "TLS 1.3",
            _ => "another version",
        }
    }
}

impl serde::Serialize for Version {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// Extension numbers (IANA's registry of TLS extensions).
mod extension {
    pub(super) const SERVER_NAME: u16 = 0;
    pub(super) const STATUS_REQUEST: u16 = 5;
    pub(super) const SUPPORTED_GROUPS: u16 = 10;
    pub(super) const EC_POINT_FORMATS: u16 = 11;
    pub(super) const SIGNATURE_ALGORITHMS: u16 = 13;
    pub(super) const HEARTBEAT: u16 = 15;
    pub(super) const SUPPORTED_VERSIONS: u16 = 43;
    pub(super) const KEY_SHARE: u16 = 51;
}

/// TLS_EMPTY_RENEGOTIATION_INFO_SCSV (RFC 5746 §3.3): old servers choke on the extension, not on it.
const RENEGOTIATION_SCSV: u16 = 0x00ff;
/// X25519, secp256r1, secp384r1, secp521r1, and two finite-field groups of RFC 7919.
const GROUPS: [u16; 6] = [0x001d, 0x0017, 0x0018, 0x0019, 0x0100, 0x0101];
const X25519: u16 = 0x001d;
/// ECDSA, RSA-PSS, RSA PKCS #1 with SHA-2, EdDSA, and what TLS 1.2 servers of its time sign with.
const SIGNATURES: [u16; 14] = [
    0x0403, 0x0503, 0x0603, 0x0807, 0x0804, 0x0805, 0x0806, 0x0809, 0x0401, 0x0501, 0x0601, 0x0203,
    0x0201, 0x0202,
];
/// What a HelloRetryRequest has in place of the server's random octets (RFC 8446 §4.1.3).
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// What a client says of itself.
#[derive(Debug, Clone)]
pub struct ClientHello<'a> {
    /// The one version that is offered.
    pub version: Version,
    /// The suites that are offered.
    pub suites: &'a [u16],
    /// The name that is asked for (RFC 6066 §3); none for an address.
    pub server_name: Option<&'a str>,
    /// Whether a heartbeat may be sent to the client (RFC 6520 §2, mode 1).
    pub heartbeat: bool,
    /// Random octets: the hello's own, and what stands for a key share. No secret is derived from
    /// them, as no handshake made of this is ever finished.
    pub random: [u8; 64],
}

impl ClientHello<'_> {
    /// The hello as one record.
    pub fn to_record(&self) -> Vec<u8> {
        let is_13 = self.version == Version::TLS13;
        let legacy = self.version.0.min(Version::TLS12.0);
        let (random, share) = self.random.split_at(32);
        let mut body = legacy.to_be_bytes().to_vec();
        body.extend_from_slice(random);
        // RFC 8446 appendix D.4: an empty session id is what makes middleboxes stumble in TLS 1.3.
        push_u8(&mut body, if is_13 { share } else { &[] });
        let mut suites: Vec<u8> = self.suites.iter().flat_map(|id| id.to_be_bytes()).collect();
        if !is_13 {
            suites.extend(RENEGOTIATION_SCSV.to_be_bytes());
        }
        push_u16(&mut body, &suites);
        push_u8(&mut body, &[0]);
        let extensions = self.extensions(is_13, share);
        if !extensions.is_empty() {
            push_u16(&mut body, &extensions);
        }
        let mut message = vec![1];
        let length = u32::try_from(body.len()).unwrap_or_default().to_be_bytes();
        message.extend(length.iter().skip(1));
        message.extend(body);
        // RFC 5246 appendix E.1: the record of a first hello says the oldest version that is spoken.
        let version = Version::TLS10.0.min(legacy);
        record(content::HANDSHAKE, version, &message)
    }

    fn extensions(&self, is_13: bool, share: &[u8]) -> Vec<u8> {
        let mut all = Vec::new();
        let mut add = |number: u16, body: &[u8]| {
            all.extend(number.to_be_bytes());
            push_u16(&mut all, body);
        };
        if let Some(name) = self.server_name {
            let mut entry = vec![0];
            push_u16(&mut entry, name.as_bytes());
            let mut list = Vec::new();
            push_u16(&mut list, &entry);
            add(extension::SERVER_NAME, &list);
        }
        if self.version > Version::SSL3 {
            let mut groups = Vec::new();
            let octets: Vec<u8> = GROUPS.iter().flat_map(|id| id.to_be_bytes()).collect();
            push_u16(&mut groups, &octets);
            add(extension::SUPPORTED_GROUPS, &groups);
            add(extension::EC_POINT_FORMATS, &[1, 0]);
            // RFC 6066 §8: OCSP, no responders, no extensions.
            add(extension::STATUS_REQUEST, &[1, 0, 0, 0, 0]);
        }
        if self.version >= Version::TLS12 {
            let mut signatures = Vec::new();
            let octets: Vec<u8> = SIGNATURES.iter().flat_map(|id| id.to_be_bytes()).collect();
            push_u16(&mut signatures, &octets);
            add(extension::SIGNATURE_ALGORITHMS, &signatures);
        }
        if is_13 {
            let [major, minor] = self.version.0.to_be_bytes();
            add(extension::SUPPORTED_VERSIONS, &[2, major, minor]);
            let mut entry = X25519.to_be_bytes().to_vec();
            push_u16(&mut entry, share);
            let mut shares = Vec::new();
            push_u16(&mut shares, &entry);
            add(extension::KEY_SHARE, &shares);
        }
        if self.heartbeat {
            add(extension::HEARTBEAT, &[1]);
        }
        all
    }
}

/// Octets behind their number, as one octet. Callers keep within it.
fn push_u8(to: &mut Vec<u8>, octets: &[u8]) {
    to.push(u8::try_from(octets.len()).unwrap_or_default());
    to.extend_from_slice(octets);
}

/// Octets behind their number, as two octets. Callers keep within it.
fn push_u16(to: &mut Vec<u8>, octets: &[u8]) {
    to.extend(
        u16::try_from(octets.len())
            .unwrap_or_default()
            .to_be_bytes(),
    );
    to.extend_from_slice(octets);
}

/// What a server chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerHello {
    /// The version.
    pub version: Version,
    /// The suite's number.
    pub suite: u16,
    /// The heartbeat extension's mode, where it was sent (RFC 6520 §2).
    pub heartbeat: Option<u8>,
    /// True where the server asks for another key share; version and suite are chosen all the same.
    pub retry: bool,
}

impl ServerHello {
    /// Reads the body of a ServerHello; `None` where it is none.
    pub fn read(body: &[u8]) -> Option<ServerHello> {
        let mut octets = Octets(body);
        let mut version = Version(octets.u16()?);
        let random = octets.take(32)?;
        octets.behind_u8()?;
        let suite = octets.u16()?;
        octets.u8()?;
        let mut heartbeat = None;
        if !octets.is_empty() {
            let mut extensions = Octets(octets.behind_u16()?);
            while !extensions.is_empty() {
                let number = extensions.u16()?;
                let mut body = Octets(extensions.behind_u16()?);
                match number {
                    extension::HEARTBEAT => heartbeat = Some(body.u8().unwrap_or(0)),
                    extension::SUPPORTED_VERSIONS => version = Version(body.u16()?),
                    _ => {}
                }
            }
        }
        Some(ServerHello {
            version,
            suite,
            heartbeat,
            retry: random == RETRY,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(version: u16, extensions: &[u8]) -> Vec<u8> {
        let mut body = version.to_be_bytes().to_vec();
        body.extend([7; 32]);
        body.extend([0, 0xc0, 0x2f, 0]);
        if !extensions.is_empty() {
            push_u16(&mut body, extensions);
        }
        body
    }

    #[test]
    fn a_server_hello_says_what_was_chosen() {
        let plain = ServerHello::read(&hello(0x0301, &[])).unwrap();
        assert_eq!((plain.version, plain.suite), (Version::TLS10, 0xc02f));
        assert_eq!(plain.heartbeat, None);
        let beats = ServerHello::read(&hello(0x0303, &[0, 15, 0, 1, 1])).unwrap();
        assert_eq!(beats.heartbeat, Some(1));
        let new = ServerHello::read(&hello(0x0303, &[0, 43, 0, 2, 3, 4])).unwrap();
        assert_eq!(new.version, Version::TLS13);
        for cut in 0..37 {
            assert_eq!(ServerHello::read(&hello(0x0303, &[])[..cut]), None, "{cut}");
        }
    }

    #[test]
    fn the_old_hello_offers_the_heartbeat_and_the_new_one_its_version() {
        let hello = |version, heartbeat| {
            ClientHello {
                version,
                suites: &[0x002f],
                server_name: Some("mail.example.org"),
                heartbeat,
                random: [9; 64],
            }
            .to_record()
        };
        let holds = |octets: &[u8], part: &[u8]| octets.windows(part.len()).any(|w| w == part);
        let old = hello(Version::TLS10, true);
        assert!(old.ends_with(&[0, 15, 0, 1, 1]));
        assert!(old.starts_with(&[22, 3, 1]));
        assert!(holds(&old, b"mail.example.org"));
        let new = hello(Version::TLS13, false);
        assert!(holds(&new, &[0, 43, 0, 3, 2, 3, 4]));
        assert!(!holds(&new, &[0, 15, 0, 1, 1]));
        assert!(hello(Version::SSL3, false).starts_with(&[22, 3, 0]));
    }
}
