//! Filters as they are asked with, and what they must know beside the objects they are asked of.

use mailward_api::fault::Fault;
use mailward_directory::filter::{
    Catalogue, Filter, FilterError, Listings, Needs, Property, Surroundings, Times,
};
use mailward_model::{Kind, Object};
use mailward_store::Store;

use super::failed;

/// Reads the filter of a request.
pub(super) fn read<P: Catalogue>(filter: &str) -> Result<Filter<P>, Fault> {
    filter.parse().map_err(|error: FilterError| {
        Fault::invalid(format!("the filter cannot be used: {error}"), "").at("filter")
    })
}

/// What filters with these needs must know, now.
pub(super) fn around(
    store: &Store,
    needs: Needs,
    objects: Option<&[Object]>,
) -> Result<Surroundings, Fault> {
    let listings = match (needs.listings, objects) {
        (false, _) => Listings::default(),
        (true, Some(objects)) => Listings::of(objects),
        (true, None) => {
            let groups = store.list(Kind::DistributionGroup);
            Listings::of(&groups.map_err(|error| failed(&error))?)
        }
    };
    Ok(Surroundings {
        listings,
        times: times(store, needs, None)?,
    })
}

/// When objects were made and changed, where somebody needs to know: until a moment, or now.
pub(super) fn times(store: &Store, needs: Needs, until: Option<u64>) -> Result<Times, Fault> {
    match needs.times {
        true => store.times(until).map_err(|error| failed(&error)),
        false => Ok(Times::default()),
    }
}

/// Refuses a filter that names a group which lists nobody because it is not there.
pub(super) fn know_groups(filter: &Filter<Property>, objects: &[Object]) -> Result<(), Fault> {
    let groups = objects
        .iter()
        .filter(|object| object.spec.kind() == Kind::DistributionGroup);
    let known: Vec<String> = groups
        .flat_map(|group| {
            let address = group.spec.recipient().map(|one| one.address().to_string());
            std::iter::once(group.name.clone()).chain(address)
        })
        .map(|name| name.to_lowercase())
        .collect();
    let unknown = filter
        .named_groups()
        .into_iter()
        .find(|name| !known.iter().any(|one| one == name));
    let Some(name) = unknown else {
        return Ok(());
    };
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let list =
        "MemberOfGroup takes a distribution group: `mailward distribution-group list` shows them";
    Err(super::unknown("distribution group", name, &known, list).at("filter"))
}
