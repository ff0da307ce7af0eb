//! Answers of the rate limit service. If they say that a limit is used up, or cannot be decoded, no
//! request continues that would have to be refused.
#![no_main]

use catalog_fuzz::reference::{is_name, is_value};
use filter_kit::testing::{Answer, Run, ScriptedHost, request};
use libfuzzer_sys::fuzz_target;
use prost::Message;
use rate_limit::RateLimit;

/// The overall code of an answer.
#[derive(Clone, PartialEq, Message)]
struct Overall {
    #[prost(int32, tag = "1")]
    code: i32,
}

fuzz_target!(|message: &[u8]| {
    for on_error in ["refuse", "allow", "process"] {
        let configuration = format!(
            r#"{{"limits": [{{"name": "here", "requests": 5, "per": "1h"}},
                {{"name": "fleet", "scope": "service", "key": [{{"header": "x-user"}}], "requests": 1, "per": "1h"}}],
                "service": {{"cluster": "rls", "domain": "edge", "on_error": "{on_error}"}}}}"#
        );
        let host = ScriptedHost::install();
        let mut run = Run::<RateLimit>::start(&host, &configuration).unwrap();
        let (mut exchange, waits) = run.head(
            &request("POST", "/").header("x-user", "alice").pairs(),
            true,
        );
        assert_eq!(waits, Answer::Waits);
        let call = host.take_calls().pop().unwrap();
        let answer = exchange.answer_grpc(call.token, Some(message));
        let code = Overall::decode(message).map_or(0, |overall| overall.code);
        match &answer {
            Answer::Continued(headers) => {
                assert!(
                    code == 1 || on_error != "refuse",
                    "the code {code} lets it pass"
                );
                check(headers);
            }
            Answer::Replied(reply) => {
                assert!(!exchange.body());
                assert!((200..600).contains(&reply.status));
                check(&reply.headers);
            }
            Answer::Waits => panic!("it waits on"),
        }
        let goes_on = exchange.body();
        assert_eq!(goes_on, matches!(answer, Answer::Continued(_)));
        check(&exchange.response(&[(":status", "200")]));
    }
});

fn check(pairs: &[(Vec<u8>, Vec<u8>)]) {
    for (name, value) in pairs {
        assert!(is_name(name.strip_prefix(b":").unwrap_or(name)));
        assert!(is_value(value));
    }
}
