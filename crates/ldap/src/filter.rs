//! Filters as the codec wants them.

use ldap3_proto::proto::{LdapFilter as Wire, LdapMatchingRuleAssertion, LdapSubstringFilter};
use mailward_model::kind::LdapFilter;

/// The filter as it is sent.
pub(crate) fn wire(filter: &LdapFilter) -> Wire {
    let of = |(name, value): (&String, &String)| (name.clone(), value.clone());
    match filter {
        LdapFilter::And(inner) => Wire::And(inner.iter().map(wire).collect()),
        LdapFilter::Or(inner) => Wire::Or(inner.iter().map(wire).collect()),
        LdapFilter::Not(inner) => Wire::Not(Box::new(wire(inner))),
        LdapFilter::Present(name) => Wire::Present(name.clone()),
        LdapFilter::Equal(name, value) => {
            let (name, value) = of((name, value));
            Wire::Equality(name, value)
        }
        LdapFilter::AtLeast(name, value) => {
            let (name, value) = of((name, value));
            Wire::GreaterOrEqual(name, value)
        }
        LdapFilter::AtMost(name, value) => {
            let (name, value) = of((name, value));
            Wire::LessOrEqual(name, value)
        }
        LdapFilter::Approximate(name, value) => {
            let (name, value) = of((name, value));
            Wire::Approx(name, value)
        }
        LdapFilter::Pieces(name, pieces) => {
            let set = |piece: Option<&String>| piece.filter(|piece| !piece.is_empty()).cloned();
            let inner = pieces.get(1..pieces.len().saturating_sub(1));
            let pieces = LdapSubstringFilter {
                initial: set(pieces.first()),
                any: inner
                    .into_iter()
                    .flatten()
                    .filter_map(|p| set(Some(p)))
                    .collect(),
                final_: set(pieces.last()),
            };
            Wire::Substring(name.clone(), pieces)
        }
        LdapFilter::Extensible {
            attribute,
            of_name,
            rule,
            value,
        } => Wire::Extensible(LdapMatchingRuleAssertion {
            matching_rule: rule.clone(),
            type_: attribute.clone(),
            match_value: value.clone(),
            dn_attributes: *of_name,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_sent_as_it_is_meant() {
        let wire = |text: &str| wire(&text.parse().unwrap());
        assert_eq!(
            wire("(&(mail=*)(!(cn=a)))"),
            Wire::And(vec![
                Wire::Present("mail".into()),
                Wire::Not(Box::new(Wire::Equality("cn".into(), "a".into()))),
            ])
        );
        assert_eq!(
            wire("(cn=a*b*)"),
            Wire::Substring(
                "cn".into(),
                LdapSubstringFilter {
                    initial: Some("a".into()),
                    any: vec!["b".into()],
                    final_: None,
                }
            )
        );
        assert_eq!(
            wire("(userAccountControl:1.2.840.113556.1.4.803:=2)"),
            Wire::Extensible(LdapMatchingRuleAssertion {
                matching_rule: Some("1.2.840.113556.1.4.803".into()),
                type_: Some("userAccountControl".into()),
                match_value: "2".into(),
                dn_attributes: false,
            })
        );
        assert_eq!(wire("(a>=1)"), Wire::GreaterOrEqual("a".into(), "1".into()));
    }
}
