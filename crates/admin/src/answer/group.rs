//! Groups: who belongs, who did, and what an edit would change. Nothing is changed here.

use std::collections::{BTreeMap, HashMap};

use mailward_api::{
    assignment::{edit, fields_of, spec_of},
    fault::Fault,
    operation::request,
    view::{FoundRecipient, GroupMembers, GroupPreview},
};
use mailward_directory::{
    Criterion, Directory,
    filter::{self, Filter, Listings, Surroundings, Times, Unread, system_exclusions},
};
use mailward_model::{EmailAddress, Kind, Object, Spec, kind::Condition, object::Validate};
use mailward_store::Store;
use serde_json::Value;

use super::{
    Access,
    around::{know_groups, times},
    blocking, failed,
    recipient::{found, goes_by},
};

/// Recipients that one warning names.
const NAMED_MAX: usize = 3;

/// The group of a name, an alias or an address, in any case.
fn group<'a>(objects: &'a [Object], name: &str) -> Option<&'a Object> {
    let address = name.parse::<EmailAddress>().ok().map(|a| a.key());
    let is_it = |object: &&Object| {
        let Some(recipient) = object.spec.recipient() else {
            return false;
        };
        let has = |key: &String| {
            let all = std::iter::once(recipient.address()).chain(recipient.proxy_addresses());
            all.into_iter().any(|address| address.key() == *key)
        };
        is_group(object) && (goes_by(object, name) || address.as_ref().is_some_and(has))
    };
    objects.iter().find(is_it)
}

fn is_group(object: &Object) -> bool {
    matches!(
        object.spec,
        Spec::DistributionGroup(_) | Spec::DynamicDistributionGroup(_)
    )
}

fn missing(objects: &[Object], name: &str) -> Fault {
    let groups = objects.iter().filter(|object| is_group(object));
    let known: Vec<&str> = groups.map(|object| object.name.as_str()).collect();
    let list = "`mailward dynamic-distribution-group list` and `mailward distribution-group list` show them";
    super::unknown("group", name, &known, list)
}

/// The filter in force of a dynamic group, without the exclusions.
fn filter_of(spec: &Spec) -> Option<Filter> {
    match spec {
        Spec::DynamicDistributionGroup(group) => group.filter(),
        _ => None,
    }
}

fn exclusions_of(spec: &Spec) -> Vec<String> {
    match spec {
        Spec::DynamicDistributionGroup(_) => system_exclusions(),
        _ => Vec::new(),
    }
}

/// Who belongs to a group directly, by address.
fn direct_members(
    objects: &[Object],
    group: &Object,
    times: &Times,
) -> BTreeMap<String, FoundRecipient> {
    let by_key = |recipient: FoundRecipient| (recipient.address.to_lowercase(), recipient);
    if let Some(criterion) = Criterion::of(group) {
        let listings = match criterion.needs().listings {
            true => Listings::of(objects),
            false => Listings::default(),
        };
        let around = Surroundings {
            listings,
            times: times.clone(),
        };
        let fits = |object: &&Object| criterion.fits(object, &around);
        let members = objects.iter().filter(fits);
        return members.filter_map(found).map(by_key).collect();
    }
    let Spec::DistributionGroup(spec) = &group.spec else {
        return BTreeMap::new();
    };
    let owners = owners(objects);
    let members = spec.members.iter().map(|address| {
        let owner = owners.get(&address.key()).and_then(|object| found(object));
        owner.unwrap_or_else(|| outside(&address.to_string()))
    });
    members.map(by_key).collect()
}

/// An address that no recipient here has.
fn outside(address: &str) -> FoundRecipient {
    FoundRecipient {
        name: address.to_owned(),
        address: address.to_owned(),
        recipient_type: String::new(),
    }
}

/// Who has which address.
fn owners(objects: &[Object]) -> HashMap<String, &Object> {
    let mut owners = HashMap::new();
    for object in objects {
        let Some(recipient) = object.spec.recipient() else {
            continue;
        };
        for address in std::iter::once(recipient.address()).chain(recipient.proxy_addresses()) {
            owners.entry(address.key()).or_insert(object);
        }
    }
    owners
}

fn by_name(mut recipients: Vec<FoundRecipient>, limit: u32) -> Vec<FoundRecipient> {
    recipients.sort_by_cached_key(|one| one.name.to_lowercase());
    recipients.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    recipients
}

/// What is to be thought of about a filter among these objects.
pub(super) fn warnings(filter: &Filter, objects: &[Object]) -> Vec<String> {
    let mut warnings = filter.advice();
    let mut unread: BTreeMap<Unread, Vec<&str>> = BTreeMap::new();
    for object in objects {
        let Some(of) = filter::attributes(object) else {
            continue;
        };
        for one in filter.unread_in(&of) {
            unread.entry(one).or_default().push(&object.name);
        }
    }
    for (Unread { read, found }, names) in unread {
        let shown = names
            .iter()
            .take(NAMED_MAX)
            .copied()
            .collect::<Vec<_>>()
            .join(", ");
        let more = match names.len().saturating_sub(NAMED_MAX) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let (read, found) = (read.name(), found.name());
        warnings.push(format!(
            "{found} has the value that the filter compares {read} with, but the filter does not read {found}: {shown}{more}"
        ));
    }
    warnings
}

