//! Client addresses, and networks that count as one client.

use std::fmt;
use std::net::IpAddr;

/// How much of an address identifies a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prefixes {
    /// Bits of an IPv4 address, 1 to 32.
    pub ipv4: u8,
    /// Bits of an IPv6 address, 1 to 128. A provider gives each customer at least a /64, within
    /// which addresses are free.
    pub ipv6: u8,
}

/// A client, identified by its address or its network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    /// The address, or the first address of the network. An IPv4 address uses the first four bytes.
    octets: [u8; 16],
    /// The length of the address, in bytes.
    size: u8,
    /// The number of bits that identify the client.
    bits: u8,
}

impl Prefixes {
    /// Returns the client with an address; `None` if the bytes are not an address, as with a UNIX
    /// socket. An IPv4-mapped IPv6 address is treated as IPv4.
    #[must_use]
    pub fn client(self, address: &[u8]) -> Option<Client> {
        if let Some(address) = parse_ipv4(address) {
            return Some(self.of_ipv4(address));
        }
        let address: IpAddr = std::str::from_utf8(address).ok()?.parse().ok()?;
        Some(match address.to_canonical() {
            IpAddr::V4(address) => self.of_ipv4(address.to_bits()),
            IpAddr::V6(address) => Client {
                octets: (address.to_bits() & ipv6_mask(self.ipv6)).to_be_bytes(),
                size: 16,
                bits: self.ipv6,
            },
        })
    }

    fn of_ipv4(self, address: u32) -> Client {
        let network = u128::from(address & ipv4_mask(self.ipv4)) << 96;
        Client {
            octets: network.to_be_bytes(),
            size: 4,
            bits: self.ipv4,
        }
    }
}

impl Client {
    /// Returns bytes that are unique to the client among all with the same [`Prefixes`].
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.octets.get(..self.size.into()).unwrap_or_default()
    }
}

impl fmt::Display for Client {
    /// Formats as `10.1.2.3` or `2001:db8::/64`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, ..] = self.octets;
        let (address, all) = if self.size == 4 {
            (IpAddr::from([a, b, c, d]), 32)
        } else {
            (IpAddr::from(self.octets), 128)
        };
        if self.bits >= all {
            address.fmt(f)
        } else {
            write!(f, "{address}/{}", self.bits)
        }
    }
}

/// Parses an IPv4 address in dotted decimal, without leading zeros.
fn parse_ipv4(text: &[u8]) -> Option<u32> {
    let (mut address, mut octet, mut octets) = (0_u32, None, 0_u32);
    for &byte in text {
        match (byte, octet) {
            (b'0'..=b'9', None) => octet = Some(u32::from(byte & 0xf)),
            (b'0'..=b'9', Some(before @ 1..=25)) => {
                let value = before.wrapping_mul(10).wrapping_add(u32::from(byte & 0xf));
                octet = Some(value).filter(|value| *value <= 255);
                octet?;
            }
            (b'.', Some(value)) => {
                address = address << 8 | value;
                octets = octets.wrapping_add(1);
                octet = None;
            }
            _ => return None,
        }
    }
    (octets == 3).then_some(address << 8 | octet?)
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
    use proptest::prelude::*;
    use std::net::Ipv4Addr;

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
                prefixes
                    .client(address.as_bytes())
                    .map(|client| client.to_string())
                    .as_deref(),
                client,
                "{address}/{ipv4}/{ipv6}"
            );
        }
        let any = Prefixes { ipv4: 32, ipv6: 64 };
        assert_eq!(any.client(b"\xff\xfe"), None);
    }

    proptest! {
        #[test]
        fn an_ipv4_address_is_what_the_standard_library_takes_for_one(text in "([0-9]{1,4}|[.:x]){0,9}", octets: [u8; 4]) {
            let standard = |text: &str| text.parse::<Ipv4Addr>().ok().map(Ipv4Addr::to_bits);
            prop_assert_eq!(parse_ipv4(text.as_bytes()), standard(&text));
            let text = Ipv4Addr::from(octets).to_string();
            prop_assert_eq!(parse_ipv4(text.as_bytes()), standard(&text));
        }

        #[test]
        fn two_clients_have_the_same_bytes_if_their_names_are_the_same(one: [u8; 5], other: [u8; 5], ipv4 in 1_u8..=32, ipv6 in 1_u8..=128) {
            let prefixes = Prefixes { ipv4, ipv6 };
            let client = |[kind, a, b, c, d]: [u8; 5]| {
                let address = if kind % 2 == 0 { format!("{a}.{b}.{c}.{d}") } else { format!("20{a:02x}:{b:x}::{c:x}:{d:x}") };
                prefixes.client(address.as_bytes()).unwrap()
            };
            let (one, other) = (client(one), client(other));
            prop_assert_eq!(one.bytes() == other.bytes(), one.to_string() == other.to_string());
        }
    }
}
