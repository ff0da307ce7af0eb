use super::*;
use crate::request::{Authority, MalformedHost};
use proptest::prelude::*;

fn named(models: &[(&str, Server)], name: &str) -> Server {
    models.iter().find(|(n, _)| *n == name).unwrap().1
}

#[test]
fn the_models_serve_what_the_servers_are_known_to_serve() {
    for (name, path, served) in [
        (
            "nginx",
            "/public/a%5cb%2f..%2f..%2fadmin/users",
            Some("/admin/users"),
        ),
        (
            "nginx",
            "/%61dmin/%252e%252e/../users",
            Some("/admin/users"),
        ),
        ("nginx", "/x//../admin", Some("/admin")),
        ("nginx, merge_slashes off", "/x//../admin", Some("/x/admin")),
        ("nginx", "/..", None),
        ("nginx", "/a/b/..", Some("/a/")),
        ("nginx", "/a/.%2e/b/.", Some("/b/")),
        ("nginx", "/a%zz", None),
        ("nginx", "/%2541", Some("/%41")),
        ("Tomcat", "/;x/admin/;%252f../users", Some("/admin/users")),
        ("Tomcat", "/x/..;y/admin", Some("/admin")),
        ("Tomcat", "/a%2fb", None),
        ("Tomcat", "/a%5cb", None),
        (
            "Tomcat, decode, ALLOW_BACKSLASH",
            "/x%5c..%2fadmin",
            Some("/admin"),
        ),
        (
            "Tomcat, encodedSolidusHandling passthrough",
            "/a%2f%41",
            Some("/a%2fA"),
        ),
        ("Tomcat", "/a/..", Some("/")),
        ("Tomcat", "/../a", None),
        ("a WSGI application", "/%61dmin/../x", Some("/admin/../x")),
        ("Python's http.server", "/x/%2e%2e//admin/", Some("/admin/")),
        ("Python's http.server", "/admin%2F", Some("/admin")),
        ("Spring's UrlPathHelper", "/a;x/b%3Bc", Some("/a/b;c")),
        (
            "Spring's UrlPathHelper, params dropped last",
            "/a;x/b%3Bc",
            Some("/a/b"),
        ),
        (
            "Envoy, normalize_path",
            "/x\\..%2fa/%2E%2e/%61%3a",
            Some("/x/a%3a"),
        ),
        ("Envoy, normalize_path", "/a//../b|c/.", Some("/a/b%7Cc/")),
        ("Envoy, normalize_path", "/x/..;y/a;z", Some("/a;z")),
        ("Envoy, normalize_path", "/x/%2e%2e;y/a", Some("/x/..;y/a")),
        (
            "an older Envoy, normalize_path",
            "/x/..;y/a;z",
            Some("/x/..;y/a;z"),
        ),
        ("Envoy, merge_slashes", "//a//b//", Some("/a/b/")),
        (
            "Envoy, UNESCAPE_AND_FORWARD",
            "/a%2Fb%5cc%252F",
            Some("/a/b\\c%252F"),
        ),
        (
            "nginx, proxy_pass with a URI",
            "/a%20%25/../%2541",
            Some("/%2541"),
        ),
    ] {
        let model = if name.contains("Envoy") || name.contains("proxy_pass") {
            PROXIES
        } else {
            SERVERS
        };
        let found = named(model, name)(path.as_bytes()).map(|p| String::from_utf8(p).unwrap());
        assert_eq!(found.as_deref(), served, "{name}: {path}");
    }
}

fn odd_path() -> impl Strategy<Value = Vec<u8>> {
    let parts = vec![
        "/", "/", "/", "/", "a", "admin", "users", ".", "..", "/..", "/../", "/./", "//", "\\",
        ";", ";x", ";x=1/", "%2e", "%2E", "%2f", "%2F", "%5c", "%5C", "%3b", "%3B", "%25", "%252e",
        "%252E", "%252f", "%252F", "%255c", "%253B", "%61", "%2561", "%C3%A9", "%c3%a9", "%3A",
        "%40", "%20", "%", "%2", "%5", "%zz", "%32", "%46", "%%35",
    ];
    let parts = proptest::collection::vec(proptest::sample::select(parts), 0..9);
    parts.prop_map(|parts| format!("/{}", parts.concat()).into_bytes())
}

