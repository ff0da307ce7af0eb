//! Small models of servers: which resource each of them serves for a path, and which virtual host
//! it selects for a `Host` header.
//!
//! A filter is correct if no model serves a guarded resource that the filter did not recognize as
//! guarded. The models follow the servers' source code and documentation, do not use the kit's own
//! decoding, and are compared with the real servers, if available, by the test program `readings`.

mod applications;
mod envoy;
mod hosts;
mod nginx;
mod readings;
mod text;

use applications::{
    Backslash, apache, decoding_after_dots, decoding_twice, http_server, resolved, spring,
    spring_decoding_first, tomcat, windows, wsgi, wsgiref,
};
use envoy::{Normalization, envoy};
use hosts::{envoy_host, first_colon_host, nginx_host, tomcat_host, uri_host};
use nginx::{Merge, nginx, nginx_proxy};
use text::Solidus;

pub use readings::misread;

/// What a server, or a proxy in front of it, makes of a path without query; `None` if it rejects
/// the request.
pub type Server = fn(&[u8]) -> Option<Vec<u8>>;

/// Servers by name. Each returns the path of the resource that it serves.
pub const SERVERS: &[(&str, Server)] = &[
    ("nginx", |path| nginx(path, Merge::Yes)),
    ("nginx, merge_slashes off", |path| nginx(path, Merge::No)),
    ("Tomcat", |path| {
        tomcat(path, Solidus::Reject, Backslash::Refuse)
    }),
    ("Tomcat, ALLOW_BACKSLASH", |path| {
        tomcat(path, Solidus::Reject, Backslash::Turn)
    }),
    ("Tomcat, encodedSolidusHandling decode", |path| {
        tomcat(path, Solidus::Decode, Backslash::Refuse)
    }),
    ("Tomcat, decode, ALLOW_BACKSLASH", |path| {
        tomcat(path, Solidus::Decode, Backslash::Turn)
    }),
    ("Tomcat, encodedSolidusHandling passthrough", |path| {
        tomcat(path, Solidus::PassThrough, Backslash::Refuse)
    }),
    ("Tomcat, passthrough, ALLOW_BACKSLASH", |path| {
        tomcat(path, Solidus::PassThrough, Backslash::Turn)
    }),
    ("Apache httpd", |path| apache(path, Solidus::Reject)),
    ("Apache httpd, AllowEncodedSlashes On", |path| {
        apache(path, Solidus::Decode)
    }),
    ("Apache httpd, AllowEncodedSlashes NoDecode", |path| {
        apache(path, Solidus::PassThrough)
    }),
    ("a server on Windows", windows),
    ("a WSGI application", wsgi),
    ("a WSGI application behind wsgiref", wsgiref),
    ("Python's http.server", http_server),
    ("Spring's UrlPathHelper", spring),
    (
        "Spring's UrlPathHelper, params dropped last",
        spring_decoding_first,
    ),
    ("a server that decodes twice", decoding_twice),
    ("a server that decodes twice and resolves dots", |path| {
        decoding_twice(path).and_then(resolved)
    }),
    (
        "a server that decodes again what it has resolved",
        decoding_after_dots,
    ),
];

/// Proxies by name. Each returns the path that it forwards.
pub const PROXIES: &[(&str, Server)] = &[
    ("nothing", raw),
    ("Envoy, merge_slashes", |path| {
        envoy(path, &[Normalization::Merge])
    }),
    ("Envoy, normalize_path", |path| {
        envoy(path, &[Normalization::Rfc3986])
    }),
    ("Envoy, normalize_path, merge_slashes", |path| {
        envoy(path, &[Normalization::Rfc3986, Normalization::Merge])
    }),
    ("Envoy, UNESCAPE_AND_FORWARD", |path| {
        envoy(path, &[Normalization::Unescape])
    }),
    ("Envoy, UNESCAPE_AND_FORWARD, merge_slashes", |path| {
        envoy(path, &[Normalization::Unescape, Normalization::Merge])
    }),
    ("Envoy, UNESCAPE_AND_FORWARD, normalize_path", |path| {
        envoy(path, &[Normalization::Unescape, Normalization::Rfc3986])
    }),
    (
        "Envoy, UNESCAPE_AND_FORWARD, normalize_path, merge_slashes",
        |path| {
            envoy(
                path,
                &[
                    Normalization::Unescape,
                    Normalization::Rfc3986,
                    Normalization::Merge,
                ],
            )
        },
    ),
    ("an older Envoy, normalize_path", |path| {
        envoy(path, &[Normalization::OlderRfc3986])
    }),
    ("an older Envoy, normalize_path, merge_slashes", |path| {
        envoy(path, &[Normalization::OlderRfc3986, Normalization::Merge])
    }),
    ("nginx, proxy_pass with a URI", nginx_proxy),
];

