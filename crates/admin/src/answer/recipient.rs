//! Recipients of every kind, by the recipient filter language.

use mailward_api::{
    fault::{Fault, FaultKind},
    operation::request,
    view::{ExportText, FoundRecipient, Held, PlanView, RecipientList},
};
use mailward_directory::filter::{
    self, Attributes, Filter, Property, Surroundings, is_system, system_exclusions,
};
use mailward_model::{
    Object,
    kind::{CommonAttribute, OrganizationalUnit},
};

use super::{
    Access,
    around::{around, know_groups, read},
    blocking, failed,
    group::warnings,
    object::{effect, refused},
};
use crate::{peer::Peer, recipients};

/// The recipient an object is, with what its filter properties say.
fn view(object: &Object, of: &Attributes) -> Option<FoundRecipient> {
    let recipient = object.spec.recipient()?;
    let details = of.word(Property::RecipientTypeDetails);
    Some(FoundRecipient {
        name: object.name.clone(),
        address: recipient.address().to_string(),
        recipient_type: details.unwrap_or_default().to_owned(),
    })
}

/// The recipient an object is.
pub(super) fn found(object: &Object) -> Option<FoundRecipient> {
    view(object, &filter::attributes(object)?)
}

fn is_within(object: &Object, container: Option<&OrganizationalUnit>) -> bool {
    let unit = object
        .spec
        .recipient()
        .and_then(|recipient| recipient.organizational_unit());
    container.is_none_or(|container| unit.is_some_and(|unit| container.contains(unit)))
}

/// The recipients among these objects that fit, by name.
fn list(
    objects: &[Object],
    around: &Surroundings,
    filter: Option<&Filter>,
    limit: u32,
    counts: impl Fn(&Object, &Attributes) -> bool,
) -> RecipientList {
    let mut list = RecipientList {
        filter: filter.map(ToString::to_string),
        recipients: Vec::new(),
        fitting: 0,
        all: 0,
        system_exclusions: Vec::new(),
        warnings: Vec::new(),
    };
    for object in objects {
        let Some(of) = filter::attributes_among(object, around) else {
            continue;
        };
        list.all += 1;
        if filter.is_none_or(|filter| filter.matches(&of)) && counts(object, &of) {
            list.fitting += 1;
            list.recipients.extend(view(object, &of));
        }
    }
    list.recipients
        .sort_by_cached_key(|one| one.name.to_lowercase());
    list.recipients
        .truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    list
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
        let filter = r.filter.as_deref().map(read::<Property>).transpose()?;
        let store = self.store.clone();
        blocking(move || {
            let objects = store.all().map_err(|error| failed(&error))?;
            let needs = filter.as_ref().map(Filter::needs).unwrap_or_default();
            let around = around(&store, needs, Some(&objects))?;
            if let Some(filter) = &filter {
                know_groups(filter, &objects)?;
            }
            Ok(list(
                &objects,
                &around,
                filter.as_ref(),
                r.limit,
                |object, _| {
                    let named = r.identity.as_deref();
                    is_within(object, r.organizational_unit.as_ref())
                        && named.is_none_or(|name| goes_by(object, name))
                },
            ))
        })
        .await
    }

    pub(super) async fn recipient_preview(
        &self,
        r: request::RecipientPreview,
    ) -> Result<RecipientList, Fault> {
        let filter = read::<Property>(&r.filter)?.without_system_exclusions();
        let store = self.store.clone();
        blocking(move || {
            let objects = store.all().map_err(|error| failed(&error))?;
            let container = r.container.as_ref();
            know_groups(&filter, &objects)?;
            let around = around(&store, filter.needs(), Some(&objects))?;
            let list = list(&objects, &around, Some(&filter), r.limit, |object, of| {
                !is_system(of) && is_within(object, container)
            });
            Ok(RecipientList {
                system_exclusions: system_exclusions(),
                warnings: warnings(&filter, &objects),
                ..list
            })
        })
        .await
    }

    pub(super) async fn recipient_export(
        &self,
        r: request::RecipientExport,
    ) -> Result<ExportText, Fault> {
        let store = self.store.clone();
        blocking(move || {
            let (objects, revision) = store.all_at().map_err(|error| failed(&error))?;
            Ok(ExportText {
                text: recipients::write(&objects, r.format),
                revision,
            })
        })
        .await
    }

    pub(super) async fn recipient_import(
        &self,
        r: request::RecipientImport,
        peer: Peer,
    ) -> Result<PlanView, Fault> {
        let access = self.for_blocking();
        blocking(move || {
            let (objects, revision) = access.store.all_at().map_err(|error| failed(&error))?;
            if let Some(wanted) = r.revision.filter(|wanted| *wanted != revision.0) {
                return Err(Fault::new(
                    FaultKind::Conflict,
                    format!("the objects are at revision {revision}, not {wanted}: someone has changed them"),
                    "look at the plan again, and import it from there",
                ));
            }
            let import = recipients::plan(&objects, &r.text, r.format, r.remove_missing)
                .map_err(|errors| Fault::broken_rules("the table cannot be imported", errors))?;
            let held = import.held(r.remove_share_max).map(|because| Held {
                because,
                removals: import.removals,
            });
            if r.dry_run || import.changes.is_empty() {
                let effects: Vec<_> = import.effects.iter().map(effect).collect();
                access
                    .store
                    .check(import.changes)
                    .map_err(|error| refused(&error))?;
                return Ok(PlanView {
                    applied: !r.dry_run,
                    effects,
                    revision,
                    held,
                });
            }
            match held {
                // The very number: a table that was cut short since removes more.
                Some(held) if r.allow_removals != Some(held.removals) => Err(Fault::new(
                    FaultKind::Refused,
                    held.because,
                    format!(
                        "look whether the table is whole; --allow-removals {} does it all the same",
                        held.removals
                    ),
                )),
                _ => access.carry_out(import.changes, &import.effects, peer),
            }
        })
        .await
    }
}
