//! Suggests a name for a misspelled one.

/// Returns the known name that was probably meant: a longer one, another spelling, or one within
/// two letters.
pub(crate) fn nearest<'n>(wrong: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let plain = |name: &str| name.replace(['_', '-'], "").to_ascii_lowercase();
    let wrong = plain(wrong);
    let known: Vec<_> = known.collect();
    let is_shortened = |name: &&&str| wrong.len() > 3 && plain(name).starts_with(&wrong);
    if let Some(whole) = known.iter().find(is_shortened) {
        return Some(whole);
    }
    let distance = |name: &str| edits(&wrong, &plain(name));
    let nearest = known.into_iter().min_by_key(|name| distance(name))?;
    (distance(nearest) <= 2.min(wrong.len() / 3)).then_some(nearest)
}

/// Returns the Levenshtein distance.
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, a) in from.chars().enumerate() {
        let mut diagonal = line;
        row[0] = line + 1;
        for (column, b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_near_by_its_spelling_its_beginning_or_two_letters() {
        let known = ["configuration", "vm_config", "failStrategy", "phase"];
        for (wrong, expected) in [
            ("config", Some("configuration")),
            ("vmConfig", Some("vm_config")),
            ("fail_strategy", Some("failStrategy")),
            ("phaze", Some("phase")),
            ("url", None),
        ] {
            assert_eq!(nearest(wrong, known.into_iter()), expected, "{wrong}");
        }
    }
}
