//! Random requests, assembled from parts that filters look at and from arbitrary bytes.

use super::super::hostile::generated::Dice;
use e2e::token::{Token, forged};

/// A random request.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    method: Vec<u8>,
    target: Vec<u8>,
    authority: Vec<u8>,
    headers: Vec<(&'static str, Vec<u8>)>,
}

/// Generates requests.
pub(crate) struct Maker {
    dice: Dice,
    tokens: Vec<String>,
}

const METHODS: &[&str] = &[
    "GET", "GET", "GET", "POST", "PUT", "OPTIONS", "OPTIONS", "HEAD", "DELETE", "get", "M-SEARCH",
];

const SEGMENTS: &[&str] = &[
    "account",
    "admin",
    "Account",
    "ADMIN",
    "api",
    "v1",
    "v0",
    "gone",
    "items",
    "public",
    "login",
    "healthz",
    "x",
    "%61dmin",
    "%2561dmin",
    "acc%6funt",
    "admin%2f",
    "..",
    ".",
    "..;",
    "%2e%2e",
    "%252e%252e",
    ";x=1",
    "admin;a",
    "%5c",
    "",
    "",
    "%00",
    "%ff",
    "%",
    "%2",
    "\\..",
    "a\\b",
    "caf%C3%A9",
    "admin%3b",
    "account%20",
    "account.",
    "~",
];

const AUTHORITIES: &[&str] = &[
    "a",
    "a:80",
    "EXAMPLE.com.",
    "a..b",
    "a:x",
    "x@a",
    "[::1]:80",
    "[::1",
    "127.0.0.1",
    "a,b",
    ":",
    "a/b",
];

const NAMES: &[&str] = &[
    "origin",
    "access-control-request-method",
    "access-control-request-headers",
    "access-control-request-private-network",
    "authorization",
    "authorization",
    "cookie",
    "x-jwt-sub",
    "x-jwt-sub",
    "x-internal-user",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-real-ip",
    "forwarded",
    "accept",
    "accept-language",
    "user-agent",
    "content-type",
    "x-request-id",
    "referer",
    "sec-fetch-site",
    "x-original-url",
    "x-http-method-override",
    "x-env",
    "te",
    "range",
    "x-echo",
    "sec-websocket-protocol",
    "x.jwt.sub",
    "x-JWT-sub",
];

const VALUES: &[&str] = &[
    "",
    "mallory",
    "root",
    "null",
    "*",
    "https://app.example.com",
    "https://a.example.org",
    "https://evil.example",
    "http://localhost:3000",
    "https://pr-7.preview.example.dev",
    "GET",
    "PUT",
    "content-type, authorization",
    "x-a,,x-b",
    "true",
    "Bearer ",
    "Bearer a.b.c",
    "bearer\tx",
    "Basic eA==",
    "tracking=me; theme=dark",
    "a=b; a; =; a=\"",
    "session=eyJhbGciOiJub25lIn0.e30.",
    "1.1.1.1, 2.2.2.2",
    "application/grpc",
    "application/problem+json",
    "text/html;q=0.5, */*;q=0",
    "${request.header.cookie}",
    "for=1.1.1.1;proto=https",
    "cross-site",
    "/admin",
    "bytes=0-",
    "http, https",
    "99999999999999999999",
    "-1",
];

impl Maker {
    pub(crate) fn new(seed: u64) -> Self {
        let admin = Token::new("ES256").claim("sub", "ops".into());
        let good = Token::new("ES256").sign();
        let expired = Token::new("ES256").claim("exp", 1.into());
        let other = Token::new("ES256").claim("iss", "https://other.example".into());
        let none = Token::new("ES256").header("alg", "none".into());
        Self {
            // Any seed except zero.
            dice: Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
            tokens: vec![
                admin.claim("scope", "admin".into()).sign(),
                forged(&good),
                format!("{good}="),
                format!("{good}.{good}"),
                expired.sign(),
                other.sign(),
                Token::new("HS256").sign(),
                format!("{}.", none.message().unwrap()),
                good,
            ],
        }
    }

    pub(crate) fn next(&mut self) -> Made {
        let method = self.dice.pick(METHODS).into();
        let target = self.target();
        let authority = match self.dice.below(8) {
            0 => self.dice.pick(AUTHORITIES).into(),
            _ => b"example.com".to_vec(),
        };
        let headers = (0..self.dice.below(8)).map(|_| self.header()).collect();
        Made {
            method,
            target,
            authority,
            headers,
        }
    }

    fn target(&mut self) -> Vec<u8> {
        let mut target = Vec::new();
        for _ in 0..1 + self.dice.below(4) {
            target.push(b'/');
            target.extend(self.dice.pick(SEGMENTS).as_bytes());
        }
        if self.dice.below(4) == 0 {
            target.extend(b"?debug=1&a=%zz&token=");
            let token = self.dice.below(self.tokens.len());
            target.extend(self.tokens[token].as_bytes());
        }
        self.noise(&mut target, 40, u8::is_ascii_graphic);
        target
    }

    fn header(&mut self) -> (&'static str, Vec<u8>) {
        let name = self.dice.pick(NAMES);
        let mut value = Vec::new();
        if name == "authorization" && self.dice.below(4) > 0 {
            let token = self.dice.below(self.tokens.len());
            value.extend([b"Bearer ", self.tokens[token].as_bytes()].concat());
        } else {
            value.extend(self.dice.pick(VALUES).as_bytes());
        }
        self.noise(&mut value, 20, |byte| !matches!(byte, 0 | b'\r' | b'\n'));
        (name, value)
    }

    /// Changes a random byte, once in `rarely` times.
    fn noise(&mut self, bytes: &mut [u8], rarely: usize, fits: fn(&u8) -> bool) {
        if self.dice.below(rarely) == 0 && !bytes.is_empty() {
            let at = self.dice.below(bytes.len());
            let byte = u8::try_from(self.dice.below(256)).unwrap_or(0);
            if fits(&byte) {
                bytes[at] = byte;
            }
        }
    }
}

impl Made {
    pub(crate) fn is_head(&self) -> bool {
        self.method == b"HEAD"
    }

    /// Removes most of what would make Envoy close an HTTP/2 connection, with all requests in
    /// progress.
    pub(crate) fn for_http2(mut self) -> Self {
        self.headers.retain(|(name, _)| *name != "te");
        for (_, value) in &mut self.headers {
            value.retain(|byte| !byte.is_ascii_control());
        }
        if self.authority.iter().any(|byte| b"@/,[".contains(byte)) {
            self.authority.truncate(1);
        }
        self
    }

    pub(crate) fn as_http1(&self) -> Vec<u8> {
        let mut bytes = [
            &self.method,
            &b" "[..],
            &self.target,
            b" HTTP/1.1\r\nhost: ",
            &self.authority,
            b"\r\n",
        ]
        .concat();
        for (name, value) in &self.headers {
            bytes.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        bytes.extend(b"\r\n");
        bytes
    }

    pub(crate) fn as_fields(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut fields = vec![
            (b":method".to_vec(), self.method.clone()),
            (b":scheme".to_vec(), b"http".to_vec()),
            (b":path".to_vec(), self.target.clone()),
            (b":authority".to_vec(), self.authority.clone()),
        ];
        // A name in upper case, or a value with surrounding spaces, would end the connection.
        fields.extend(self.headers.iter().map(|(name, value)| {
            (
                name.to_ascii_lowercase().into_bytes(),
                value.trim_ascii().to_vec(),
            )
        }));
        fields
    }
}
