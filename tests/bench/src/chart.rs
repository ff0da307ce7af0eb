//! Bar charts in SVG, which GitHub shows in light and dark.

use std::fmt::Write as _;

/// A group of bars under one title.
pub(crate) struct Group {
    pub(crate) title: String,
    /// Name, value and its label.
    pub(crate) bars: Vec<(String, f64, String)>,
}

const WIDTH: f64 = 760.0;
const NAMES: f64 = 190.0;
const LABELS: f64 = 90.0;
const BAR: f64 = 18.0;
const GAP: f64 = 6.0;
const TITLE: f64 = 26.0;

/// Draws the chart. With `own_scales` each group has its own scale; otherwise all have the same.
pub(crate) fn bars(title: &str, groups: &[Group], own_scales: bool) -> String {
    let longest = |groups: &[Group]| {
        groups
            .iter()
            .flat_map(|group| &group.bars)
            .map(|bar| bar.1)
            .fold(0.0, f64::max)
    };
    let most = longest(groups);
    let (mut body, mut y) = (String::new(), 40.0);
    for group in groups {
        writeln!(
            body,
            r#"<text x="8" y="{:.0}" class="group">{}</text>"#,
            y + 14.0,
            escaped(&group.title)
        )
        .unwrap();
        y += TITLE;
        let most = if own_scales {
            longest(std::slice::from_ref(group))
        } else {
            most
        };
        for (name, value, label) in &group.bars {
            let width = if most > 0.0 {
                (WIDTH - NAMES - LABELS) * value.max(0.0) / most
            } else {
                0.0
            };
            let class = if name.starts_with("ours") || name == "all four" {
                "ours"
            } else {
                "other"
            };
            write!(
                body,
                r#"<text x="{:.0}" y="{:.0}" class="name">{}</text>
<rect x="{NAMES:.0}" y="{y:.0}" width="{width:.1}" height="{BAR:.0}" class="{class}"/>
<text x="{:.1}" y="{:.0}">{}</text>
"#,
                NAMES - 8.0,
                y + 13.0,
                escaped(name),
                NAMES + width + 6.0,
                y + 13.0,
                escaped(label),
            )
            .unwrap();
            y += BAR + GAP;
        }
        y += GAP;
    }
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:.0} {y:.0}" role="img" aria-label="{0}">
<style>
svg {{ background: #fff; font: 13px sans-serif; }}
text {{ fill: #24292f; }}
.title {{ font-weight: bold; font-size: 15px; }}
.group {{ font-weight: bold; }}
.name {{ text-anchor: end; }}
.ours {{ fill: #0969da; }}
.other {{ fill: #afb8c1; }}
@media (prefers-color-scheme: dark) {{
svg {{ background: #0d1117; }}
text {{ fill: #e6edf3; }}
.ours {{ fill: #4493f8; }}
.other {{ fill: #57606a; }}
}}
</style>
<text x="8" y="24" class="title">{0}</text>
{body}</svg>
"#,
        escaped(title)
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
        .replace('`', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_bar_fills_its_room_and_text_is_escaped() {
        let group = |title: &str, values: &[f64]| Group {
            title: title.to_owned(),
            bars: values
                .iter()
                .map(|value| ("ours & <co>".to_owned(), *value, format!("{value} µs")))
                .collect(),
        };
        let svg = bars(
            "\"A\"",
            &[group("one", &[2.0, 1.0]), group("two", &[-1.0])],
            false,
        );
        for part in [
            "width=\"480.0\"",
            "width=\"240.0\"",
            "width=\"0.0\"",
            "ours &amp; &lt;co>",
            "&quot;A&quot;",
        ] {
            assert!(svg.contains(part), "{part} in {svg}");
        }
        let svg = bars("A", &[group("one", &[2.0]), group("two", &[1.0])], true);
        assert_eq!(svg.matches("width=\"480.0\"").count(), 2);
    }
}
