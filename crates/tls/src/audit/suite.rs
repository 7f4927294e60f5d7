//! Cipher suites of SSL 3.0 to TLS 1.3: their numbers, IANA's names, and what is to be thought of
//! them.
//!
//! Strength is read from the name, so that a suite cannot be listed under one and judged under
//! another. RFC 9325 §4, RFC 7465 (RC4), RFC 8446 appendix B.4.

/// What is to be thought of a suite.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// No encryption, no authentication, or a key that a home computer finds.
    Broken,
    /// RC4, DES, 3DES: attacks are known that cost time.
    Weak,
    /// Sound, but who gets the server's key later reads what was recorded today.
    NoForwardSecrecy,
    /// Sound, with a mode that takes care to use rightly.
    Cbc,
    /// What RFC 9325 recommends.
    Strong,
}

/// A cipher suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suite {
    /// Its number on the wire.
    pub id: u16,
    /// IANA's name, without `TLS_`.
    pub name: &'static str,
}

impl Suite {
    /// What is to be thought of it.
    pub fn strength(&self) -> Strength {
        let has = |part: &str| self.name.contains(part);
        if has("NULL") || has("anon") || has("EXPORT") || has("DES40") || has("RC2") {
            Strength::Broken
        } else if has("RC4") || has("DES") || has("IDEA") {
            Strength::Weak
        } else if !has("DHE_") && self.id >> 8 != 0x13 {
            Strength::NoForwardSecrecy
        } else if has("CBC") {
            Strength::Cbc
        } else {
            Strength::Strong
        }
    }
}

macro_rules! suites {
    ($($id:literal $name:literal,)*) => {
        &[$(Suite { id: $id, name: $name },)*]
    };
}

