//! Client addresses, and the networks that count as one client.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How much of a client's address tells it from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prefixes {
    /// Bits of an IPv4 address, 1 to 32.
    pub ipv4: u8,
    /// Bits of an IPv6 address, 1 to 128. A provider gives each customer a /64 at least, in which addresses cost nothing.
    pub ipv6: u8,
}

impl Prefixes {
    /// The client that an address stands for: the address itself, or its network as `2001:db8::/64`. `None` where the bytes are no address,
    /// as with a UNIX socket. An IPv4 address in IPv6 form is an IPv4 address.
    #[must_use]
    pub fn client(self, address: &[u8]) -> Option<String> {
        let address: IpAddr = std::str::from_utf8(address).ok()?.parse().ok()?;
        Some(match address.to_canonical() {
            IpAddr::V4(address) => {
                let network = Ipv4Addr::from_bits(address.to_bits() & ipv4_mask(self.ipv4));
                named(network.into(), self.ipv4, 32)
            }
            IpAddr::V6(address) => {
                let network = Ipv6Addr::from_bits(address.to_bits() & ipv6_mask(self.ipv6));
                named(network.into(), self.ipv6, 128)
            }
        })
    }
}

fn named(network: IpAddr, bits: u8, all: u8) -> String {
    if bits >= all {
        network.to_string()
    } else {
        format!("{network}/{bits}")
    }
}

fn ipv4_mask(bits: u8) -> u32 {
    let host_bits = 32_u32.saturating_sub(bits.into());
    u32::MAX.checked_shl(host_bits).unwrap_or(0)
}

fn ipv6_mask(bits: u8) -> u128 {
    let host_bits = 128_u32.saturating_sub(bits.into());
    u128::MAX.checked_shl(host_bits).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_one_client() {
        for (address, ipv4, ipv6, client) in [
            ("10.1.2.3", 32, 64, Some("10.1.2.3")),
            ("10.1.2.3", 24, 64, Some("10.1.2.0/24")),
            ("10.1.2.3", 1, 64, Some("0.0.0.0/1")),
            ("2001:db8::1:2:3:4", 32, 64, Some("2001:db8::/64")),
            ("2001:db8::1:2:3:4", 32, 128, Some("2001:db8::1:2:3:4")),
            ("2001:db8:0:1::4", 32, 56, Some("2001:db8::/56")),
            ("::ffff:10.1.2.3", 32, 64, Some("10.1.2.3")),
            ("::ffff:10.1.2.3", 8, 64, Some("10.0.0.0/8")),
            ("", 32, 64, None),
            ("@socket", 32, 64, None),
            ("10.1.2.3:80", 32, 64, None),
            ("10.1.2", 32, 64, None),
        ] {
            let prefixes = Prefixes { ipv4, ipv6 };
            assert_eq!(
                prefixes.client(address.as_bytes()).as_deref(),
                client,
                "{address}/{ipv4}/{ipv6}"
            );
        }
        let any = Prefixes { ipv4: 32, ipv6: 64 };
        assert_eq!(any.client(b"\xff\xfe"), None);
    }
}
