//! The parts of a cost: the floor, the callbacks and calls beyond it, and the filter's own code.

use std::fmt::Write as _;

use crate::figures::Figure;
use crate::jobs::{COUNT, END, FLOOR_OF_ONE, IDLE, MISSING, ONE_MODULE, PRESENT, PRICES, RESPONSE};
use crate::run::{Measured, Times};
use crate::targets::number;

/// What a filter does beyond its floor, in a job.
struct Case {
    job: &'static str,
    /// Its case in the cost ledger: filter and name.
    ledger: (&'static str, &'static str),
    /// How many callbacks and calls it has that its floor does not have, each with its price.
    beyond: &'static [(&'static str, usize)],
}

const CASES: &[Case] = &[
    Case {
        job: "header-rewrite",
        ledger: (
            "header-rewrite",
            "set and remove a request header, set a response header",
        ),
        beyond: &[(END, 1), (COUNT, 2)],
    },
    Case {
        job: "cors",
        ledger: ("cors", "simple request of an allowed origin"),
        beyond: &[(END, 1), (MISSING, 1), (COUNT, 1)],
    },
    Case {
        job: "cors-no-origin",
        ledger: ("cors", "no origin"),
        beyond: &[(END, 1)],
    },
    Case {
        job: "cors-preflight",
        ledger: ("cors", "preflight"),
        beyond: &[(RESPONSE, 1), (END, 1), (PRESENT, 2), (COUNT, 1)],
    },
    Case {
        job: "rate-limit-both",
        ledger: ("rate-limit", "a header as key, headers: both"),
        beyond: &[(END, 1), (COUNT, 1)],
    },
    Case {
        job: "rate-limit-none",
        ledger: ("rate-limit", "a header as key, headers: none"),
        beyond: &[(RESPONSE, 1), (END, 1), (COUNT, 1)],
    },
    Case {
        job: "jwt-cached",
        ledger: ("jwt-auth", "RS256, cached"),
        beyond: &[(END, 1), (COUNT, 3)],
    },
    Case {
        job: "jwt-rs256",
        ledger: ("jwt-auth", "RS256, fresh, without the signature"),
        beyond: &[(END, 1), (COUNT, 3)],
    },
    Case {
        job: "jwt-es256",
        ledger: ("jwt-auth", "ES256, fresh, without the signature"),
        beyond: &[(END, 1), (COUNT, 3)],
    },
];

/// Writes the cost of callbacks and calls, and the parts of the costs.
pub(super) fn write(text: &mut String, measured: &Measured) {
    let Some(prices) = measured.job("prices") else {
        return;
    };
    price_list(text, prices);
    text.push_str(
        "## What the costs consist of\n\nOf a filter's µs, what its floor takes, what callbacks and calls beyond the floor take by the list above, and the rest: the \
         filter's own code and the SDK's.\n\n| | ours, µs | floor | callbacks | calls | code | instructions |\n|---|---:|---:|---:|---:|---:|---:|\n",
    );
    for case in CASES {
        if let Some(row) = case.row(measured, prices) {
            text.push_str(&row);
        }
    }
    text.push('\n');
    floors(text, measured);
}

/// Returns a price: the difference to the enclosing measurement, in µs.
fn price(prices: &Times, who: &str) -> Option<Figure> {
    Some(Figure::difference(
        prices.of(who)?,
        prices.of(IDLE)?,
        prices.copies as f64,
    ))
}

fn price_list(text: &mut String, prices: &Times) {
    text.push_str(
        "## What the host takes\n\nA module that does nothing, and what one callback or call more costs, with the code in which Envoy carries it out.\n\n\
         | | µs | half of the rounds |\n|---|---:|---|\n",
    );
    let idle = prices.cost(IDLE).map(|figure| (IDLE, figure));
    let rest = PRICES
        .iter()
        .filter_map(|who| Some((*who, price(prices, who)?)));
    for (who, figure) in idle.into_iter().chain(rest) {
        let (low, high) = (figure.low, figure.high);
        writeln!(
            text,
            "| {who} | {:.2} | {low:.2} – {high:.2} |",
            figure.median
        )
        .unwrap();
    }
    text.push('\n');
}

