//! Random octets from the kernel: at once, or from a supply that asks the kernel seldom.

/// Fills an array with random octets.
///
/// # Errors
/// The kernel's error, where it has no entropy source; nothing then may be signed or named.
pub fn random<const N: usize>() -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    Ok(bytes)
}

/// Octets fetched from the kernel at one time: for a hundred names.
const SUPPLY_OCTETS: usize = 1024;

/// Random octets fetched ahead, for names made thousands of times a second. What was handed out is
/// wiped, so that no name can be learnt from this memory later. Not for keys: those are worth a
/// call of their own ([`random`]).
///
/// A process that forks without `exec` would hand out the same octets twice; Mailward never does.
pub struct Supply {
    octets: Box<[u8; SUPPLY_OCTETS]>,
    used: usize,
}

impl Default for Supply {
    /// An empty supply: it is filled when first asked.
    fn default() -> Self {
        Supply {
            octets: Box::new([0; SUPPLY_OCTETS]),
            used: SUPPLY_OCTETS,
        }
    }
}

impl std::fmt::Debug for Supply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Never the octets.
        f.debug_struct("Supply")
            .field("left", &(SUPPLY_OCTETS - self.used))
            .finish()
    }
}

impl Supply {
    /// Hands out `N` random octets, each octet once. `N` above 1,024 is asked of the kernel directly.
    ///
    /// # Errors
    /// As [`random`].
    pub fn take<const N: usize>(&mut self) -> std::io::Result<[u8; N]> {
        if N > SUPPLY_OCTETS {
            return random();
        }
        if self.used + N > SUPPLY_OCTETS {
            // Spent until the kernel has answered: a failure must not leave half-filled octets.
            self.used = SUPPLY_OCTETS;
            getrandom::fill(&mut *self.octets).map_err(std::io::Error::other)?;
            self.used = 0;
        }
        let mut taken = [0; N];
        if let Some(next) = self.octets.get_mut(self.used..self.used + N) {
            taken.copy_from_slice(next);
            next.fill(0);
        }
        self.used += N;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_supply_never_hands_out_an_octet_twice() {
        let mut supply = Supply::default();
        // Odd sizes, over many refills: a repeated or unfilled stretch would show as an equal name.
        let names: BTreeSet<[u8; 10]> = (0..5_000).map(|_| supply.take().unwrap()).collect();
        assert_eq!(names.len(), 5_000);
        assert!(!names.contains(&[0; 10]));
        assert_ne!(supply.take::<16>().unwrap(), [0; 16]);
        assert_ne!(supply.take::<2000>().unwrap(), [0; 2000]);
    }

    #[test]
    fn what_was_handed_out_is_wiped() {
        let mut supply = Supply::default();
        for _ in 0..50 {
            supply.take::<10>().unwrap();
        }
        assert!(supply.octets[..500].iter().all(|octet| *octet == 0));
        assert!(supply.octets[500..].iter().any(|octet| *octet != 0));
        assert_eq!(format!("{supply:?}"), "Supply { left: 524 }");
    }
}
