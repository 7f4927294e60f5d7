//! What recipients are known by besides their addresses: attributes for people and for filters.
//!
//! Groups have the common attributes alone: as in Exchange, a group has no department, and a filter
//! by department never fits one.

use super::sparse::sparse;

sparse! {
    /// Attributes that every recipient may have.
    CommonAttributes of
    /// An attribute that every recipient may have.
    CommonAttribute;
    /// The mail nickname; what stands before the @ of the address where unset.
    "alias" Alias text,
    /// The name shown to people; the object's name where unset.
    "display_name" DisplayName text,
    /// Notes.
    "notes" Notes text,
    /// An attribute of the organisation's own, for filters.
    "custom_attribute1" CustomAttribute1 text,
    /// An attribute of the organisation's own, for filters.
    "custom_attribute2" CustomAttribute2 text,
    /// An attribute of the organisation's own, for filters.
    "custom_attribute3" CustomAttribute3 text,
    /// An attribute of the organisation's own, for filters.
    "custom_attribute4" CustomAttribute4 text,
    /// An attribute of the organisation's own, for filters.
    "custom_attribute5" CustomAttribute5 text,
    /// An attribute of the organisation's own, for filters.
    "custom_attribute6" CustomAttribute6 text,
    /// An attribute of the organisation's own, for filters.
    "custom_attribute7" CustomAttribute7 text,
    /// An attribute of the organisation's own, for filters.
    "custom_attribute8" CustomAttribute8 text,
    /// An attribute of the organisation's own, for filters.
    "custom_attribute9" CustomAttribute9 text,
    /// An attribute of the organisation's own, for filters.
    "custom_attribute10" CustomAttribute10 text,
    /// An attribute of the organisation's own, for filters.
    "custom_attribute11" CustomAttribute11 text,
    /// An attribute of the organisation's own, for filters.
    "custom_attribute12" CustomAttribute12 text,
    /// An attribute of the organisation's own, for filters.
    "custom_attribute13" CustomAttribute13 text,
    /// An attribute of the organisation's own, for filters.
    "custom_attribute14" CustomAttribute14 text,
    /// An attribute of the organisation's own, for filters.
    "custom_attribute15" CustomAttribute15 text,
    /// A list of the organisation's own, for filters.
    "extension_custom_attribute1" ExtensionCustomAttribute1 list,
    /// A list of the organisation's own, for filters.
    "extension_custom_attribute2" ExtensionCustomAttribute2 list,
    /// A list of the organisation's own, for filters.
    "extension_custom_attribute3" ExtensionCustomAttribute3 list,
    /// A list of the organisation's own, for filters.
    "extension_custom_attribute4" ExtensionCustomAttribute4 list,
    /// A list of the organisation's own, for filters.
    "extension_custom_attribute5" ExtensionCustomAttribute5 list,
}

sparse! {
    /// Attributes of persons, rooms and the like: mailboxes, contacts and mail users have them,
    /// groups do not.
    PersonalAttributes of
    /// An attribute of a person.
    PersonalAttribute;
    /// The given name.
    "first_name" FirstName text,
    /// The family name.
    "last_name" LastName text,
    /// The title.
    "title" Title text,
    /// The department.
    "department" Department text,
    /// The company.
    "company" Company text,
    /// The office.
    "office" Office text,
    /// The manager, by the name of a recipient.
    "manager" Manager text,
    /// The telephone number.
    "phone" Phone text,
    /// The mobile telephone number.
    "mobile_phone" MobilePhone text,
    /// The fax number.
    "fax" Fax text,
    /// The street.
    "street_address" StreetAddress text,
    /// The town.
    "city" City text,
    /// The state or province.
    "state_or_province" StateOrProvince text,
    /// The postal code.
    "postal_code" PostalCode text,
    /// The country or region.
    "country_or_region" CountryOrRegion text,
    /// The page on the web.
    "web_page" WebPage text,
    /// The name to sign in with, as before Windows 2000.
    "sam_account_name" SamAccountName text,
    /// The name to sign in with.
    "user_principal_name" UserPrincipalName text,
}