/// Suites of SSL 3.0 to TLS 1.2, the common ones first.
pub const LEGACY: &[Suite] = suites! {
    0xc02b "ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    0xc02f "ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    0xc02c "ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    0xc030 "ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    0xcca9 "ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    0xcca8 "ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    0x009e "DHE_RSA_WITH_AES_128_GCM_SHA256",
    0x009f "DHE_RSA_WITH_AES_256_GCM_SHA384",
    0xccaa "DHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    0xc0ac "ECDHE_ECDSA_WITH_AES_128_CCM",
    0xc0ad "ECDHE_ECDSA_WITH_AES_256_CCM",
    0xc09e "DHE_RSA_WITH_AES_128_CCM",
    0xc09f "DHE_RSA_WITH_AES_256_CCM",
    0xc023 "ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
    0xc027 "ECDHE_RSA_WITH_AES_128_CBC_SHA256",
    0xc024 "ECDHE_ECDSA_WITH_AES_256_CBC_SHA384",
    0xc028 "ECDHE_RSA_WITH_AES_256_CBC_SHA384",
    0xc009 "ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    0xc013 "ECDHE_RSA_WITH_AES_128_CBC_SHA",
    0xc00a "ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    0xc014 "ECDHE_RSA_WITH_AES_256_CBC_SHA",
    0x0067 "DHE_RSA_WITH_AES_128_CBC_SHA256",
    0x006b "DHE_RSA_WITH_AES_256_CBC_SHA256",
    0x0033 "DHE_RSA_WITH_AES_128_CBC_SHA",
    0x0039 "DHE_RSA_WITH_AES_256_CBC_SHA",
    0x0032 "DHE_DSS_WITH_AES_128_CBC_SHA",
    0x0038 "DHE_DSS_WITH_AES_256_CBC_SHA",
    0x0045 "DHE_RSA_WITH_CAMELLIA_128_CBC_SHA",
    0x0088 "DHE_RSA_WITH_CAMELLIA_256_CBC_SHA",
    0xc076 "ECDHE_RSA_WITH_CAMELLIA_128_CBC_SHA256",
    0xc077 "ECDHE_RSA_WITH_CAMELLIA_256_CBC_SHA384",
    0x009a "DHE_RSA_WITH_SEED_CBC_SHA",
    0x009c "RSA_WITH_AES_128_GCM_SHA256",
    0x009d "RSA_WITH_AES_256_GCM_SHA384",
    0xc09c "RSA_WITH_AES_128_CCM",
    0xc09d "RSA_WITH_AES_256_CCM",
    0x003c "RSA_WITH_AES_128_CBC_SHA256",
    0x003d "RSA_WITH_AES_256_CBC_SHA256",
    0x002f "RSA_WITH_AES_128_CBC_SHA",
    0x0035 "RSA_WITH_AES_256_CBC_SHA",
    0x0041 "RSA_WITH_CAMELLIA_128_CBC_SHA",
    0x0084 "RSA_WITH_CAMELLIA_256_CBC_SHA",
    0x0096 "RSA_WITH_SEED_CBC_SHA",
    0xc012 "ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",
    0xc008 "ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA",
    0x0016 "DHE_RSA_WITH_3DES_EDE_CBC_SHA",
    0x0013 "DHE_DSS_WITH_3DES_EDE_CBC_SHA",
    0x000a "RSA_WITH_3DES_EDE_CBC_SHA",
    0xc011 "ECDHE_RSA_WITH_RC4_128_SHA",
    0xc007 "ECDHE_ECDSA_WITH_RC4_128_SHA",
    0x0005 "RSA_WITH_RC4_128_SHA",
    0x0004 "RSA_WITH_RC4_128_MD5",
    0x0007 "RSA_WITH_IDEA_CBC_SHA",
    0x0015 "DHE_RSA_WITH_DES_CBC_SHA",
    0x0009 "RSA_WITH_DES_CBC_SHA",
    0xc018 "ECDH_anon_WITH_AES_128_CBC_SHA",
    0xc019 "ECDH_anon_WITH_AES_256_CBC_SHA",
    0x0034 "DH_anon_WITH_AES_128_CBC_SHA",
    0x003a "DH_anon_WITH_AES_256_CBC_SHA",
    0x00a6 "DH_anon_WITH_AES_128_GCM_SHA256",
    0x00a7 "DH_anon_WITH_AES_256_GCM_SHA384",
    0x006c "DH_anon_WITH_AES_128_CBC_SHA256",
    0x006d "DH_anon_WITH_AES_256_CBC_SHA256",
    0xc017 "ECDH_anon_WITH_3DES_EDE_CBC_SHA",
    0x001b "DH_anon_WITH_3DES_EDE_CBC_SHA",
    0xc016 "ECDH_anon_WITH_RC4_128_SHA",
    0x0018 "DH_anon_WITH_RC4_128_MD5",
    0x0014 "DHE_RSA_EXPORT_WITH_DES40_CBC_SHA",
    0x0008 "RSA_EXPORT_WITH_DES40_CBC_SHA",
    0x0006 "RSA_EXPORT_WITH_RC2_CBC_40_MD5",
    0x0003 "RSA_EXPORT_WITH_RC4_40_MD5",
    0xc010 "ECDHE_RSA_WITH_NULL_SHA",
    0xc006 "ECDHE_ECDSA_WITH_NULL_SHA",
    0x003b "RSA_WITH_NULL_SHA256",
    0x0002 "RSA_WITH_NULL_SHA",
    0x0001 "RSA_WITH_NULL_MD5",
};

/// Suites of TLS 1.3.
pub const TLS13: &[Suite] = suites! {
    0x1301 "AES_128_GCM_SHA256",
    0x1302 "AES_256_GCM_SHA384",
    0x1303 "CHACHA20_POLY1305_SHA256",
    0x1304 "AES_128_CCM_SHA256",
    0x1305 "AES_128_CCM_8_SHA256",
};

/// A suite by its number.
pub fn suite(id: u16) -> Option<&'static Suite> {
    LEGACY.iter().chain(TLS13).find(|suite| suite.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strength_follows_the_name() {
        for (id, strength) in [
            (0xc02f, Strength::Strong),
            (0x1301, Strength::Strong),
            (0x009f, Strength::Strong),
            (0xc013, Strength::Cbc),
            (0x002f, Strength::NoForwardSecrecy),
            (0x009c, Strength::NoForwardSecrecy),
            (0x000a, Strength::Weak),
            (0xc011, Strength::Weak),
            (0x0003, Strength::Broken),
            (0x0034, Strength::Broken),
            (0xc018, Strength::Broken),
            (0x0002, Strength::Broken),
        ] {
            assert_eq!(suite(id).unwrap().strength(), strength, "{id:04x}");
        }
    }

    #[test]
    fn each_suite_stands_once() {
        let mut ids: Vec<u16> = LEGACY.iter().chain(TLS13).map(|suite| suite.id).collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }
}