/// Servers by name. Each returns the virtual host, in lower case, that it selects for a `Host`
/// header.
pub const HOSTS: &[(&str, Server)] = &[
    ("nginx", nginx_host),
    ("Tomcat", tomcat_host),
    ("Envoy", |host| envoy_host(host, false, false)),
    ("Envoy, strip_any_host_port", |host| {
        envoy_host(host, true, false)
    }),
    ("Envoy, strip_trailing_host_dot", |host| {
        envoy_host(host, false, true)
    }),
    ("Envoy, both", |host| envoy_host(host, true, true)),
    (
        "an application that cuts at the first colon",
        first_colon_host,
    ),
    ("an application that reads a URI", uri_host),
];

/// Whether some server, alone or behind one of the proxies, serves this resource or one below it
/// for a path.
#[must_use]
pub fn serve(path: &[u8], place: &[u8]) -> bool {
    let is_below = |served: Vec<u8>| {
        served
            .strip_prefix(place)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
    };
    PROXIES
        .iter()
        .filter_map(|(_, proxy)| proxy(path))
        .any(|path| {
            let mut servers = SERVERS.iter();
            servers.any(|(_, server)| server(&path).is_some_and(is_below))
        })
}

/// Like [`disguise`], if the result is an ASCII path, which a client can send in any version of
/// HTTP.
#[must_use]
pub fn spelling(place: &[u8], choices: &[(u8, u8)]) -> Option<String> {
    let path = String::from_utf8(disguise(place, choices)).ok()?;
    (path.is_ascii() && path.starts_with('/')).then_some(path)
}

/// Returns another spelling of a path, made by steps that some server reverses. Each pair of
/// `choices` is a step and its position.
#[must_use]
pub fn disguise(place: &[u8], choices: &[(u8, u8)]) -> Vec<u8> {
    let text = choices.iter().fold(place.to_vec(), |text, (step, at)| {
        let at = usize::from(*at).checked_rem(text.len()).unwrap_or(0);
        let slash = |from: usize| {
            let mut slashes = text.iter().enumerate().filter(|(_, b)| **b == b'/');
            let found = slashes.find(|(i, _)| *i >= from);
            found.map_or(0, |(i, _)| i)
        };
        let put = |at: usize, remove: usize, new: &[u8]| {
            let (before, after) = text.split_at_checked(at).unwrap_or((&text, b""));
            [before, new, after.get(remove..).unwrap_or_default()].concat()
        };
        let byte = text.get(at).copied().unwrap_or(b'/');
        match step % 16 {
            0 | 1 => put(at, 1, format!("%{byte:02x}").as_bytes()),
            2 | 3 => put(at, 1, format!("%{byte:02X}").as_bytes()),
            4 => put(slash(at), 0, b"/"),
            5 => put(slash(at), 0, b"/."),
            6 => put(slash(at), 0, b"/x/.."),
            7 => put(slash(at), 0, b"/x//../.."),
            8 => put(slash(at), 0, b";x=1"),
            9 => put(slash(at), 0, b"/;x"),
            10 => put(slash(at), 0, b"/x/..;y"),
            11 => put(slash(at), 1, b"\\"),
            12 => put(slash(at), 1, b"%2f"),
            13 => put(slash(at), 1, b"%5C"),
            14 => put(text.len(), 0, b"/x/.."),
            _ => put(text.len(), 0, b";v=2"),
        }
    });
    let slash: &[u8] = if text.starts_with(b"/") { b"" } else { b"/" };
    [slash, &text].concat()
}

fn raw(path: &[u8]) -> Option<Vec<u8>> {
    Some(path.to_vec())
}

#[cfg(test)]
mod tests;
