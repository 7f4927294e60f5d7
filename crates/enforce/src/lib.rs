//! The one privileged hand: what objects and feeds mean for this host is put onto it.
//!
//! That is the firewall, a table of Mailward's own in nftables with the ranges that receive connectors
//! take, and the host's groups as policies say ([`Groups`]). [`gates`] says what belongs into it (pure), [`Nft`] runs the program that puts it
//! there, [`Firewall`] keeps both in step and mends what others change.
//!
//! Never here: anything that a stranger sent. Feeds are read as transport has judged and kept them.
//!
//! Invariant: no table but Mailward's own is touched. A port that some receive connector serves for
//! everybody is not closed to anybody.
#![forbid(unsafe_code)]

mod firewall;
mod groups;
mod nft;
mod table;

pub use firewall::Firewall;
pub use groups::{Groups, GroupsDesk};
pub use nft::{Nft, NftError};
pub use table::{Gate, gates, text};
