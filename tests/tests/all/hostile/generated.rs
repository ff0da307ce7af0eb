//! Requests assembled at random from parts that cause problems.

use super::*;

/// Parts of requests that some parser may handle incorrectly.
const METHODS: &[&[u8]] = &[
    b"GET",
    b"GET",
    b"GET",
    b"OPTIONS",
    b"OPTIONS",
    b"OPTIONS",
    b"HEAD",
    b"POST",
    b"CONNECT",
    b"get",
    b"G\xe9T",
    b"M-SEARCH",
];

const TARGETS: &[&[u8]] = &[
    b"/",
    b"*",
    b"/x",
    b"/x?a",
    b"/x?a=%",
    b"/x?a=%4",
    b"/x?a=%zz&a=%00&=&&a",
    b"/%",
    b"/%2",
    b"/%2e%2e/..;/x//./",
    b"/\\..\\x",
    b"/%ff%fe",
    b"/x#y?z",
    b"//a@b:c/x",
    b"http://a/x",
    b"a:1",
    b"/x?a=eyJhbGciOiJub25lIn0.e30.",
    b"/x;a=b;c?d;e",
    b"?",
];

const NAMES: &[&str] = &[
    "host",
    "origin",
    "access-control-request-method",
    "access-control-request-headers",
    "authorization",
    "cookie",
    "accept",
    "user-agent",
    "x-bytes",
    "content-type",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-request-id",
    "forwarded",
];

const VALUES: &[&[u8]] = &[
    b"",
    b" ",
    b",",
    b",,\",\\\",",
    b"\xff",
    b"\xc3\x28",
    b"null",
    b"https://a.example.org",
    b"https://[::1]:99999",
    b"https://[",
    b"://",
    b"https://a.example.org:*",
    b"a=b; a; =; a=\"",
    b"a=eyJhbGciOiJIUzI1NiJ9.e30.x; a=eyJ.eyJ.eyJ",
    b"Bearer ",
    b"Bearer eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjFlOTk5fQ.AAAA",
    b"Bearer ....",
    b"Bearer e30.e30.e30",
    b"bearer\xe9 x",
    b"application/grpc",
    b"application/json;q=9999999999999999999",
    b"*/*;q=,text/html;q=-1",
    b"${request.header.x-bytes}$${1}",
    b"a@b@c:99999999999",
    b"[::1",
    b"[]:1",
    b":",
    b"127.0.0.1, ,::1",
];

/// xorshift64*: the same requests on every run.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33).unwrap() % bound
    }
}

#[test]
fn a_thousand_requests_put_together_from_nasty_parts() {
    each_filter(|envoy| {
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
        let mut judged = 0;
        for _ in 0..1000 {
            let mut request = [
                dice.pick(METHODS),
                b" ",
                dice.pick(TARGETS),
                b" HTTP/1.1\r\nhost: a\r\n",
            ]
            .concat();
            for _ in 0..dice.below(8) {
                let name = dice.pick(NAMES).as_bytes();
                request
                    .extend([name, b": ", dice.pick(VALUES), dice.pick(VALUES), b"\r\n"].concat());
            }
            request.extend(b"connection: close\r\n\r\n");
            // Any response is acceptable, and so is a closed connection, but not silence.
            let answer = Connection::open(envoy.address())
                .send(&request)
                .answer_to_head();
            judged += usize::from(answer.status().is_some_and(|status| status != 400));
        }
        assert!(judged > 300, "Envoy itself refused all but {judged}");
    });
}
