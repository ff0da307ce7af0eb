//! `:authority`: any value that a server treats as `admin.example.com` is read as that host, or
//! refused.
#![no_main]

use catalog_fuzz::reference::is_value;
use filter_kit::request::Authority;
use filter_kit::testing::request;
use filter_kit::testing::servers::HOSTS;
use libfuzzer_sys::fuzz_target;

const GUARDED: &[u8] = b"admin.example.com";

fuzz_target!(|authority: &[u8]| {
    if authority.len() > 300 || !is_value(authority) {
        return;
    }
    let read = Authority::parse(authority);
    if let Ok(read) = &read {
        let host = read.host.normalized();
        assert_eq!(host.to_ascii_lowercase(), *host, "it is in lower case");
        // Parsing the result again does not change it.
        if !host.is_empty() {
            let again = Authority::parse(&host)
                .unwrap()
                .host
                .normalized()
                .into_owned();
            assert_eq!(again, *host);
        }
    }
    let read = read.map(|authority| authority.host.normalized().into_owned());
    for (name, server) in HOSTS {
        if server(authority).as_deref() == Some(GUARDED) {
            let is_read = read.is_err() || read.as_deref() == Ok(GUARDED);
            assert!(is_read, "{name} takes {} for it", authority.escape_ascii());
        }
    }
    if let Ok(text) = std::str::from_utf8(authority) {
        let request = request("GET", "/").authority(text).build();
        assert_eq!(request.host().ok().map(<[u8]>::to_vec), read.ok());
    }
});
