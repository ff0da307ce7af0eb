//! Generated regions in files that people write.

use anyhow::{Result, bail};

/// Replaces the text between `<!-- generated:NAME begin -->` and `<!-- generated:NAME end -->` with
/// `body`.
pub(super) fn replace(text: &str, name: &str, body: &str) -> Result<String> {
    let begin = format!("<!-- generated:{name} begin -->");
    let end = format!("<!-- generated:{name} end -->");
    let parts = text
        .split_once(&begin)
        .and_then(|(before, rest)| Some((before, rest.split_once(&end)?.1)));
    let Some((before, after)) = parts else {
        bail!("no region \"{name}\"; add the lines `{begin}` and `{end}` where it belongs");
    };
    Ok(format!(
        "{before}{begin}\n\n{}\n\n{end}{after}",
        body.trim()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_region_changes() {
        let old = "# A\n\n<!-- generated:x begin -->\nold\n<!-- generated:x end -->\n\nB <!-- generated:y begin -->\n";
        let new = replace(old, "x", "new\n").unwrap();
        let expected = "# A\n\n<!-- generated:x begin -->\n\nnew\n\n<!-- generated:x end -->\n\nB <!-- generated:y begin -->\n";
        assert_eq!(new, expected);
        assert_eq!(replace(&new, "x", "new").unwrap(), new);
    }

    #[test]
    fn a_missing_or_open_region_is_an_error_that_says_what_to_add() {
        for text in [
            "# A",
            "<!-- generated:x begin -->",
            "<!-- generated:x end --> <!-- generated:x begin -->",
        ] {
            let error = replace(text, "x", "new").unwrap_err().to_string();
            assert!(
                error.contains("<!-- generated:x begin -->"),
                "{text}: {error}"
            );
        }
    }
}
