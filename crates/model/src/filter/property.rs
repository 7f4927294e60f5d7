//! The catalogue of properties a filter may read: names as Exchange spells them, each with its type.

/// What kind of values a property has, and so which operators it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PropertyType {
    /// One text, compared without regard to case.
    Text,
    /// Several texts: a comparison holds where it holds for one of them.
    Texts,
    /// `$true` or `$false`; not set is `$false`.
    Truth,
    /// One of a list of words, or its number.
    Choice(&'static [(&'static str, i64)]),
    /// A whole number.
    Number,
    /// A moment.
    Date,
    /// Another object, by its name or address; of a distinguished name the first part counts.
    Link,
    /// Several other objects: a comparison holds where it holds for one of them.
    Links,
}

impl PropertyType {
    /// The type for people.
    pub fn noun(self) -> &'static str {
        match self {
            PropertyType::Text => "a text",
            PropertyType::Texts => "a list of texts",
            PropertyType::Truth => "$true or $false",
            PropertyType::Choice(_) => "one of a list of words",
            PropertyType::Number => "a number",
            PropertyType::Date => "a date",
            PropertyType::Link => "the name of another object",
            PropertyType::Links => "a list of names of other objects",
        }
    }
}

/// The properties of one sort of thing, as filters over such things read them.
pub trait Catalogue: Copy + Ord + std::fmt::Debug + 'static {
    /// Every property.
    const ALL: &'static [Self];
    /// A comparison, as an example for whoever wrote none.
    const EXAMPLE: &'static str;
    /// Properties that Exchange has and that are not kept here, each with what to do instead.
    const ABSENT: &'static [(&'static str, &'static str)];

    /// The name, as Exchange spells it.
    fn name(self) -> &'static str;

    /// The type of its values.
    fn kind(self) -> PropertyType;

    /// The property of this name, in any case.
    fn find(name: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|property| property.name().eq_ignore_ascii_case(name))
    }

    /// The property whose name is nearest to a misspelt one, where one is near.
    fn nearest(name: &str) -> Option<Self> {
        let lower = name.to_lowercase();
        let distance = |property: Self| {
            let known = property.name().to_ascii_lowercase();
            strsim::damerau_levenshtein(&lower, &known)
        };
        Self::ALL
            .iter()
            .map(|property| (distance(*property), *property))
            .filter(|(distance, property)| distance * 3 <= property.name().len().max(3))
            .min()
            .map(|(_, property)| property)
    }

    /// What to do in place of a property that is not kept here; `None` for any other name.
    fn instead(name: &str) -> Option<&'static str> {
        let mut absent = Self::ABSENT.iter();
        absent
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, instead)| *instead)
    }

    /// The number of a word, where the property's type has words.
    fn number(self, word: &str) -> Option<i64> {
        let PropertyType::Choice(words) = self.kind() else {
            return None;
        };
        let known = words.iter().find(|(known, _)| *known == word);
        known.map(|(_, number)| *number)
    }
}

