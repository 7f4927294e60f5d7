//! The system's own tools for accounts and groups, with what they say read strictly: `getent` asks,
//! `gpasswd` changes.
//!
//! Invariant: no name stands on a command line that [`AccountName`] would refuse.

use mailward_host::accounts::{self, ToolError, run};
use mailward_model::{
    kind::AccountName,
    policy::{
        MemberChange,
        account::{Account, Candidate, Group},
    },
};

/// Those whom a name may mean, the host's own first.
pub(super) async fn candidates(
    name: &str,
    domains: &[String],
) -> Result<Vec<Candidate>, ToolError> {
    let is_account = |line: &str| Account::parse(line).is_none_or(|account| account.answers(name));
    let mut candidates = Vec::new();
    for found in accounts::find(name, domains, is_account).await? {
        let (account, group) = (found.account.as_deref(), found.group.as_deref());
        let read = Candidate::read(name, &found.source, account, group);
        candidates.extend(read.map_err(|line| ToolError::unreadable(&line))?);
    }
    Ok(candidates)
}

/// The host's own group of this name.
pub(super) async fn own_group(name: &str) -> Result<Option<Group>, ToolError> {
    let Some(line) = accounts::own_group(name).await? else {
        return Ok(None);
    };
    let group = Group::parse(&line).ok_or_else(|| ToolError::unreadable(&line))?;
    Ok(group.answers(name).then_some(group))
}

/// The host's own accounts.
pub(super) async fn own_accounts() -> Result<Vec<Account>, ToolError> {
    // A line of the file that is none keeps nobody else from being known.
    let lines = accounts::own_accounts().await?;
    Ok(lines
        .iter()
        .filter_map(|line| Account::parse(line))
        .collect())
}

/// Puts somebody into a group of the host, or takes him out.
pub(super) async fn change(
    group: &AccountName,
    member: &AccountName,
    change: MemberChange,
) -> Result<(), ToolError> {
    let program = "gpasswd";
    let option = match change {
        MemberChange::Add => "--add",
        MemberChange::Remove => "--delete",
    };
    let ended = run(program, &[option, member.as_str(), group.as_str()]).await?;
    match ended.code {
        Some(0) => Ok(()),
        _ => Err(ToolError::Refused {
            program,
            said: ended.complaint,
        }),
    }
}
