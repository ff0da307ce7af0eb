use super::*;
use crate::remote::tests::source;
use crate::testing::{jwk, jwks};
use filter_kit::store::MemoryStore;
use serde_json::json;

const START: Duration = Duration::from_secs(1_700_000_000);
const SECOND: Duration = Duration::from_secs(1);

/// Several workers with one store, as in Envoy.
struct Proxy {
    store: MemoryStore,
    workers: Vec<Remote>,
    now: Duration,
    calls: usize,
}

impl Proxy {
    fn new(source: &Source, workers: u64) -> Self {
        let worker = |n| Remote::new(source.clone(), "corp", n);
        Self {
            store: MemoryStore::default(),
            workers: (1..=workers).map(worker).collect(),
            now: START,
            calls: 0,
        }
    }

    /// Lets every worker tick. Returns those that have to make a call.
    fn tick(&mut self) -> Vec<usize> {
        let mut callers = Vec::new();
        for (n, worker) in self.workers.iter_mut().enumerate() {
            if worker.begin(&self.store, self.now).0.is_some() {
                callers.push(n);
            }
        }
        self.calls += callers.len();
        callers
    }

    fn answer(&mut self, worker: usize, answer: Result<HttpAnswer, CallFailure>) -> Step {
        self.workers[worker].answer(&self.store, self.now, answer, 0)
    }

    /// Lets every worker tick, and answers those that make a call.
    fn round(&mut self, answer: &Result<HttpAnswer, CallFailure>) {
        for n in self.tick() {
            self.answer(n, answer.clone());
        }
        self.tick();
    }

    fn keys(&self) -> Vec<usize> {
        let count = |w: &Remote| w.keys(self.now).map_or(0, |set| set.len());
        self.workers.iter().map(count).collect()
    }
}

fn ok(body: impl ToString) -> Result<HttpAnswer, CallFailure> {
    Ok(HttpAnswer {
        status: 200,
        body: body.to_string().into_bytes(),
    })
}

fn one_key() -> Result<HttpAnswer, CallFailure> {
    ok(json!({"keys": [jwk("test-es256")]}))
}

const DOWN: Result<HttpAnswer, CallFailure> = Err(CallFailure::NoAnswer);

#[test]
fn one_worker_fetches_and_all_have_the_keys() {
    let mut proxy = Proxy::new(&source(), 8);
    assert!(proxy.workers[3].is_coming(proxy.now));
    assert_eq!(proxy.tick(), [0]);
    assert_eq!(proxy.tick(), [0; 0]);
    assert_eq!(proxy.keys(), [0; 8]);
    assert!(proxy.workers[3].is_coming(proxy.now));
    assert!(matches!(proxy.answer(0, ok(jwks())), Step::Keys(_)));
    proxy.tick();
    assert_eq!(proxy.keys(), [jwks()["keys"].as_array().unwrap().len(); 8]);
    assert_eq!((proxy.calls, proxy.store.keys()), (1, 2));
    assert!(!proxy.workers[3].is_coming(proxy.now));
}

/// A store in which another worker takes the lease right after something was read.
struct Overtaken<'s> {
    store: &'s MemoryStore,
    reads_before: std::cell::Cell<u32>,
}

impl CasStore for Overtaken<'_> {
    fn load(&self, key: &str) -> Option<filter_kit::store::Stored> {
        let read = self.store.load(key);
        let left = self.reads_before.get();
        self.reads_before.set(left.wrapping_sub(1));
        if left == 0 {
            let mut other = Remote::new(source(), "corp", 99);
            assert!(other.begin(self.store, START).0.is_some());
        }
        read
    }

    fn store(
        &self,
        key: &str,
        value: &[u8],
        expected: filter_kit::store::Expected,
    ) -> Result<(), filter_kit::store::Conflict> {
        self.store.store(key, value, expected)
    }
}

