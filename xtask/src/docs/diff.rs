//! Shows the first difference between two texts.

/// How many lines of each text are shown.
const SHOWN: usize = 6;

/// Returns what differs, without equal lines before and after, in a few lines.
pub(super) fn short(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let before = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let shorter = old.len().min(new.len());
    let after = old
        .iter()
        .rev()
        .zip(new.iter().rev())
        .take(shorter - before)
        .take_while(|(a, b)| a == b)
        .count();
    let mut lines = vec![format!("  line {}:", before + 1)];
    lines.extend(marked('-', &old[before..old.len() - after]));
    lines.extend(marked('+', &new[before..new.len() - after]));
    lines.join("\n")
}

fn marked(mark: char, lines: &[&str]) -> Vec<String> {
    let more = lines.len().saturating_sub(SHOWN);
    lines
        .iter()
        .take(SHOWN)
        .map(|line| format!("  {mark} {line}"))
        .chain((more > 0).then(|| format!("  {mark} … {more} more")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_shown() {
        let cases = [
            ("a\nb\nc", "a\nx\nc", "  line 2:\n  - b\n  + x"),
            ("a\nc", "a\nb\nc", "  line 2:\n  + b"),
            ("a\na", "a", "  line 2:\n  - a"),
            ("", "a", "  line 1:\n  + a"),
        ];
        for (old, new, expected) in cases {
            assert_eq!(short(old, new), expected, "{old:?} {new:?}");
        }
        let long = (0..10)
            .map(|n| n.to_string())
            .collect::<Vec<_>>()
            .join("\n");
        assert!(short("", &long).ends_with("+ … 4 more"));
    }
}