/// Defines a catalogue from one table, which begins with an example and what is not kept.
macro_rules! catalogue {
    (
        $(#[$meta:meta])* $catalogue:ident $example:literal, $absent:expr;
        $($(#[$doc:meta])* $name:ident $kind:expr,)*
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $catalogue { $($(#[$doc])* $name,)* }

        impl $catalogue {
            /// Every property.
            pub const ALL: &'static [$catalogue] = &[$($catalogue::$name,)*];

            /// The name, as Exchange spells it.
            pub fn name(self) -> &'static str {
                match self { $($catalogue::$name => stringify!($name),)* }
            }

            /// The type of its values.
            pub fn kind(self) -> $crate::filter::PropertyType {
                match self { $($catalogue::$name => $kind,)* }
            }

            /// The property of this name, in any case.
            pub fn find(name: &str) -> Option<$catalogue> {
                <$catalogue as $crate::filter::Catalogue>::find(name)
            }
        }

        impl $crate::filter::Catalogue for $catalogue {
            const ALL: &'static [Self] = $catalogue::ALL;
            const EXAMPLE: &'static str = $example;
            const ABSENT: &'static [(&'static str, &'static str)] = $absent;

            fn name(self) -> &'static str {
                $catalogue::name(self)
            }

            fn kind(self) -> $crate::filter::PropertyType {
                $catalogue::kind(self)
            }
        }
    };
}
pub(super) use catalogue;

use PropertyType::{Choice, Date, Link, Links, Number, Text, Texts, Truth};

/// What to write in place of properties of recipients that nothing here has.
const ABSENT: &[(&str, &str)] = &[
    (
        "Database",
        "mail is kept in Maildirs; filter by RecipientTypeDetails or an attribute of your own",
    ),
    // In Exchange it is the server whose database a mailbox is in. Here a mailbox is in no node's
    // database: nodes share the objects, and each delivers to the Maildir that it has, or to the
    // connector that the mailbox names. Whatever it would be said to be, a filter would fit
    // other recipients on another node.
    (
        "ServerName",
        "a mailbox belongs to no node, for every node serves every recipient; leave it out, or filter by OrganizationalUnit or an attribute of your own",
    ),
    ("ResourceMetaData", "use ResourceType -ne $null"),
    (
        "ExchangeUserAccountControl",
        "disabled accounts are told by their source; filter by an attribute of your own",
    ),
    ("IsMailboxEnabled", "every mailbox is; leave it out"),
    ("ObjectClass", "use RecipientType"),
    ("DistinguishedName", "use Name, or OrganizationalUnit"),
    ("Guid", "use Name"),
];

catalogue! {
    /// A property of a recipient.
    Property "Department -eq 'Sales'", ABSENT;
    /// The mail nickname.
    Alias Text,
    /// The town.
    City Text,
    /// The common name.
    CommonName Text,
    /// The company.
    Company Text,
    /// The country or region.
    CountryOrRegion Text,
    /// An attribute of the organisation's own.
    CustomAttribute1 Text,
    /// An attribute of the organisation's own.
    CustomAttribute2 Text,
    /// An attribute of the organisation's own.
    CustomAttribute3 Text,
    /// An attribute of the organisation's own.
    CustomAttribute4 Text,
    /// An attribute of the organisation's own.
    CustomAttribute5 Text,
    /// An attribute of the organisation's own.
    CustomAttribute6 Text,
    /// An attribute of the organisation's own.
    CustomAttribute7 Text,
    /// An attribute of the organisation's own.
    CustomAttribute8 Text,
    /// An attribute of the organisation's own.
    CustomAttribute9 Text,
    /// An attribute of the organisation's own.
    CustomAttribute10 Text,
    /// An attribute of the organisation's own.
    CustomAttribute11 Text,
    /// An attribute of the organisation's own.
    CustomAttribute12 Text,
    /// An attribute of the organisation's own.
    CustomAttribute13 Text,
    /// An attribute of the organisation's own.
    CustomAttribute14 Text,
    /// An attribute of the organisation's own.
    CustomAttribute15 Text,
    /// The department.
    Department Text,
    /// The name shown.
    DisplayName Text,
    /// All addresses, the primary one among them.
    EmailAddresses Texts,
    /// A list of the organisation's own.
    ExtensionCustomAttribute1 Texts,
    /// A list of the organisation's own.
    ExtensionCustomAttribute2 Texts,
    /// A list of the organisation's own.
    ExtensionCustomAttribute3 Texts,
    /// A list of the organisation's own.
    ExtensionCustomAttribute4 Texts,
    /// A list of the organisation's own.
    ExtensionCustomAttribute5 Texts,
    /// Where a contact's mail goes.
    ExternalEmailAddress Text,
    /// The fax number.
    Fax Text,
    /// The given name.
    FirstName Text,
    /// The recipient its mail is forwarded to.
    ForwardingAddress Link,
    /// The address its mail is forwarded to.
    ForwardingSmtpAddress Text,
    /// Left out of address lists.
    HiddenFromAddressListsEnabled Truth,
    /// The family name.
    LastName Text,
    /// The manager.
    Manager Link,
    /// Who looks after a group, by address.
    ManagedBy Links,
    /// The groups of listed members that list it, by name or address.
    MemberOfGroup Links,
    /// The mobile telephone number.
    MobilePhone Text,
    /// The object's name.
    Name Text,
    /// Notes.
    Notes Text,
    /// The office.
    Office Text,
    /// The path of the organisational unit.
    OrganizationalUnit Text,
    /// The telephone number.
    Phone Text,
    /// The postal code.
    PostalCode Text,
    /// The primary address.
    PrimarySmtpAddress Text,
    /// The kind of recipient, as address books show it.
    RecipientDisplayType Choice(RECIPIENT_DISPLAY_TYPES),
    /// The kind of recipient, coarsely.
    RecipientType Choice(RECIPIENT_TYPES),
    /// The kind of recipient, finely.
    RecipientTypeDetails Choice(RECIPIENT_TYPE_DETAILS),
    /// The same, under the name that stored filters use.
    RecipientTypeDetailsValue Choice(RECIPIENT_TYPE_DETAILS),
    /// How many a room or a piece of equipment is for.
    ResourceCapacity Number,
    /// What a room or a piece of equipment is.
    ResourceType Choice(RESOURCE_TYPES),
    /// The name before Windows 2000.
    SamAccountName Text,
    /// The state or province.
    StateOrProvince Text,
    /// The street.
    StreetAddress Text,
    /// The title.
    Title Text,
    /// The name to sign in with.
    UserPrincipalName Text,
    /// The page on the web.
    WebPage Text,
    /// When it was changed.
    WhenChanged Date,
    /// When it was made.
    WhenCreated Date,
    /// When a mailbox was made.
    WhenMailboxCreated Date,
    /// The primary address, as Windows has it.
    WindowsEmailAddress Text,
}

/// The values of RecipientType. Exchange numbers them for itself; only the words are used.
const RECIPIENT_TYPES: &[(&str, i64)] = &[
    ("UserMailbox", 1),
    ("MailUser", 2),
    ("MailContact", 3),
    ("MailUniversalDistributionGroup", 4),
    ("MailUniversalSecurityGroup", 5),
    ("MailNonUniversalGroup", 6),
    ("DynamicDistributionGroup", 7),
    ("PublicFolder", 8),
];

/// The values of RecipientDisplayType with the numbers of msExchRecipientDisplayType. The bit 2³⁰
/// says that permissions can be given to it, the sign that it came from another forest.
const RECIPIENT_DISPLAY_TYPES: &[(&str, i64)] = &[
    ("MailboxUser", 0),
    ("DistributionGroup", 1),
    ("PublicFolder", 2),
    ("DynamicDistributionGroup", 3),
    ("Organization", 4),
    ("PrivateDistributionList", 5),
    ("RemoteMailUser", 6),
    ("ConferenceRoomMailbox", 7),
    ("EquipmentMailbox", 8),
    ("ArbitrationMailbox", 10),
    ("MailboxPlan", 11),
    ("LinkedUser", 12),
    ("RoomList", 15),
    ("ACLableMailboxUser", 1 << 30),
    ("ACLableRemoteMailUser", (1 << 30) + 6),
    ("SecurityDistributionGroup", (1 << 30) + 9),
    ("SyncedMailboxUser", -2_147_483_642),
    ("SyncedConferenceRoomMailbox", -2_147_481_850),
    ("SyncedEquipmentMailbox", -2_147_481_594),
    ("SyncedRemoteMailUser", -2_147_482_106),
    ("SyncedDynamicDistributionGroup", -2_147_482_874),
    ("SyncedPublicFolder", -2_147_483_130),
    ("ACLableSyncedMailboxUser", -1_073_741_818),
    ("ACLableSyncedRemoteMailUser", -1_073_740_282),
];

/// How address books show a kind of recipient, by its RecipientTypeDetails. Every mailbox of a
/// person is one that permissions can be given to, and so is a shared one.
fn display_type(fine: &str) -> &'static str {
    match fine {
        "RoomMailbox" => "ConferenceRoomMailbox",
        "EquipmentMailbox" => "EquipmentMailbox",
        "ArbitrationMailbox" => "ArbitrationMailbox",
        "MailContact" | "MailUser" => "RemoteMailUser",
        "MailUniversalDistributionGroup" => "DistributionGroup",
        "MailUniversalSecurityGroup" => "SecurityDistributionGroup",
        "DynamicDistributionGroup" => "DynamicDistributionGroup",
        _ => "ACLableMailboxUser",
    }
}

/// Sets what kind of recipient it is, under each of the names for it.
pub(super) fn set_kind(of: &mut super::Attributes, coarse: &str, fine: &str) {
    of.set(Property::RecipientType, coarse);
    of.set(Property::RecipientTypeDetails, fine);
    of.set(Property::RecipientTypeDetailsValue, fine);
    of.set(Property::RecipientDisplayType, display_type(fine));
}

/// The values of ResourceType.
const RESOURCE_TYPES: &[(&str, i64)] = &[("Room", 1), ("Equipment", 2)];

/// The values of RecipientTypeDetails with the numbers of msExchRecipientTypeDetails.
const RECIPIENT_TYPE_DETAILS: &[(&str, i64)] = &[
    ("UserMailbox", 1),
    ("LinkedMailbox", 1 << 1),
    ("SharedMailbox", 1 << 2),
    ("LegacyMailbox", 1 << 3),
    ("RoomMailbox", 1 << 4),
    ("EquipmentMailbox", 1 << 5),
    ("MailContact", 1 << 6),
    ("MailUser", 1 << 7),
    ("MailUniversalDistributionGroup", 1 << 8),
    ("MailNonUniversalGroup", 1 << 9),
    ("MailUniversalSecurityGroup", 1 << 10),
    ("DynamicDistributionGroup", 1 << 11),
    ("PublicFolder", 1 << 12),
    ("PublicFolderMailbox", 1 << 36),
    ("SystemAttendantMailbox", 1 << 13),
    ("SystemMailbox", 1 << 14),
    ("MailForestContact", 1 << 15),
    ("User", 1 << 16),
    ("Contact", 1 << 17),
    ("UniversalDistributionGroup", 1 << 18),
    ("UniversalSecurityGroup", 1 << 19),
    ("NonUniversalGroup", 1 << 20),
    ("DisabledUser", 1 << 21),
    ("MicrosoftExchange", 1 << 22),
    ("ArbitrationMailbox", 1 << 23),
    ("MailboxPlan", 1 << 24),
    ("LinkedUser", 1 << 25),
    ("RoomList", 1 << 28),
    ("DiscoveryMailbox", 1 << 29),
    ("RoleGroup", 1 << 30),
    ("RemoteUserMailbox", 1 << 31),
    ("RemoteRoomMailbox", 1 << 33),
    ("RemoteEquipmentMailbox", 1 << 34),
    ("RemoteSharedMailbox", 1 << 35),
    ("MonitoringMailbox", 1 << 39),
    // Words that newer servers write behind stored filters.
    ("GroupMailbox", 1 << 40),
    ("AuditLogMailbox", 1 << 42),
    ("AuxAuditLogMailbox", 1 << 46),
    ("SupervisoryReviewPolicyMailbox", 1 << 47),
];

/// The word of a property's value, where its type has words.
pub(super) fn word<P: Catalogue>(property: P, number: i64) -> Option<&'static str> {
    let PropertyType::Choice(words) = property.kind() else {
        return None;
    };
    let known = words.iter().find(|(_, known)| *known == number);
    known.map(|(word, _)| *word)
}
