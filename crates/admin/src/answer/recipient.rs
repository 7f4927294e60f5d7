//! Recipients of every kind, by the recipient filter language.

use mailward_api::{
    fault::{Fault, FaultKind},
    operation::request,
    view::{ExportText, FoundRecipient, Held, PlanView, RecipientList},
};
use mailward_directory::filter::{self, Filter, FilterError, Property};
use mailward_model::Object;

use super::{
    Access, blocking, failed,
    object::{effect, refused},
};
use crate::{peer::Peer, recipients};

/// The primary address of a recipient, and its name.
fn view(object: &Object, details: Option<&str>) -> Option<FoundRecipient> {
    let recipient = object.spec.recipient()?;
    Some(FoundRecipient {
        name: object.name.clone(),
        address: recipient.address().to_string(),
        recipient_type: details.unwrap_or_default().to_owned(),
    })
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
                if filter.as_ref().is_none_or(|filter| filter.matches(&of)) {
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
