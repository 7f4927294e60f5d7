//! What passes the header firewall, what is converted, and what was taken out.

use mailward_model::kind::HeaderFamily;

/// A change of family on the way from one half of an organisation to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conversion {
    /// Coming in from the other half: cross-premises fields become organization ones.
    ToOrganization,
    /// Going out to it: organization fields become cross-premises ones.
    ToCrossPremises,
}

impl Conversion {
    pub(super) fn from(self) -> HeaderFamily {
        match self {
            Conversion::ToOrganization => HeaderFamily::CrossPremises,
            Conversion::ToCrossPremises => HeaderFamily::Organization,
        }
    }

    pub(super) fn to(self) -> HeaderFamily {
        match self {
            Conversion::ToOrganization => HeaderFamily::Organization,
            Conversion::ToCrossPremises => HeaderFamily::CrossPremises,
        }
    }
}

/// What becomes of a field.
pub(super) enum Fate {
    Passes,
    TakenOut,
    /// By its whole name: one that is converted is, one that a mailbox is given passes; taken out
    /// otherwise.
    ByName,
}

/// The fields that pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Keep {
    pub(super) families: u8,
    pub(super) routing: bool,
    /// Of the organization's those alone that a mailbox is given.
    pub(super) mailbox: bool,
    pub(super) conversion: Option<Conversion>,
}

impl Keep {
    /// None passes, and none that says which way the message came.
    pub const NOTHING: Keep = Keep {
        families: 0,
        routing: false,
        mailbox: false,
        conversion: None,
    };
    /// Every field passes.
    pub const ALL: Keep = Keep {
        families: u8::MAX,
        routing: true,
        ..Keep::NOTHING
    };
    /// What a mailbox is given: which way the message came, and seven organization fields.
    pub const MAILBOX: Keep = Keep {
        routing: true,
        mailbox: true,
        ..Keep::NOTHING
    };

    /// These families pass.
    pub fn of(families: &[HeaderFamily]) -> Keep {
        families
            .iter()
            .fold(Keep::NOTHING, |keep, family| keep.and(*family))
    }

    /// This one passes too.
    #[must_use]
    pub fn and(self, family: HeaderFamily) -> Keep {
        Keep {
            families: self.families | 1 << family as u8,
            ..self
        }
    }

    /// Whether the fields pass that say which way the message came.
    #[must_use]
    pub fn with_routing(self, routing: bool) -> Keep {
        Keep { routing, ..self }
    }

    /// Fields are converted. Those of the family that they become which the message has already are
    /// taken out: the converted ones stand in their place.
    #[must_use]
    pub fn converting(self, conversion: Conversion) -> Keep {
        Keep {
            conversion: Some(conversion),
            ..self
        }
    }

    /// Whether a family passes as it is.
    pub fn has(self, family: HeaderFamily) -> bool {
        matches!(self.fate(family), Fate::Passes)
    }

    /// Whether the fields pass that say which way the message came.
    pub fn has_routing(self) -> bool {
        self.routing
    }

    /// What is converted.
    pub fn conversion(self) -> Option<Conversion> {
        self.conversion
    }

    pub(super) fn fate(self, family: HeaderFamily) -> Fate {
        match self.conversion {
            Some(conversion) if conversion.from() == family => Fate::ByName,
            Some(conversion) if conversion.to() == family => Fate::TakenOut,
            _ if self.families & 1 << family as u8 != 0 => Fate::Passes,
            None if self.mailbox && family == HeaderFamily::Organization => Fate::ByName,
            _ => Fate::TakenOut,
        }
    }
}

/// Fields that were taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stripped {
    /// Of `X-MS-Exchange-Organization-*`.
    pub organization: u64,
    /// Of `X-MS-Exchange-Forest-*`.
    pub forest: u64,
    /// Of `X-MS-Exchange-CrossPremises-*`.
    pub cross_premises: u64,
    /// `Received` and `Resent-*`.
    pub routing: u64,
}

impl Stripped {
    /// A field of a family, or one that says which way the message came.
    pub(super) fn add(&mut self, family: Option<HeaderFamily>) {
        *match family {
            Some(HeaderFamily::Organization) => &mut self.organization,
            Some(HeaderFamily::Forest) => &mut self.forest,
            Some(HeaderFamily::CrossPremises) => &mut self.cross_premises,
            None => &mut self.routing,
        } += 1;
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.organization + self.forest + self.cross_premises + self.routing
    }
}
