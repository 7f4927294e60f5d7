//! Octets as hexadecimal digits, as digests, keys and serial numbers are written.
//!
//! Never here: reading them, where each reader is strict in a way of its own.

/// Octets as hexadecimal digits in lower case.
pub fn hex(octets: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or_default();
    octets
        .iter()
        .flat_map(|octet| [digit(octet >> 4), digit(octet & 15)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_octet_has_two_digits_in_lower_case() {
        assert_eq!(hex(&[]), "");
        assert_eq!(hex(&[0, 7, 0x10, 0xa9, 0xff]), "000710a9ff");
        for octet in 0..=u8::MAX {
            assert_eq!(u8::from_str_radix(&hex(&[octet]), 16), Ok(octet));
        }
    }
}
