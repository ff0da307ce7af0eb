//! The picture of the tour in the README: the output of `cargo xtask demo --once`, as a terminal
//! shows it.

/// The chapters in the picture.
const CHAPTERS: [&str; 2] = ["cors", "jwt-auth"];

/// Maximum length of a line, in characters. Longer lines are cut.
const COLUMNS: usize = 92;

const CHARACTER: f64 = 8.4;
const LINE: usize = 20;
const MARGIN: usize = 20;

/// Returns the picture of this output.
pub(super) fn svg(output: &str) -> String {
    let lines = shown(output);
    let width = (COLUMNS as f64 * CHARACTER) as usize + 2 * MARGIN;
    let height = lines.len() * LINE + 2 * MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         font-family=\"ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace\" font-size=\"14\">\n\
         <title>What cargo xtask demo prints</title>\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"#1b1f24\"/>\n"
    );
    for (number, line) in lines
        .iter()
        .enumerate()
        .filter(|(_, line)| !line.is_empty())
    {
        let text = line.trim_start();
        // Browsers drop leading spaces of a text.
        let x = MARGIN + ((line.len() - text.len()) as f64 * CHARACTER) as usize;
        let y = MARGIN + number * LINE + LINE / 2 + 5;
        svg.push_str(&format!(
            "<text x=\"{x}\" y=\"{y}\" fill=\"{}\"{}>{}</text>\n",
            colour(line),
            if is_chapter(line) {
                " font-weight=\"bold\""
            } else {
                ""
            },
            escaped(text)
        ));
    }
    svg + "</svg>\n"
}

/// Returns the lines of the picture: the command, and the chapters.
fn shown(output: &str) -> Vec<String> {
    let mut lines = vec!["$ cargo xtask demo".to_owned()];
    let mut is_in = false;
    for line in output.lines() {
        if is_chapter(line) {
            is_in = CHAPTERS.contains(&line);
        }
        if is_in && !(line.is_empty() && lines.last().is_some_and(String::is_empty)) {
            lines.push(cut(&same_each_time(line)));
        }
    }
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

/// Whether this is the heading of a chapter: a line of one word, not indented.
fn is_chapter(line: &str) -> bool {
    !line.is_empty() && !line.contains(' ')
}

/// Removes what differs between runs: a token.
fn same_each_time(line: &str) -> String {
    match line.find("eyJ") {
        Some(at) => format!("{}eyJ…", &line[..at]),
        None => line.to_owned(),
    }
}

fn cut(line: &str) -> String {
    match line.char_indices().nth(COLUMNS - 1) {
        Some((at, _)) if line.chars().count() > COLUMNS => format!("{}…", &line[..at]),
        _ => line.to_owned(),
    }
}

fn colour(line: &str) -> &'static str {
    let text = line.trim_start();
    let is_detail = line.starts_with("     ");
    match text.chars().next() {
        Some('$') => "#7ee787",
        Some('→') => "#79c0ff",
        Some('←') => "#d2a8ff",
        _ if is_chapter(line) => "#ffffff",
        _ if is_detail => "#8b949e",
        _ => "#e6edf3",
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_has_its_chapters_without_what_differs_from_run_to_run() {
        let output = "starting\n\ncors\n\n  may a < b\n    → GET /\n      x: y\n\n\nheader-rewrite\n    → GET /no\n\njwt-auth\n      authorization: Bearer eyJhbGciOi.x.y\n\nall 9 steps answered as expected\n";
        let lines = shown(output);
        let expected = [
            "$ cargo xtask demo",
            "cors",
            "",
            "  may a < b",
            "    → GET /",
            "      x: y",
            "",
            "jwt-auth",
            "      authorization: Bearer eyJ…",
        ];
        assert_eq!(lines[..9], expected);
        assert!(svg(output).contains(">may a &lt; b</text>"));
        assert!(!svg(output).contains("/no"));
    }

    #[test]
    fn a_long_line_is_cut() {
        let line = cut(&"→".repeat(COLUMNS + 1));
        assert_eq!((line.chars().count(), line.ends_with('…')), (COLUMNS, true));
        assert_eq!(cut(&"→".repeat(COLUMNS)), "→".repeat(COLUMNS));
    }
}
