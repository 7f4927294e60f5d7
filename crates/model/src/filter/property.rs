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
    /// The distinguished name of another object, compared as a whole.
    Link,
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
        }
    }
}

macro_rules! properties {
    ($($(#[$doc:meta])* $name:ident $kind:expr,)*) => {
        /// A property of a recipient.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Property { $($(#[$doc])* $name,)* }

        impl Property {
            /// Every property.
            pub const ALL: &'static [Property] = &[$(Property::$name,)*];

            /// The name, as Exchange spells it.
            pub fn name(self) -> &'static str {
                match self { $(Property::$name => stringify!($name),)* }
            }

            /// The type of its values.
            pub fn kind(self) -> PropertyType {
                match self { $(Property::$name => $kind,)* }
            }
        }
    };
}

use PropertyType::{Choice, Date, Link, Number, Text, Texts, Truth};

properties! {
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
    /// The groups it belongs to.
    MemberOfGroup Link,
    /// The mobile telephone number.
    MobilePhone Text,
    /// The object's name.
    Name Text,
    /// Notes.
    Notes Text,
    /// The office.
    Office Text,
    /// The telephone number.
    Phone Text,
    /// The postal code.
    PostalCode Text,
    /// The primary address.
    PrimarySmtpAddress Text,
    /// The kind of recipient, coarsely.
    RecipientType Choice(RECIPIENT_TYPES),
    /// The kind of recipient, finely.
    RecipientTypeDetails Choice(RECIPIENT_TYPE_DETAILS),
    /// The same, under the name that stored filters use.
    RecipientTypeDetailsValue Choice(RECIPIENT_TYPE_DETAILS),
    /// How many a room or a piece of equipment is for.
    ResourceCapacity Number,
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
pub(super) fn word(property: Property, number: i64) -> Option<&'static str> {
    let PropertyType::Choice(words) = property.kind() else {
        return None;
    };
    let known = words.iter().find(|(_, known)| *known == number);
    known.map(|(word, _)| *word)
}

impl Property {
    /// The number of a word, where the property's type has words.
    pub(super) fn number(self, word: &str) -> Option<i64> {
        let PropertyType::Choice(words) = self.kind() else {
            return None;
        };
        let known = words.iter().find(|(known, _)| *known == word);
        known.map(|(_, number)| *number)
    }

    /// The property of this name, in any case.
    pub fn find(name: &str) -> Option<Property> {
        Property::ALL
            .iter()
            .copied()
            .find(|property| property.name().eq_ignore_ascii_case(name))
    }

    /// The property whose name is nearest to a misspelt one, where one is near.
    pub(super) fn nearest(name: &str) -> Option<Property> {
        let lower = name.to_lowercase();
        let distance = |property: Property| {
            let known = property.name().to_ascii_lowercase();
            strsim::damerau_levenshtein(&lower, &known)
        };
        Property::ALL
            .iter()
            .map(|property| (distance(*property), *property))
            .filter(|(distance, property)| distance * 3 <= property.name().len().max(3))
            .min()
            .map(|(_, property)| property)
    }
}
