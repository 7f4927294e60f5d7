//! The attributes that Active Directory and Exchange have for recipients, and names in a directory:
//! what tables in LDIF and the sync from a directory both go by.

use mailward_model::Kind;

/// Fields and the attributes of Active Directory for them.
pub(crate) const ATTRIBUTES: &[(&str, &str)] = &[
    ("address", "mail"),
    ("alias", "mailNickname"),
    ("display_name", "displayName"),
    ("notes", "info"),
    ("first_name", "givenName"),
    ("last_name", "sn"),
    ("title", "title"),
    ("department", "department"),
    ("company", "company"),
    ("office", "physicalDeliveryOfficeName"),
    ("manager", "manager"),
    ("phone", "telephoneNumber"),
    ("mobile_phone", "mobile"),
    ("fax", "facsimileTelephoneNumber"),
    ("street_address", "streetAddress"),
    ("city", "l"),
    ("state_or_province", "st"),
    ("postal_code", "postalCode"),
    ("country_or_region", "co"),
    ("web_page", "wWWHomePage"),
    ("sam_account_name", "sAMAccountName"),
    ("user_principal_name", "userPrincipalName"),
    ("proxy_addresses", "proxyAddresses"),
    ("external_address", "targetAddress"),
    ("forwarding_address", "msExchGenericForwardingAddress"),
    ("deliver_and_forward", "deliverAndRedirect"),
    ("hidden", "msExchHideFromAddressLists"),
    (
        "require_sender_authentication_enabled",
        "msExchRequireAuthToSendTo",
    ),
    ("resource_capacity", "msExchResourceCapacity"),
    ("recipient_filter", "msExchQueryFilter"),
    ("members", "member"),
];
/// Members that are no entry of the directory.
pub(crate) const OUTSIDE_MEMBER: &str = "mgrpRFC822MailMember";
/// Exchange's number for what a recipient is, and the `type` it stands for here.
pub(crate) const DETAILS: &[(Kind, &str, &str)] = &[
    (Kind::Mailbox, "user", "1"),
    (Kind::Mailbox, "shared", "4"),
    (Kind::Mailbox, "room", "16"),
    (Kind::Mailbox, "equipment", "32"),
    (Kind::Mailbox, "arbitration", "8388608"),
    (Kind::Mailbox, "discovery", "536870912"),
    (Kind::DistributionGroup, "distribution", "256"),
    (Kind::DistributionGroup, "security", "1024"),
];
pub(crate) const DETAILS_ATTRIBUTE: &str = "msExchRecipientTypeDetails";
/// The parts of a name (RFC 4514): type and value, the nearest first.
pub(crate) fn parts(dn: &str) -> Vec<(String, String)> {
    let mut texts: Vec<Vec<u8>> = vec![Vec::new()];
    let mut rest = dn.as_bytes();
    while let Some((octet, behind)) = rest.split_first() {
        rest = behind;
        let Some(last) = texts.last_mut() else { break };
        match octet {
            b'\\' => {
                let hex = rest.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
                // One octet of a character may be written so, and the next one too.
                match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
                    Some(octet) => {
                        last.push(octet);
                        rest = rest.get(2..).unwrap_or_default();
                    }
                    None => {
                        last.extend(rest.first());
                        rest = rest.get(1..).unwrap_or_default();
                    }
                }
            }
            b',' => texts.push(Vec::new()),
            octet => last.push(*octet),
        }
    }
    let part = |text: &Vec<u8>| {
        let text = String::from_utf8_lossy(text);
        let (of, value) = text.split_once('=')?;
        Some((of.trim().to_ascii_lowercase(), value.trim().to_owned()))
    };
    texts.iter().filter_map(part).collect()
}

/// A name as it is compared: however it was written, the same entry has the same one.
pub(crate) fn dn_key(dn: &str) -> String {
    let mut key = String::with_capacity(dn.len());
    for (of, value) in parts(dn) {
        key.push_str(&of);
        key.push('=');
        key.push_str(&value.to_lowercase());
        // No value holds it: names are one line.
        key.push('\n');
    }
    key
}

/// Whether an entry is this one or below it; both as they are compared.
pub(crate) fn is_below(key: &str, base: &str) -> bool {
    key.strip_suffix(base)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('\n'))
}

/// The path of the unit in which a name is: `example.org/Sales`. None directly below the domain.
pub(crate) fn unit(dn: &str) -> Option<String> {
    let parts = parts(dn);
    let of = |wanted: &str| -> Vec<&str> {
        let within = parts.iter().skip(1);
        within
            .filter(|(of, _)| of == wanted)
            .map(|(_, value)| value.as_str())
            .collect()
    };
    let (mut units, domain) = (of("ou"), of("dc"));
    if units.is_empty() {
        return None;
    }
    let domain = domain.join(".");
    if !domain.is_empty() {
        units.push(&domain);
    }
    units.reverse();
    Some(units.join("/"))
}

/// `SMTP:anna@example.org` without what stands before the address.
pub(crate) fn plain_address(value: &str) -> String {
    let begin = value.get(..5).unwrap_or_default();
    let is_smtp = begin.eq_ignore_ascii_case("smtp:");
    let from = if is_smtp { 5 } else { 0 };
    value.get(from..).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_entry_is_known_however_its_name_is_written() {
        let same = [
            "cn=J\\C3\\B6rg\\, Fritz,OU=Sales,dc=example,dc=org",
            "CN=Jörg\\2C Fritz, ou=SALES , DC=Example,DC=org",
        ];
        let [one, other] = same.map(dn_key);
        assert_eq!(one, other);
        assert!(is_below(&one, &dn_key("ou=sales,dc=example,dc=org")));
        assert!(is_below(&one, &one));
        assert!(!is_below(&one, &dn_key("ou=ales,dc=example,dc=org")));
        assert!(!is_below(
            &dn_key("dc=example,dc=org"),
            &dn_key("ou=a,dc=example,dc=org")
        ));
    }
}
