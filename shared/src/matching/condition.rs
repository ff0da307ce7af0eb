//! Conditions as written: what to look at, and one of the matchers. The keys of all conditions are
//! defined here.

/// Declares a condition: its own keys, then the matchers' keys. `text` takes the matchers out as a
/// [`RawTextMatch`](crate::matching::RawTextMatch).
///
/// A flattened struct would lose the position of an error, so each condition contains the keys
/// itself.
#[macro_export]
macro_rules! text_condition {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $($(#[$own_meta:meta])* $own_vis:vis $own:ident: $type:ty,)+
            ..exact: $exact:literal,
            ..present: $present:literal,
        }
    ) => {
        #[derive(Debug, Clone, serde::Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        $(#[$meta])*
        $vis struct $name {
            $($(#[$own_meta])* $own_vis $own: $type,)+
            #[doc = $exact]
            $vis exact: Option<String>,
            /// The value begins with this.
            $vis prefix: Option<String>,
            /// The value ends with this.
            $vis suffix: Option<String>,
            /// The value contains this.
            $vis contains: Option<String>,
            /// The whole value matches this regular expression.
            $vis regex: Option<String>,
            #[doc = $present]
            $vis present: Option<bool>,
            /// Compare ASCII letters without their case.
            #[serde(default)]
            $vis ignore_case: bool,
        }

        impl $name {
            /// Takes the matchers out.
            fn text(&mut self) -> $crate::matching::RawTextMatch {
                $crate::matching::RawTextMatch {
                    exact: self.exact.take(),
                    prefix: self.prefix.take(),
                    suffix: self.suffix.take(),
                    contains: self.contains.take(),
                    regex: self.regex.take(),
                    present: self.present.take(),
                    ignore_case: self.ignore_case,
                }
            }
        }
    };
}
