//! Address ranges (CIDR, RFC 4632 and RFC 4291, section 2.3).

use serde::Deserialize;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A range of addresses: `10.0.0.0/8`, `2001:db8::/32`, or one address. An IPv4 address that is
/// mapped into IPv6 is the IPv4 address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Network {
    address: IpAddr,
    /// How many bits count.
    bits: u8,
}

impl Network {
    /// Whether an address is in the range.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let beyond = 32_u32.saturating_sub(self.bits.into());
                (own.to_bits() ^ other.to_bits())
                    .checked_shr(beyond)
                    .unwrap_or(0)
                    == 0
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let beyond = 128_u32.saturating_sub(self.bits.into());
                (own.to_bits() ^ other.to_bits())
                    .checked_shr(beyond)
                    .unwrap_or(0)
                    == 0
            }
            _ => false,
        }
    }

    /// Returns the first address of the range.
    fn first(self) -> IpAddr {
        match self.address {
            IpAddr::V4(address) => {
                let beyond = 32_u32.saturating_sub(self.bits.into());
                let bits = address.to_bits().checked_shr(beyond).unwrap_or(0);
                IpAddr::V4(Ipv4Addr::from_bits(bits.checked_shl(beyond).unwrap_or(0)))
            }
            IpAddr::V6(address) => {
                let beyond = 128_u32.saturating_sub(self.bits.into());
                let bits = address.to_bits().checked_shr(beyond).unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from_bits(bits.checked_shl(beyond).unwrap_or(0)))
            }
        }
    }
}

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text.as_str(), None),
        };
        let written: IpAddr = address.parse().map_err(|_| {
            format!(
                "\"{text}\" is not a range of addresses; 10.0.0.0/8, 2001:db8::/32 and single addresses are accepted"
            )
        })?;
        let most = if written.is_ipv4() { 32 } else { 128 };
        let is_number = |bits: &&str| bits.bytes().all(|b| b.is_ascii_digit());
        let bits: u8 = match bits {
            None => most,
            Some(bits) => Some(bits)
                .filter(is_number)
                .and_then(|bits| bits.parse().ok())
                .filter(|bits| *bits <= most)
                .ok_or_else(|| {
                    format!(
                        "\"{text}\" is not a range of addresses; its prefix has 0 to {most} bits"
                    )
                })?,
        };
        let network = match (written, written.to_canonical()) {
            (IpAddr::V6(_), IpAddr::V4(mapped)) if bits >= 96 => Self {
                address: mapped.into(),
                bits: bits.saturating_sub(96),
            },
            _ => Self {
                address: written,
                bits,
            },
        };
        let first = network.first();
        if first != network.address {
            let (first, bits) = (first, network.bits);
            return Err(format!(
                "\"{text}\" has bits beyond its prefix; write \"{first}/{bits}\""
            ));
        }
        Ok(network)
    }
}

#[cfg(feature = "schema")]
crate::values::string_schema!(
    Network,
    "Network",
    "a range of addresses, as `10.0.0.0/8` or `2001:db8::/32`, or one address"
);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_range_contains_the_addresses_that_share_its_prefix() {
        for (range, address, contains) in [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
            ("::ffff:10.0.0.0/104", "10.1.2.3", true),
            ("::ffff:10.0.0.0/104", "::ffff:11.1.2.3", false),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.8", false),
            ("0.0.0.0/0", "255.255.255.255", true),
            ("0.0.0.0/0", "::1", false),
            ("::/0", "2001:db8::1", true),
            ("::/0", "10.0.0.1", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::1", "::1", true),
            ("10.1.2.0/31", "10.1.2.1", true),
            ("10.1.2.0/31", "10.1.2.2", false),
        ] {
            let network = Network::try_from(range.to_owned()).unwrap();
            assert_eq!(
                network.contains(address.parse().unwrap()),
                contains,
                "{range} {address}"
            );
        }
    }

    #[test]
    fn what_is_no_range_is_refused_with_what_is() {
        for (range, error) in [
            (
                "internal",
                "\"internal\" is not a range of addresses; 10.0.0.0/8",
            ),
            (
                "10.0.0.0/33",
                "\"10.0.0.0/33\" is not a range of addresses; its prefix has 0 to 32 bits",
            ),
            (
                "10.0.0.0/+8",
                "\"10.0.0.0/+8\" is not a range of addresses; its prefix",
            ),
            (
                "10.0.0.0/",
                "\"10.0.0.0/\" is not a range of addresses; its prefix",
            ),
            (
                "10.0.0.1/8",
                "\"10.0.0.1/8\" has bits beyond its prefix; write \"10.0.0.0/8\"",
            ),
            (
                "2001:db8::1/32",
                "\"2001:db8::1/32\" has bits beyond its prefix; write \"2001:db8::/32\"",
            ),
            (
                "::ffff:0.0.0.0/95",
                "\"::ffff:0.0.0.0/95\" has bits beyond its prefix",
            ),
            ("10.0.0", "\"10.0.0\" is not a range"),
            ("[::1]", "\"[::1]\" is not a range"),
            ("", "\"\" is not a range"),
        ] {
            let got = Network::try_from(range.to_owned()).unwrap_err();
            assert!(got.starts_with(error), "{got}");
        }
    }

    proptest! {
        #[test]
        fn a_range_of_its_own_prefix_contains_an_address(bits: u128, prefix in 0_u8..=128, other: u128) {
            let address = Ipv6Addr::from_bits(bits);
            prop_assume!(address.to_ipv4_mapped().is_none());
            let network = Network { address: address.into(), bits: prefix };
            prop_assert!(network.contains(address.into()));
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
            let other_address = Ipv6Addr::from_bits(other);
            prop_assume!(other_address.to_ipv4_mapped().is_none());
            prop_assert_eq!(network.contains(other_address.into()), bits & mask == other & mask);
        }
    }
}
