//! Suggestions for unknown names: the nearest accepted name, or our name for one of Envoy's.

mod envoy;

pub(super) use envoy::ours;

/// Returns the accepted name that was probably meant.
pub(super) fn nearest<'n>(name: &str, accepted: &[&'n str]) -> Option<&'n str> {
    let name = snake_case(name);
    let distance = |accepted: &str| distance(name.as_bytes(), snake_case(accepted).as_bytes());
    let (near, distance) = accepted
        .iter()
        .map(|accepted| (*accepted, distance(accepted)))
        .min_by_key(|(_, distance)| *distance)?;
    let most = match near.len() {
        0..=3 => 1,
        4..=7 => 2,
        _ => 3,
    };
    (distance <= most).then_some(near)
}

/// Converts `fromHeaders` and `from-headers` to `from_headers`.
fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len());
    for c in name.chars().take(64) {
        if c.is_ascii_uppercase() && !snake.is_empty() && !snake.ends_with('_') {
            snake.push('_');
        }
        snake.push(if c == '-' {
            '_'
        } else {
            c.to_ascii_lowercase()
        });
    }
    snake
}

/// Counts the letters that were changed, left out, added, or swapped with the next one.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let first: Vec<usize> = (0..=b.len()).collect();
    let mut rows = vec![first];
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i.saturating_add(1)];
        for (j, y) in b.iter().enumerate() {
            let at = |row: Option<&Vec<usize>>, j: usize| {
                row.and_then(|row| row.get(j))
                    .copied()
                    .unwrap_or(usize::MAX)
            };
            let last = rows.last();
            let changed = at(last, j).saturating_add(usize::from(x != y));
            let added = at(last, j.saturating_add(1))
                .min(at(Some(&row), j))
                .saturating_add(1);
            let is_swapped =
                a.get(i.wrapping_sub(1)) == Some(y) && b.get(j.wrapping_sub(1)) == Some(x);
            let swapped = match is_swapped {
                true => {
                    let before = rows.len().checked_sub(2).and_then(|at| rows.get(at));
                    at(before, j.wrapping_sub(1)).saturating_add(1)
                }
                false => usize::MAX,
            };
            row.push(changed.min(added).min(swapped));
        }
        rows.push(row);
    }
    let last = rows.last().and_then(|row| row.last());
    last.copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelled_name_has_its_nearest() {
        let accepted = ["match", "allow_origins", "allow_methods", "mode", "per"];
        for (name, near) in [
            ("allow_origin", Some("allow_origins")),
            ("allowOrigins", Some("allow_origins")),
            ("allow-origins", Some("allow_origins")),
            ("mathc", Some("match")),
            ("Mode", Some("mode")),
            ("pre", Some("per")),
            ("x", None),
            ("policies", None),
            // Longer names may contain more mistakes.
            ("pez", Some("per")),
            ("pzz", None),
            ("moxx", Some("mode")),
            ("mxxx", None),
            ("allow_orxxxns", Some("allow_origins")),
            ("allow_orxxxxs", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, &accepted), near, "{name}");
        }
        assert_eq!(nearest("x", &[]), None);
    }
}