impl Case {
    fn row(&self, measured: &Measured, prices: &Times) -> Option<String> {
        let job = measured.job(self.job)?;
        let (ours, floor) = (job.cost("ours")?.median, job.cost("floor")?.median);
        let sum = |are_callbacks: bool| -> Option<f64> {
            let of = self.beyond.iter();
            of.filter(|(who, _)| (*who == END || *who == RESPONSE) == are_callbacks)
                .map(|(who, times)| Some(price(prices, who)?.median * *times as f64))
                .sum()
        };
        let (callbacks, calls) = (sum(true)?, sum(false)?);
        let (filter, name) = self.ledger;
        let row = |row: &&ledger::Row| row.filter == filter && row.case == name;
        let instructions = measured.ledger.iter().find(row)?.instructions;
        Some(format!(
            "| {} | {ours:.2} | {floor:.2} | {callbacks:.2} | {calls:.2} | {:.2} | {instructions} |\n",
            job.title,
            ours - floor - callbacks - calls,
        ))
    }
}

/// Comparisons with Lua and Envoy's own filters, of ours and of the floor, which is the minimum for
/// any module.
const COMPARISONS: &[(&str, &str, &str, &str)] = &[
    ("header-rewrite", "ours", "floor", "Lua"),
    ("cors", "ours", "floor", "Lua"),
    ("rate-limit-none", "ours", "floor", "Lua"),
    ("jwt-cached", "ours", "floor", "native"),
    ("jwt-cached", "ours", "floor", "native, with its cache"),
    ("jwt-rs256", "ours", "floor", "native"),
    ("jwt-es256", "ours", "floor", "native"),
    ("chain", "ours", "floor", "native"),
    ("chain", ONE_MODULE, FLOOR_OF_ONE, "native"),
    ("chain", ONE_MODULE, FLOOR_OF_ONE, "native, with its cache"),
    ("chain", ONE_MODULE, FLOOR_OF_ONE, "ours"),
];

fn floors(text: &mut String, measured: &Measured) {
    text.push_str(
        "No module can be below its floor, so what a floor costs bounds these ratios:\n\n| | beside | ours | floor |\n|---|---|---:|---:|\n",
    );
    for (id, ours, floor, beside) in COMPARISONS {
        let Some(job) = measured.job(id) else {
            continue;
        };
        if let (Some(of_ours), Some(of_floor)) = (job.ratio(ours, beside), job.ratio(floor, beside))
        {
            let module = if *ours == ONE_MODULE {
                ", in one module"
            } else {
                ""
            };
            let beside = if *beside == "ours" {
                "four modules"
            } else {
                beside
            };
            let (of_ours, of_floor) = (number(of_ours.median), number(of_floor.median));
            writeln!(
                text,
                "| {}{module} | {beside} | {of_ours} | {of_floor} |",
                job.title
            )
            .unwrap();
        }
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::Call;

    #[test]
    fn cases_name_prices_and_rows_of_the_ledger() {
        let text = std::fs::read_to_string(ledger::file()).unwrap();
        let rows = ledger::parse(&text);
        for Case {
            job,
            ledger,
            beyond,
        } in CASES
        {
            assert!(
                rows.iter().any(|row| (&*row.filter, &*row.case) == *ledger),
                "{job}"
            );
            for (who, _) in *beyond {
                assert!(PRICES.contains(who), "{job}: {who}");
            }
        }
    }

    #[test]
    fn calls_beyond_the_floor_are_those_of_the_ledger() {
        let floors = crate::jobs::Floors::new().unwrap();
        let text = std::fs::read_to_string(ledger::file()).unwrap();
        for case in CASES {
            let rows = ledger::parse(&text);
            let row = |row: &&ledger::Row| (&*row.filter, &*row.case) == case.ledger;
            let row = rows.iter().find(row).unwrap();
            let count = |name: &str| -> usize {
                let of = row
                    .calls
                    .split(", ")
                    .filter_map(|call| call.split_once(' '));
                of.filter(|(_, called)| *called == name)
                    .map(|(times, _)| times.parse::<usize>().unwrap())
                    .sum()
            };
            let beyond = |names: &[&str]| -> usize {
                let of = case.beyond.iter().filter(|(who, _)| names.contains(who));
                of.map(|(_, times)| times).sum()
            };
            let floor = floors.of(case.job).unwrap();
            let calls = || floor.request.iter().chain(floor.response.iter().flatten());
            let single = calls().filter(|call| matches!(call, Call::Get(..))).count();
            let maps = calls().filter(|call| matches!(call, Call::All(_))).count();
            let job = case.job;
            assert_eq!(count("increment_metric"), beyond(&[COUNT]), "{job}");
            assert_eq!(count("get_header_map_pairs"), maps, "{job}");
            let read = single + beyond(&[PRESENT, MISSING]);
            assert_eq!(count("get_header_map_value"), read, "{job}");
        }
    }
}
