//! Ranges of IP addresses.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A range of IP addresses in CIDR notation, IPv4 or IPv6, in the only spelling that Kubernetes does not warn about.
///
/// Ordered by family, address and length.
///
/// ```
/// use keruta_manifest::install::Cidr;
///
/// let range: Cidr = "10.0.0.0/8".parse()?;
/// assert!(range.contains(&"10.1.2.0/24".parse()?));
/// assert!(!range.contains(&"11.0.0.0/24".parse()?));
/// assert_eq!(range.to_string(), "10.0.0.0/8");
///
/// let error = "10.1.2.3/8".parse::<Cidr>().unwrap_err();
/// assert_eq!(error.to_string(), "`10.1.2.3/8` has bits set behind its prefix: write `10.0.0.0/8`");
/// # Ok::<(), keruta_manifest::install::CidrError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cidr {
    network: IpAddr,
    prefix: u8,
}

impl Cidr {
    /// For this crate's own tables, which a test holds to be well-formed.
    pub(super) const fn v4(network: [u8; 4], prefix: u8) -> Self {
        let [a, b, c, d] = network;
        Self { network: IpAddr::V4(Ipv4Addr::new(a, b, c, d)), prefix }
    }

    /// As [`v4`](Self::v4); the groups that are not given are zero.
    pub(super) const fn v6(groups: [u16; 3], prefix: u8) -> Self {
        let [a, b, c] = groups;
        Self { network: IpAddr::V6(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0)), prefix }
    }

    /// The first address.
    #[must_use]
    pub const fn network(&self) -> IpAddr {
        self.network
    }

    /// How many leading bits are fixed.
    #[must_use]
    pub const fn prefix(&self) -> u8 {
        self.prefix
    }

    /// Whether every address of the other range is in this one.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        self.network.is_ipv4() == other.network.is_ipv4()
            && self.prefix <= other.prefix
            && masked(other.network, self.prefix) == self.network
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network, self.prefix)
    }
}

impl FromStr for Cidr {
    type Err = CidrError;

    /// # Errors
    /// On anything but an address, `/` and a length; on bits behind the prefix; and on IPv4-mapped IPv6 addresses, which
    /// Kubernetes refuses as ambiguous.
    fn from_str(text: &str) -> Result<Self, CidrError> {
        let malformed = || CidrError::Malformed { text: text.to_owned() };
        let (address, length) = text.split_once('/').ok_or_else(malformed)?;
        let address: IpAddr = address.parse().map_err(|_| malformed())?;
        let prefix: u8 = length.parse().map_err(|_| malformed())?;
        let widest = if address.is_ipv4() { 32 } else { 128 };
        if prefix > widest || prefix.to_string() != length {
            return Err(malformed());
        }
        if matches!(address, IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some()) {
            return Err(CidrError::Mapped { text: text.to_owned() });
        }
        let network = masked(address, prefix);
        if network != address {
            return Err(CidrError::HostBits { text: text.to_owned(), cidr: Self { network, prefix } });
        }
        Ok(Self { network, prefix })
    }
}

/// The address with all bits behind the prefix cleared.
fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    let prefix = u32::from(prefix);
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(u32::BITS.saturating_sub(prefix)).unwrap_or(0);
            IpAddr::V4((v4.to_bits() & mask).into())
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(u128::BITS.saturating_sub(prefix)).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & mask))
        }
    }
}

/// Why a text is no range of addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CidrError {
    /// Not an address, `/` and a length.
    #[error("`{text}` is no range of IP addresses: write it as `203.0.113.0/24` or `2001:db8::/32`")]
    Malformed {
        /// The text.
        text: String,
    },
    /// An address that is not the first of its range.
    #[error("`{text}` has bits set behind its prefix: write `{cidr}`")]
    HostBits {
        /// The text.
        text: String,
        /// The range that it lies in.
        cidr: Cidr,
    },
    /// An IPv4 address in IPv6 clothes.
    #[error("`{text}` is an IPv4-mapped IPv6 range, which Kubernetes refuses: write the IPv4 range")]
    Mapped {
        /// The text.
        text: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip() {
        for text in ["0.0.0.0/0", "10.0.0.0/8", "192.0.2.7/32", "::/0", "fd00:ec2::/32", "2001:db8::1/128"] {
            assert_eq!(text.parse::<Cidr>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn refused() {
        for text in [
            "",
            "/",
            "10.0.0.0",
            "10.0.0.0/",
            "/8",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.0/+8",
            "10.0.0.0/08",
            "10.0.0/8",
            "010.0.0.0/8",
            " 10.0.0.0/8",
            "10.0.0.0/8 ",
            "10.0.0.0/8/8",
            "10.0.0.0/256",
            "example.org/8",
        ] {
            assert!(matches!(text.parse::<Cidr>(), Err(CidrError::Malformed { .. })), "{text:?}");
        }
        assert!(matches!("0.0.0.1/0".parse::<Cidr>(), Err(CidrError::HostBits { .. })));
        assert!(matches!("fe80::1/10".parse::<Cidr>(), Err(CidrError::HostBits { .. })));
        assert!(matches!("::ffff:0:0/96".parse::<Cidr>(), Err(CidrError::Mapped { .. })));
    }

    #[test]
    fn containment_stays_in_its_family() {
        let cidr = |text: &str| text.parse::<Cidr>().unwrap();
        assert!(cidr("0.0.0.0/0").contains(&cidr("169.254.0.0/16")));
        assert!(!cidr("::/0").contains(&cidr("169.254.0.0/16")));
        assert!(!cidr("10.0.0.0/16").contains(&cidr("10.0.0.0/8")));
        assert!(cidr("10.0.0.0/8").contains(&cidr("10.0.0.0/8")));
    }
}
