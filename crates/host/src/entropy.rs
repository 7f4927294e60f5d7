//! Random octets from the kernel.

/// Fills an array with random octets.
///
/// # Errors
/// The kernel's error, where it has no entropy source; nothing then may be signed or named.
pub fn random<const N: usize>() -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    Ok(bytes)
}