/// Warnings that follow from who belongs after an edit.
fn consequences(
    objects: &[Object],
    group: &Object,
    after: usize,
    removed: &[FoundRecipient],
) -> Vec<String> {
    let mut warnings = Vec::new();
    if after == 0 {
        warnings
            .push("nobody would belong: mail to the group would be refused with 5.2.4".to_owned());
    }
    let Some(recipient) = group.spec.recipient() else {
        return warnings;
    };
    let is_for = |address: &EmailAddress| {
        let mut all = std::iter::once(recipient.address()).chain(recipient.proxy_addresses());
        all.any(|own| own.key() == address.key())
    };
    for object in objects {
        if let Spec::JournalRule(rule) = &object.spec
            && rule.enabled
            && !removed.is_empty()
            && rule.recipient.as_ref().is_some_and(is_for)
        {
            warnings.push(format!(
                "journal rule {:?} is for this group: it would not journal the mail of those removed",
                object.name
            ));
        }
    }
    warnings
}

/// The group as the edit would make it.
fn edited(before: &Object, r: &request::GroupPreview) -> Result<Object, Fault> {
    let kind = before.spec.kind();
    let what = format!("{} {:?}", kind.noun(), before.name);
    let mut fields = fields_of(&before.spec);
    if let Some(filter) = &r.filter {
        if kind != Kind::DynamicDistributionGroup {
            let problem = format!("{what} has listed members and no filter");
            return Err(Fault::invalid(problem, "preview members+= and members-=").at("filter"));
        }
        fields.remove("included_recipients");
        for condition in Condition::ALL {
            fields.remove(condition.name());
        }
        fields.insert("recipient_filter".to_owned(), Value::from(filter.as_str()));
    }
    let fields = edit(kind, fields, &r.set).map_err(|errors| Fault::broken_rules(&what, errors))?;
    let spec = spec_of(kind, fields).map_err(|error| Fault::broken_rules(&what, vec![error]))?;
    let errors = spec.validate();
    if !errors.is_empty() {
        return Err(Fault::broken_rules(&what, errors));
    }
    Ok(Object {
        spec,
        ..before.clone()
    })
}

fn preview(store: &Store, r: &request::GroupPreview) -> Result<GroupPreview, Fault> {
    let objects = store.all().map_err(|error| failed(&error))?;
    let before = group(&objects, &r.name).ok_or_else(|| missing(&objects, &r.name))?;
    let after = edited(before, r)?;
    // The group itself may belong to groups, and so must stand among the objects as edited.
    let edited_objects: Vec<Object> = objects
        .iter()
        .map(|object| {
            if object.id == after.id {
                &after
            } else {
                object
            }
        })
        .cloned()
        .collect();
    let needs = |group: &Object| filter_of(&group.spec).map(|one| one.needs());
    let needs = needs(before)
        .unwrap_or_default()
        .and(needs(&after).unwrap_or_default());
    let times = times(store, needs, None)?;
    if let Some(filter) = filter_of(&after.spec) {
        know_groups(&filter, &objects)?;
    }
    let (was, is) = (
        direct_members(&objects, before, &times),
        direct_members(&edited_objects, &after, &times),
    );
    let only = |of: &BTreeMap<String, FoundRecipient>, other: &BTreeMap<String, _>| {
        let only = of.iter().filter(|(key, _)| !other.contains_key(*key));
        only.map(|(_, one)| one.clone()).collect::<Vec<_>>()
    };
    let (added, removed) = (only(&is, &was), only(&was, &is));
    let filter = filter_of(&after.spec);
    let mut warned = filter
        .as_ref()
        .map_or_else(Vec::new, |filter| warnings(filter, &edited_objects));
    warned.extend(consequences(&objects, &after, is.len(), &removed));
    Ok(GroupPreview {
        group: before.name.clone(),
        filter_before: filter_of(&before.spec).map(|filter| filter.to_string()),
        filter_after: filter.map(|filter| filter.to_string()),
        system_exclusions: exclusions_of(&after.spec),
        added_count: added.len() as u64,
        removed_count: removed.len() as u64,
        members_before: was.len() as u64,
        members_after: is.len() as u64,
        added: by_name(added, r.limit),
        removed: by_name(removed, r.limit),
        warnings: warned,
    })
}

fn members(store: &Store, r: &request::GroupMembers, now: u64) -> Result<GroupMembers, Fault> {
    let at = r.at.as_ref().map(|at| at.unix_ms(now));
    let (objects, revision) = match at {
        Some(at) => store.objects_at(at),
        None => store.all_at(),
    }
    .map_err(|error| failed(&error))?;
    let group = group(&objects, &r.name).ok_or_else(|| missing(&objects, &r.name))?;
    let address = group
        .spec
        .recipient()
        .map(|recipient| recipient.address().clone())
        .ok_or_else(|| missing(&objects, &r.name))?;
    let times = times(store, mailward_directory::needs(&objects), at)?;
    let directory = Directory::build_at(&objects, times);
    let owners = owners(&objects);
    let membership = directory.members(&address);
    let recipients = membership.recipients().filter_map(|no| {
        let key = directory.recipient_of(no)?.address.key();
        found(owners.get(&key)?)
    });
    let members: Vec<_> = recipients
        .chain(membership.addresses().map(outside))
        .collect();
    Ok(GroupMembers {
        group: group.name.clone(),
        address: address.to_string(),
        at_unix_ms: at.unwrap_or(now),
        revision,
        filter: filter_of(&group.spec).map(|filter| filter.to_string()),
        system_exclusions: exclusions_of(&group.spec),
        count: members.len() as u64,
        members: by_name(members, r.limit),
    })
}

impl Access {
    pub(super) async fn group_preview(
        &self,
        r: request::GroupPreview,
    ) -> Result<GroupPreview, Fault> {
        let store = self.store.clone();
        blocking(move || preview(&store, &r)).await
    }

    pub(super) async fn group_members(
        &self,
        r: request::GroupMembers,
    ) -> Result<GroupMembers, Fault> {
        let store = self.store.clone();
        let now = self.now();
        blocking(move || members(&store, &r, now)).await
    }
}
