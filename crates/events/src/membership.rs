//! The event of a membership that policies have changed.

use mailward_model::policy::MemberChange;

use crate::Event;

impl Event {
    /// Somebody was put into a group, or taken out of one. `policy` says so; it is empty where none
    /// speaks of it any more.
    pub fn group_member(
        change: MemberChange,
        group: String,
        member: String,
        policy: &str,
        because: String,
    ) -> Event {
        let policy = match policy {
            "" => "no policy".to_owned(),
            name => format!("policy {name}"),
        };
        match change {
            MemberChange::Add => Event::GroupMemberAdded {
                group,
                member,
                policy,
                because,
            },
            MemberChange::Remove => Event::GroupMemberRemoved {
                group,
                member,
                policy,
                because,
            },
        }
    }
}