#[test]
fn a_worker_that_is_overtaken_does_not_fetch() {
    // The first read looks at what is known, the second one is for the lease.
    for reads_before in [0, 1] {
        let memory = MemoryStore::default();
        let store = Overtaken {
            store: &memory,
            reads_before: reads_before.into(),
        };
        let mut worker = Remote::new(source(), "corp", 1);
        let (call, _) = worker.begin(&store, START);
        assert_eq!(call, None, "{reads_before}");
    }
}

#[test]
fn a_flood_of_unknown_keys_costs_one_fetch_per_interval() {
    let mut proxy = Proxy::new(&source(), 4);
    proxy.round(&one_key());
    for _ in 0..2900 {
        proxy.now += Duration::from_millis(100);
        for worker in &mut proxy.workers {
            worker.look(&proxy.store);
            if worker.is_coming(proxy.now) {
                worker.want_other();
            }
        }
        proxy.round(&one_key());
    }
    assert_eq!(proxy.calls, 1 + 290 / 30);
}

#[test]
fn a_rotated_key_is_fetched_once_and_known_to_all() {
    let mut proxy = Proxy::new(&source(), 4);
    proxy.round(&one_key());
    proxy.now += SECOND * 31;
    for worker in &mut proxy.workers {
        assert!(worker.is_coming(proxy.now));
        worker.want_other();
    }
    assert_eq!(proxy.tick().len(), 1);
    let old = proxy.workers[0].keys(proxy.now).unwrap();
    proxy.answer(0, ok(json!({"keys": [jwk("test-rs256")]})));
    proxy.tick();
    for worker in &proxy.workers {
        let new = worker.keys(proxy.now).unwrap();
        assert!(!Rc::ptr_eq(&old, &new));
    }
    assert_eq!(proxy.calls, 2);
}

#[test]
fn keys_are_kept_fresh_and_old_ones_serve_until_they_are_too_old() {
    let source = Source {
        refresh: SECOND * 10,
        stale_for: SECOND * 60,
        ..source()
    };
    let mut proxy = Proxy::new(&source, 4);
    let mut run = |seconds: u64, answer: &Result<HttpAnswer, CallFailure>| {
        let calls = proxy.calls;
        for _ in 0..seconds * 20 {
            proxy.now += Duration::from_millis(50);
            proxy.round(answer);
        }
        (proxy.calls - calls, proxy.keys())
    };
    let (calls, keys) = run(100, &one_key());
    assert!((9..=11).contains(&calls), "{calls}");
    assert_eq!(keys, [1; 4]);
    let (calls, keys) = run(45, &DOWN);
    assert!((8..=16).contains(&calls), "pauses that double: {calls}");
    assert_eq!(keys, [1; 4]);
    let (_, keys) = run(16, &DOWN);
    assert_eq!(keys, [0; 4]);
    let (calls, keys) = run(1, &one_key());
    assert_eq!((calls, keys), (1, vec![1; 4]));
}

