//! The nine certificates that a breached registration authority of Comodo had issued on 15 March
//! 2011, all directly by UTN-USERFirst-Hardware.
//!
//! They have expired, and a right clock refuses them. They stay as what a list like this is for,
//! and so that a wrong clock does not bring them back.

use mailward_model::kind::UntrustedCertificate;

/// The issuer of all nine.
pub(crate) const ISSUER: &str = "CN=UTN-USERFirst-Hardware, OU=http://www.usertrust.com, \
     O=The USERTRUST Network, L=Salt Lake City, ST=UT, C=US";

const REASON: &str = "issued through a breached registration authority of Comodo on 15 March 2011";

/// Whose certificate each claims to be, its serial number, and the name it goes by.
const NINE: [(&str, &str, &str); 9] = [
    (
        "mail.google.com",
        "047ECBE9FCA55F7BD09EAE36E10CAE1E",
        "comodo-2011-mail.google.com",
    ),
    (
        "www.google.com",
        "F5C86AF36162F13A64F54F6DC9587C06",
        "comodo-2011-www.google.com",
    ),
    (
        "login.yahoo.com",
        "D7558FDAF5F1105BB213282B707729A3",
        "comodo-2011-login.yahoo.com-1",
    ),
    (
        "login.yahoo.com",
        "392A434F0E07DF1F8AA305DE34E0C229",
        "comodo-2011-login.yahoo.com-2",
    ),
    (
        "login.yahoo.com",
        "3E75CED46B693021218830AE86A82A71",
        "comodo-2011-login.yahoo.com-3",
    ),
    (
        "login.skype.com",
        "E9028B9578E415DC1A710A2B88154447",
        "comodo-2011-login.skype.com",
    ),
    (
        "addons.mozilla.org",
        "9239D5348F40D1695A745470E1F23F43",
        "comodo-2011-addons.mozilla.org",
    ),
    (
        "login.live.com",
        "B0B7133ED096F9B56FAE91C874BD3AC0",
        "comodo-2011-login.live.com",
    ),
    (
        "global trustee",
        "D8F35F4EB7872B2DAB0692E315382FB0",
        "comodo-2011-global-trustee",
    ),
];

/// Every entry that is built in, with the name it goes by.
pub fn all() -> impl Iterator<Item = (&'static str, UntrustedCertificate)> {
    NINE.iter().map(|(subject, serial, name)| {
        let certificate = UntrustedCertificate {
            issuer: Some(ISSUER.to_owned()),
            serial: serial.parse().ok(),
            subject: (*subject).to_owned(),
            reason: REASON.to_owned(),
            ..UntrustedCertificate::default()
        };
        (*name, certificate)
    })
}

#[cfg(test)]
mod tests {
    use mailward_model::object::Validate;

    use super::*;

    #[test]
    fn each_of_the_nine_is_a_sound_entry() {
        let mut serials: Vec<_> = all().map(|(_, entry)| entry.serial.unwrap()).collect();
        assert!(all().all(|(_, entry)| entry.validate().is_empty()));
        serials.sort();
        serials.dedup();
        assert_eq!(serials.len(), 9);
    }
}
