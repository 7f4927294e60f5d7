//! Recipients of every kind, by the recipient filter language.

use mailward_api::{
    fault::Fault,
    operation::request,
    view::{FoundRecipient, RecipientList},
};
use mailward_directory::filter::{self, Filter, FilterError, Property};
use mailward_model::{
    Object,
    kind::{CommonAttribute, OrganizationalUnit},
};

use super::{Access, blocking, failed};

/// The primary address of a recipient, and its name.
fn view(object: &Object, details: Option<&str>) -> Option<FoundRecipient> {
    let recipient = object.spec.recipient()?;
    Some(FoundRecipient {
        name: object.name.clone(),
        address: recipient.address().to_string(),
        recipient_type: details.unwrap_or_default().to_owned(),
    })
}

/// Whether a recipient goes by this name, alias or address.
pub(super) fn goes_by(object: &Object, name: &str) -> bool {
    let Some(recipient) = object.spec.recipient() else {
        return object.name.eq_ignore_ascii_case(name);
    };
    let is_it = |text: &str| text.eq_ignore_ascii_case(name);
    let alias = recipient.attributes().text(CommonAttribute::Alias);
    let mut addresses = std::iter::once(recipient.address()).chain(recipient.proxy_addresses());
    is_it(&object.name)
        || alias.is_some_and(is_it)
        || addresses.any(|address| is_it(&address.to_string()))
}

impl Access {
    pub(super) async fn recipient_list(
        &self,
        r: request::RecipientList,
    ) -> Result<RecipientList, Fault> {
        let filter = r.filter.as_deref().map(str::parse::<Filter>).transpose();
        let filter = filter.map_err(|error: FilterError| {
            Fault::invalid(format!("the filter cannot be used: {error}"), "").at("filter")
        })?;
        let store = self.store.clone();
        blocking(move || {
            let objects = store.all().map_err(|error| failed(&error))?;
            let mut list = RecipientList {
                filter: filter.as_ref().map(ToString::to_string),
                recipients: Vec::new(),
                fitting: 0,
                all: 0,
            };
            for object in &objects {
                let Some(of) = filter::attributes(object) else {
                    continue;
                };
                list.all += 1;
                let fits = filter.as_ref().is_none_or(|filter| filter.matches(&of));
                let within = |unit: &OrganizationalUnit| {
                    let own = object
                        .spec
                        .recipient()
                        .and_then(|one| one.organizational_unit());
                    own.is_some_and(|own| unit.contains(own))
                };
                let is_within = r.organizational_unit.as_ref().is_none_or(within);
                let is_meant = r
                    .identity
                    .as_deref()
                    .is_none_or(|name| goes_by(object, name));
                if fits && is_within && is_meant {
                    list.fitting += 1;
                    list.recipients
                        .extend(view(object, of.word(Property::RecipientTypeDetails)));
                }
            }
            list.recipients
                .sort_by_cached_key(|one| one.name.to_lowercase());
            list.recipients
                .truncate(usize::try_from(r.limit).unwrap_or(usize::MAX));
            Ok(list)
        })
        .await
    }
}
