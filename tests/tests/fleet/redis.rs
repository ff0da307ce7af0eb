//! A fleet's quota: rate limit services that count in one Redis.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::Duration,
};

use e2e::{
    RateLimitService, Redis,
    rate_limit_service::proto::{
        Code, Entry, RateLimitDescriptor, RateLimitRequest, RateLimitServiceClient, Status,
        rate_limit_response::Code as Answer,
    },
    wait,
};
use tokio::runtime::Runtime;

const LIMITS: &str = r"
- {namespace: edge, name: per-client, max_value: 30, seconds: 60, conditions: [], variables: ['descriptors[0].remote_address']}
- {namespace: edge, name: all, max_value: 40, seconds: 60, conditions: [], variables: []}
";

/// Makes `calls` calls over one connection and counts how often the answer is OK.
fn admitted(address: &str, client: &str, calls: u32) -> Result<u32, Status> {
    let request = RateLimitRequest {
        domain: "edge".to_owned(),
        descriptors: vec![RateLimitDescriptor {
            entries: vec![Entry {
                key: "remote_address".to_owned(),
                value: client.to_owned(),
            }],
            ..RateLimitDescriptor::default()
        }],
        hits_addend: 0,
    };
    Runtime::new().unwrap().block_on(async {
        let mut client = RateLimitServiceClient::connect(format!("http://{address}"))
            .await
            .map_err(|error| Status::unavailable(error.to_string()))?;
        let mut admitted = 0;
        for _ in 0..calls {
            let answer = client.should_rate_limit(request.clone()).await?;
            if answer.into_inner().overall_code() == Answer::Ok {
                admitted += 1;
            }
        }
        Ok(admitted)
    })
}

fn service(redis: &Redis) -> RateLimitService {
    with_limits(redis, LIMITS)
}

fn with_limits(redis: &Redis, limits: &str) -> RateLimitService {
    RateLimitService::options()
        .limits(limits)
        .redis(redis.url())
        .start()
        .unwrap()
}

#[test]
fn racing_services_admit_together_exactly_what_one_would() {
    let redis = Redis::spawn().unwrap();
    let services = [service(&redis), service(&redis)];
    let total = AtomicU32::new(0);
    thread::scope(|scope| {
        for service in &services {
            for _ in 0..2 {
                scope.spawn(|| {
                    let count = admitted(&service.address().to_string(), "a", 25).unwrap();
                    total.fetch_add(count, Ordering::Relaxed);
                });
            }
        }
    });
    assert_eq!(total.into_inner(), 30);
    // A refused call was charged to no limit: ten of the forty for all are left.
    let other = admitted(&services[0].address().to_string(), "b", 25).unwrap();
    assert_eq!(other, 10);
}

#[test]
fn a_quota_outlives_the_service_that_counted_it() {
    let redis = Redis::spawn().unwrap();
    let mut first = service(&redis);
    let address = first.address().to_string();
    assert_eq!(admitted(&address, "a", 20).unwrap(), 20);
    first.stop();
    first.start().unwrap();
    assert_eq!(admitted(&address, "a", 5).unwrap(), 5);
    drop(first);
    let next = service(&redis);
    assert_eq!(admitted(&next.address().to_string(), "a", 20).unwrap(), 5);
}

#[test]
fn a_window_ends_in_redis_too() {
    let redis = Redis::spawn().unwrap();
    let service = with_limits(
        &redis,
        "[{namespace: edge, max_value: 2, seconds: 1, conditions: [], variables: []}]",
    );
    let address = service.address().to_string();
    assert_eq!(admitted(&address, "a", 1).unwrap(), 1);
    wait::until("a new window", Duration::from_secs(10), || {
        // Two at once fit only into a fresh window.
        admitted(&address, "a", 2).unwrap() == 2
    });
}

#[test]
fn without_redis_a_service_is_unavailable_until_redis_is_back() {
    let mut redis = Redis::spawn().unwrap();
    let service = service(&redis);
    let address = service.address().to_string();
    assert_eq!(admitted(&address, "a", 30).unwrap(), 30);
    redis.stop();
    for _ in 0..2 {
        let error = admitted(&address, "a", 1).unwrap_err();
        assert_eq!(error.code(), Code::Unavailable, "{error}");
    }
    redis.start().unwrap();
    // It is empty after the restart.
    assert_eq!(admitted(&address, "a", 1).unwrap(), 1);
}

/// `rate-limit-service` as a process. Killed on drop.
struct Program {
    child: Child,
    address: String,
}

impl Program {
    fn start(redis: &Redis) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_rate-limit-service"))
            .args(["--port", "0", "--redis", &redis.url()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let output = child.stdout.as_mut().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("rate limit service on ");
        let address = address.unwrap_or_else(|| panic!("{line}")).to_owned();
        Self { child, address }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Both fail only if the process has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn two_programs_share_the_limits_of_the_samples_and_end_when_told() {
    let redis = Redis::spawn().unwrap();
    let mut programs = [(); 2].map(|()| Program::start(&redis));
    assert_eq!(admitted(&programs[0].address, "10.0.0.1", 3).unwrap(), 3);
    assert_eq!(admitted(&programs[1].address, "10.0.0.1", 3).unwrap(), 2);
    for program in &mut programs {
        let pid = program.child.id().to_string();
        let told = Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        assert!(told.success());
        wait::until("the program ends", Duration::from_secs(10), || {
            program
                .child
                .try_wait()
                .unwrap()
                .is_some_and(|status| status.success())
        });
    }
}
