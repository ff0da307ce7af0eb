//! Replaces the old name in a text with the new one, wherever it means the filter.
//!
//! A name of one word may also be a variable or a word in a sentence. So Rust code is changed only
//! where a filter's name can occur: as a whole string or at its start, before `::`, in the name of
//! a counter, and in comments. Names of Envoy's own filters (`envoy.filters.http.cors`) stay
//! unchanged.

use super::name::Forms;

/// Renames texts and paths.
pub(super) struct Renamer<'a> {
    new: &'a Forms,
    old: &'a Forms,
    types: bool,
}

impl<'a> Renamer<'a> {
    /// Creates a renamer. `types` says whether `OldName` becomes `NewName` too.
    pub(super) fn new(new: &'a Forms, old: &'a Forms, types: bool) -> Self {
        // A type of one word may belong to the filter's domain (`Cors`) and not mean the filter.
        let types = types && old.kebab.contains('-');
        Self { new, old, types }
    }

    /// Returns the path of a file's copy.
    pub(super) fn path(&self, path: &str) -> String {
        if path.starts_with("tests/") {
            return path.replacen(&self.old.snake, &self.new.snake, 1);
        }
        path.replacen(&self.old.kebab, &self.new.kebab, 1)
    }

    /// Renames a text. `path` distinguishes Rust from text for people.
    pub(super) fn text(&self, path: &str, text: &str) -> String {
        let is_rust = path.ends_with(".rs");
        text.split_inclusive('\n')
            .map(|line| {
                let only_names = is_rust && !line.trim_start().starts_with("//");
                let line = self.replace(line, &self.old.kebab, only_names);
                let line = if self.old.snake == self.old.kebab {
                    line
                } else {
                    self.replace(&line, &self.old.snake, only_names)
                };
                if self.types {
                    replace_words(&line, &self.old.pascal, |_, _| Some(&self.new.pascal))
                } else {
                    line
                }
            })
            .collect()
    }

    fn replace(&self, line: &str, old: &str, only_names: bool) -> String {
        replace_words(line, old, |before, after| {
            let counted = before.ends_with("wasmcustom.")
                || before.ends_with("in \"")
                || is_first_of_dotted(after);
            let named = after.starts_with("::")
                || counted
                || before.ends_with('"') && after.starts_with(['"', ':', '.'])
                || before.ends_with('"') && after.trim_start().starts_with('(');
            if before.ends_with("http.") || (only_names && !named) {
                return None;
            }
            let identifier = old.contains('_') || after.starts_with("::") || counted;
            Some(if identifier {
                &self.new.snake
            } else {
                &self.new.kebab
            })
        })
    }
}

/// Whether the word, given what follows it, begins the name of a counter (`cors.preflight`) and not
/// of a file (`cors.yaml`) or a sentence.
fn is_first_of_dotted(after: &str) -> bool {
    let Some(rest) = after.strip_prefix('.') else {
        return false;
    };
    rest.starts_with(|next: char| next.is_ascii_lowercase() || next == '{')
        && !["yaml", "wasm", "rs", "md"]
            .iter()
            .any(|ending| rest.starts_with(ending))
}

/// Replaces whole words. `choose` gets the text before and after each.
fn replace_words<'a>(
    line: &str,
    old: &str,
    choose: impl Fn(&str, &str) -> Option<&'a String>,
) -> String {
    let in_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let mut result = String::with_capacity(line.len());
    let mut written = 0;
    for (start, _) in line.match_indices(old) {
        let (before, after) = (&line[..start], &line[start + old.len()..]);
        if before.ends_with(in_word) || after.starts_with(in_word) {
            continue;
        }
        if let Some(new) = choose(before, after) {
            result.push_str(&line[written..start]);
            result.push_str(new);
            written = start + old.len();
        }
    }
    result.push_str(&line[written..]);
    result
}

#[cfg(test)]
mod tests {
    use super::super::name::Names;

    fn renamed(from: &str, path: &str, line: &str) -> String {
        let names = Names::new("geo-block", from);
        names.renamer([line].into_iter()).text(path, line)
    }

    #[test]
    fn rust_changes_where_the_filter_is_named_and_nowhere_else() {
        for (from, old, new) in [
            (
                "cors",
                r#"const FILTER: &'static str = "cors";"#,
                r#"const FILTER: &'static str = "geo-block";"#,
            ),
            (
                "cors",
                r#"pub enum Event in "cors" {"#,
                r#"pub enum Event in "geo_block" {"#,
            ),
            (
                "cors",
                r#"trim("cors: policies[0].")"#,
                r#"trim("geo-block: policies[0].")"#,
            ),
            (
                "cors",
                r#"stat("wasmcustom.cors.request_total")"#,
                r#"stat("wasmcustom.geo_block.request_total")"#,
            ),
            (
                "cors",
                r#"format!("wasmcustom.cors.{name}")"#,
                r#"format!("wasmcustom.geo_block.{name}")"#,
            ),
            (
                "cors",
                "check: check::<cors::Config>,",
                "check: check::<geo_block::Config>,",
            ),
            ("cors", "//! cors: shares", "//! geo-block: shares"),
            (
                "cors",
                "let cors = plan.cors; cors(&answer)",
                "let cors = plan.cors; cors(&answer)",
            ),
            ("cors", "cors: Cors::Keep,", "cors: Cors::Keep,"),
            (
                "cors",
                r#"native("{name: envoy.filters.http.cors}")"#,
                r#"native("{name: envoy.filters.http.cors}")"#,
            ),
            ("cors", r#""cors_preflight""#, r#""cors_preflight""#),
            (
                "header-rewrite",
                "start::<crate::HeaderRewrite>();",
                "start::<crate::GeoBlock>();",
            ),
            (
                "header-rewrite",
                "use header_rewrite::Config;",
                "use geo_block::Config;",
            ),
            (
                "header-rewrite",
                r#"in "header_rewrite" {"#,
                r#"in "geo_block" {"#,
            ),
            (
                "header-rewrite",
                r#"("header-rewrite", 1)"#,
                r#"("geo-block", 1)"#,
            ),
        ] {
            assert_eq!(renamed(from, "src/lib.rs", old), new);
        }
    }

    #[test]
    fn what_people_read_changes_but_for_envoys_own_filters() {
        for (from, old, new) in [
            ("cors", "# cors", "# geo-block"),
            (
                "cors",
                "$ cargo xtask serve cors",
                "$ cargo xtask serve geo-block",
            ),
            (
                "cors",
                "counted under `cors.reported.…`",
                "counted under `geo_block.reported.…`",
            ),
            (
                "cors",
                "filename: /etc/envoy/filters/cors.wasm",
                "filename: /etc/envoy/filters/geo-block.wasm",
            ),
            (
                "cors",
                "from `envoy.filters.http.cors`",
                "from `envoy.filters.http.cors`",
            ),
            (
                "cors",
                "the CORS headers of cors.",
                "the CORS headers of geo-block.",
            ),
            ("jwt-auth", "name = \"jwt-auth\"", "name = \"geo-block\""),
            (
                "jwt-auth",
                "from `envoy.filters.http.jwt_authn`",
                "from `envoy.filters.http.jwt_authn`",
            ),
        ] {
            assert_eq!(renamed(from, "README.md", old), new);
        }
    }

    #[test]
    fn a_type_keeps_its_name_where_the_new_one_is_taken() {
        let names = Names::new("http-context", "header-rewrite");
        let text = "impl HttpContext for HeaderRewrite {";
        assert_eq!(names.renamer([text].into_iter()).text("lib.rs", text), text);
    }
}