#[test]
fn an_answer_that_brings_no_keys_leaves_the_old_ones() {
    let mut proxy = Proxy::new(&source(), 2);
    proxy.round(&one_key());
    for answer in [
        DOWN,
        Err(CallFailure::NotSent),
        Err(CallFailure::TooLarge(5 << 20)),
        ok("<html></html>"),
        ok(r#"{"keys": []}"#),
        Ok(HttpAnswer {
            status: 302,
            body: Vec::new(),
        }),
    ] {
        proxy.now += SECOND * 601;
        let callers = proxy.tick();
        assert_eq!(callers.len(), 1, "{answer:?}");
        let step = proxy.answer(callers[0], answer.clone());
        assert!(matches!(step, Step::Failed(_)), "{answer:?}: {step:?}");
        assert_eq!(proxy.keys(), [1; 2], "{answer:?}");
    }
}

#[test]
fn discovery_asks_for_the_document_and_then_for_the_keys_within_one_time_limit() {
    let document =
        |issuer: &str| ok(json!({"issuer": issuer, "jwks_uri": "https://keys.example/k"}));
    let source = Source {
        kind: Kind::Discovery {
            issuers: vec!["https://idp.example".to_owned()],
        },
        ..source()
    };
    let mut proxy = Proxy::new(&source, 2);
    assert_eq!(proxy.tick(), [0]);
    proxy.now += SECOND * 2;
    let step = proxy.answer(0, document("https://idp.example"));
    let call = Call {
        uri: Uri::parse("https://keys.example/k").unwrap(),
        timeout: SECOND * 3,
    };
    assert_eq!(step, Step::Call(call));
    assert_eq!(proxy.tick(), [0; 0]);
    assert!(matches!(proxy.answer(0, one_key()), Step::Keys(_)));
    proxy.tick();
    assert_eq!(proxy.keys(), [1; 2]);
    proxy.now += SECOND * 600;
    proxy.tick();
    let step = proxy.answer(0, document("https://evil.example"));
    assert!(matches!(step, Step::Failed(Failure::Issuer(_))), "{step:?}");
    assert_eq!(proxy.keys(), [1; 2]);
}

#[test]
fn a_worker_that_dies_with_the_lease_is_replaced() {
    let mut proxy = Proxy::new(&source(), 3);
    assert_eq!(proxy.tick(), [0]);
    proxy.workers.remove(0);
    let mut callers = Vec::new();
    while callers.is_empty() {
        proxy.now += Duration::from_millis(50);
        callers = proxy.tick();
    }
    assert_eq!(proxy.now, START + SECOND * 6);
    proxy.answer(callers[0], one_key());
    proxy.tick();
    assert_eq!(proxy.keys(), [1; 2]);
}

#[test]
fn a_worker_looks_again_when_there_may_be_something_to_see() {
    let mut proxy = Proxy::new(&source(), 2);
    let look = |proxy: &Proxy, n: usize| proxy.workers[n].look_in(proxy.now);
    assert_eq!(look(&proxy, 0), SOON);
    proxy.tick();
    assert_eq!((look(&proxy, 0), look(&proxy, 1)), (SECOND * 6, LOOK));
    proxy.answer(0, one_key());
    proxy.tick();
    for n in [0, 1] {
        let wait = look(&proxy, n);
        assert!((SECOND * 600..=SECOND * 601).contains(&wait), "{wait:?}");
    }
    proxy.now += SECOND * 700;
    proxy.round(&DOWN);
    assert!(look(&proxy, 1) <= Duration::from_millis(250));
}

#[test]
fn another_configuration_with_the_same_source_finds_the_keys() {
    let mut proxy = Proxy::new(&source(), 1);
    proxy.round(&one_key());
    let longer = Source {
        refresh: SECOND * 5,
        ..source()
    };
    proxy.workers = vec![Remote::new(longer, "corp", 9)];
    assert_eq!(proxy.tick(), [0; 0]);
    assert_eq!(proxy.keys(), [1]);
    assert_eq!(proxy.store.keys(), 2);
}

#[test]
fn a_wish_for_other_keys_is_met_by_the_fetch_that_was_awaited() {
    let source = Source {
        refresh: SECOND * 7200,
        ..source()
    };
    let mut proxy = Proxy::new(&source, 2);
    proxy.round(&one_key());
    proxy.now += SECOND * 60;
    proxy.workers[0].want_other();
    assert_eq!(proxy.tick(), [0]);
    // Both workers have requests that wait for the fetch.
    for worker in &mut proxy.workers {
        worker.look(&proxy.store);
        worker.want_other();
    }
    proxy.answer(0, one_key());
    assert!(!proxy.workers[0].is_wanted());
    proxy.now += SECOND * 60;
    assert_eq!(proxy.tick(), [0; 0], "no one asked again");
    assert_eq!(proxy.calls, 2);
}
