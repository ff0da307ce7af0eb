//! Which process runs on which core, and the CPU time of a process (Linux: `taskset` and `/proc`).

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// The cores of a run: Envoy's own, and one for the load.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cores {
    envoy: usize,
    load: usize,
}

impl Cores {
    /// Chooses the last of the cores that this process may use for Envoy, and the first for the
    /// load. On a machine with one core they are the same.
    pub(crate) fn choose() -> Result<Self> {
        let status =
            fs::read_to_string("/proc/self/status").context("the benchmark runs on Linux")?;
        let list = status
            .lines()
            .find_map(|line| line.strip_prefix("Cpus_allowed_list:"))
            .context("/proc/self/status does not list the cores")?;
        let cores = parse(list.trim()).context("the list of cores in /proc/self/status")?;
        Ok(Self {
            envoy: cores.1,
            load: cores.0,
        })
    }

    /// Whether Envoy has its own core.
    pub(crate) fn are_apart(self) -> bool {
        self.envoy != self.load
    }

    /// Runs `start` on Envoy's core. Processes that it starts stay there.
    pub(crate) fn on_envoys<T>(self, start: impl FnOnce() -> T) -> Result<T> {
        pin(self.envoy)?;
        let started = start();
        pin(self.load)?;
        Ok(started)
    }
}

/// Returns the first and the last number of a list such as `0-3,8`.
fn parse(list: &str) -> Option<(usize, usize)> {
    let mut ends = list.split([',', '-']).map(str::parse);
    let first = ends.next()?.ok()?;
    let last = ends.next_back().map_or(Some(first), Result::ok)?;
    Some((first, last))
}

/// Binds this thread, and the threads and processes that it starts from now on, to a core.
fn pin(core: usize) -> Result<()> {
    let thread = fs::read_link("/proc/thread-self").context("/proc/thread-self")?;
    let thread = thread
        .file_name()
        .context("/proc/thread-self names no thread")?;
    let pinned = Command::new("taskset")
        .args(["--cpu-list", "--pid", &core.to_string()])
        .arg(thread)
        .output()
        .context("taskset (util-linux) is missing")?;
    ensure!(
        pinned.status.success(),
        "taskset: {}",
        String::from_utf8_lossy(&pinned.stderr).trim()
    );
    Ok(())
}

/// Returns the CPU time of all threads of a process so far, in microseconds.
pub(crate) fn cpu_time(pid: u32) -> Result<f64> {
    let mut nanoseconds = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        // A thread may have ended in the meantime.
        if let Ok(times) = fs::read_to_string(task?.path().join("schedstat")) {
            nanoseconds += first_number(&times).context("schedstat")?;
        }
    }
    Ok(nanoseconds as f64 / 1000.0)
}

fn first_number(text: &str) -> Option<u64> {
    text.split_ascii_whitespace().next()?.parse().ok()
}

/// Describes the machine of the run.
pub(crate) fn describe() -> String {
    let model = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = model
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map_or("unknown processor", |(_, name)| name.trim())
        .to_owned();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let virtual_machine = Path::new("/sys/hypervisor").exists()
        || fs::read_to_string("/proc/cpuinfo").is_ok_and(|info| info.contains(" hypervisor"));
    let kind = if virtual_machine {
        "virtual cores"
    } else {
        "cores"
    };
    format!("{model}, {cores} {kind}, Linux {}", kernel.trim())
}

/// Returns the load average of the last minute.
pub(crate) fn load_average() -> f64 {
    fs::read_to_string("/proc/loadavg")
        .ok()
        .and_then(|text| text.split_ascii_whitespace().next()?.parse().ok())
        .unwrap_or_default()
}

/// Returns the current date, such as `2026-11-26`.
pub(crate) fn today() -> String {
    let days = e2e::token::now() / 86_400;
    let (year, month, day) = civil(days as i64);
    format!("{year}-{month:02}-{day:02}")
}

/// Returns the date of a day since 1970-01-01 (Howard Hinnant, chrono-compatible low-level date
/// algorithms).
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn envoy_gets_the_last_core_and_the_load_the_first() {
        for (list, ends) in [
            ("0-1", Some((0, 1))),
            ("0", Some((0, 0))),
            ("2,4-7", Some((2, 7))),
            ("0-3,8", Some((0, 8))),
            ("", None),
            ("a-b", None),
        ] {
            assert_eq!(parse(list), ends, "{list}");
        }
    }

    #[test]
    fn cpu_time_grows_with_work() {
        let before = cpu_time(std::process::id()).unwrap();
        let mut sum = 0_u64;
        for n in 0..3_000_000_u64 {
            sum = std::hint::black_box(sum ^ n);
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
        assert!(cpu_time(std::process::id()).unwrap() > before);
    }

    #[test]
    fn days_are_told_as_dates() {
        for (days, date) in [
            (0, (1970, 1, 1)),
            (20_783, (2026, 11, 26)),
            (11_016, (2000, 2, 29)),
        ] {
            assert_eq!(civil(days), date);
        }
    }
}