fn disguised() -> impl Strategy<Value = Vec<u8>> {
    let places = vec![
        "/admin",
        "/admin/users",
        "/v1/users:purge",
        "/caf\u{e9}/",
        "/100%",
    ];
    (
        proptest::sample::select(places),
        proptest::collection::vec(any::<(u8, u8)>(), 0..7),
    )
        .prop_map(|(place, choices)| disguise(place.as_bytes(), &choices))
}

fn any_path() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![odd_path(), disguised()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    /// As sent, as normalized by Envoy, and as forwarded by another proxy.
    #[test]
    fn whatever_a_server_serves_is_among_the_readings(path in any_path()) {
        prop_assert_eq!(misread(&path), None);
    }

    #[test]
    fn whatever_a_server_takes_for_a_host_is_that_host_or_malformed(host in odd_host()) {
        for (name, server) in HOSTS {
            if server(host.as_bytes()).as_deref() == Some(b"admin.example.com") {
                let read = Authority::parse(host.as_bytes()).map(|a| a.host.normalized().into_owned());
                prop_assert!(
                    read == Err(MalformedHost) || read.as_deref() == Ok(b"admin.example.com"),
                    "{name} takes {host:?} for admin.example.com"
                );
            }
        }
    }
}

fn odd_host() -> impl Strategy<Value = String> {
    let before = vec![
        "", "", "", "x@", "x:y@", "@", " ", ".", "http://", "%", "[", "a,",
    ];
    let name = vec![
        "admin.example.com",
        "admin.example.com",
        "ADMIN.Example.com",
        "admin%2eexample.com",
        "admin.example.com.",
        "admin.example.com..",
        "admin..example.com",
        "[admin.example.com]",
        "[::1]",
        "other.example.com",
        "",
    ];
    let after = vec![
        "",
        ":",
        ":80",
        ":x",
        ":+80",
        ":080",
        ".",
        " ",
        "\t",
        "/",
        "?",
        "#",
        "@",
        "@other.example.com",
        "\\",
        "]",
        "%00",
        "\0",
        ",b",
    ];
    let after = proptest::collection::vec(proptest::sample::select(after), 0..4);
    (
        proptest::sample::select(before),
        proptest::sample::select(name),
        after,
    )
        .prop_map(|(before, name, after)| format!("{before}{name}{}", after.concat()))
}

#[test]
fn the_models_choose_the_host_that_the_servers_are_known_to_choose() {
    for (name, host, chosen) in [
        ("nginx", "admin.example.com:x", Some("admin.example.com")),
        (
            "nginx",
            "Admin.example.com.:80:80",
            Some("admin.example.com"),
        ),
        ("nginx", "admin.example.com..", None),
        ("nginx", "x@admin.example.com", Some("x@admin.example.com")),
        ("nginx", "[::1]:80", Some("[::1]")),
        ("Tomcat", "ADMIN.example.com:80", Some("admin.example.com")),
        ("Tomcat", "admin.example.com.", Some("admin.example.com.")),
        ("Tomcat", "admin.example.com:x", None),
        ("Tomcat", "[::1]:80", Some("[::1]")),
        ("Envoy", "admin.example.com:x", Some("admin.example.com")),
        (
            "Envoy",
            "admin.example.com:80:80",
            Some("admin.example.com:80"),
        ),
        (
            "Envoy, strip_any_host_port",
            "admin.example.com:80:80",
            Some("admin.example.com"),
        ),
        (
            "Envoy, strip_trailing_host_dot",
            "admin.example.com.:+80",
            Some("admin.example.com"),
        ),
        (
            "an application that reads a URI",
            "x@admin.example.com:80",
            Some("admin.example.com"),
        ),
    ] {
        let found = named(HOSTS, name)(host.as_bytes()).map(|h| String::from_utf8(h).unwrap());
        assert_eq!(found.as_deref(), chosen, "{name}: {host}");
    }
}

#[test]
fn a_percent_sign_that_decoding_would_make_a_triplet_is_read_as_envoy_escapes_it() {
    for path in [
        "/x\\%2%46../.\\..%2Fa%64min",
        "/./%78\\%2%46../%2E\\..%2Fa%64min",
        "/x\\%%32F../.\\..%2Fa%64min",
    ] {
        assert_eq!(misread(path.as_bytes()), None);
    }
}