sparse! {
    /// Conditions of a precanned filter. Values of one are alternatives; all that are set must hold.
    Conditions of
    /// A condition of a precanned filter.
    Condition;
    /// The company is one of these.
    "conditional_company" ConditionalCompany list,
    /// The department is one of these.
    "conditional_department" ConditionalDepartment list,
    /// The state or province is one of these.
    "conditional_state_or_province" ConditionalStateOrProvince list,
    /// This attribute of the organisation's own is one of these.
    "conditional_custom_attribute1" ConditionalCustomAttribute1 list,
    /// This attribute of the organisation's own is one of these.
    "conditional_custom_attribute2" ConditionalCustomAttribute2 list,
    /// This attribute of the organisation's own is one of these.
    "conditional_custom_attribute3" ConditionalCustomAttribute3 list,
    /// This attribute of the organisation's own is one of these.
    "conditional_custom_attribute4" ConditionalCustomAttribute4 list,
    /// This attribute of the organisation's own is one of these.
    "conditional_custom_attribute5" ConditionalCustomAttribute5 list,
    /// This attribute of the organisation's own is one of these.
    "conditional_custom_attribute6" ConditionalCustomAttribute6 list,
    /// This attribute of the organisation's own is one of these.
    "conditional_custom_attribute7" ConditionalCustomAttribute7 list,
    /// This attribute of the organisation's own is one of these.
    "conditional_custom_attribute8" ConditionalCustomAttribute8 list,
    /// This attribute of the organisation's own is one of these.
    "conditional_custom_attribute9" ConditionalCustomAttribute9 list,
    /// This attribute of the organisation's own is one of these.
    "conditional_custom_attribute10" ConditionalCustomAttribute10 list,
    /// This attribute of the organisation's own is one of these.
    "conditional_custom_attribute11" ConditionalCustomAttribute11 list,
    /// This attribute of the organisation's own is one of these.
    "conditional_custom_attribute12" ConditionalCustomAttribute12 list,
    /// This attribute of the organisation's own is one of these.
    "conditional_custom_attribute13" ConditionalCustomAttribute13 list,
    /// This attribute of the organisation's own is one of these.
    "conditional_custom_attribute14" ConditionalCustomAttribute14 list,
    /// This attribute of the organisation's own is one of these.
    "conditional_custom_attribute15" ConditionalCustomAttribute15 list,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::{Property, PropertyType};

    #[test]
    fn a_filter_reads_every_attribute_under_its_own_name() {
        let common = CommonAttribute::ALL
            .iter()
            .map(|a| (a.exchange_name(), a.is_list()));
        let personal = PersonalAttribute::ALL
            .iter()
            .map(|a| (a.exchange_name(), a.is_list()));
        for (name, is_list) in common.chain(personal) {
            let property = Property::find(name).unwrap();
            assert_eq!(property.name(), name);
            assert_eq!(property.kind() == PropertyType::Texts, is_list, "{name}");
        }
        for condition in Condition::ALL {
            let name = condition
                .exchange_name()
                .strip_prefix("Conditional")
                .unwrap();
            assert!(Property::find(name).is_some(), "{name}");
        }
    }

    #[test]
    fn what_is_unset_takes_no_room() {
        let mut of = CommonAttributes::default();
        assert_eq!(serde_json::to_string(&of).unwrap(), "{}");
        of.set(CommonAttribute::ExtensionCustomAttribute2, "b");
        of.set(CommonAttribute::CustomAttribute1, "Ignore");
        let text = r#"{"custom_attribute1":"Ignore","extension_custom_attribute2":["b"]}"#;
        assert_eq!(serde_json::to_string(&of).unwrap(), text);
        assert_eq!(serde_json::from_str::<CommonAttributes>(text).unwrap(), of);
        of.set(CommonAttribute::CustomAttribute1, "");
        of.set_list(CommonAttribute::ExtensionCustomAttribute2, &[]);
        assert!(of.is_empty());
    }

    #[test]
    fn a_value_of_the_wrong_type_is_named() {
        let wrong = |text: &str| {
            let error = serde_json::from_str::<CommonAttributes>(text).unwrap_err();
            error.to_string()
        };
        assert!(wrong(r#"{"notes":5}"#).starts_with("notes: expected a text"));
        assert!(wrong(r#"{"extension_custom_attribute1":5}"#).contains("expected a list"));
        let one = r#"{"extension_custom_attribute1":"Ignore"}"#;
        let one: CommonAttributes = serde_json::from_str(one).unwrap();
        assert_eq!(
            one.list(CommonAttribute::ExtensionCustomAttribute1),
            ["Ignore"]
        );
    }
}
