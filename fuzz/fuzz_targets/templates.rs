//! Templates, with a request for their variables: the first line is the template, the second one a
//! target, the others are headers. The result of a template is limited, and the same each time.
#![no_main]

use catalog_fuzz::reference::is_value;
use filter_kit::config::Env;
use filter_kit::headers::Headers;
use filter_kit::template::{MAX_EXPANDED_BYTES, MAX_LITERAL_BYTES, Scope, Template, Values};
use filter_kit::testing::{ScriptedHost, request};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut lines = data.split(|b| *b == b'\n');
    let mut text = || std::str::from_utf8(lines.next().unwrap_or_default());
    let (Ok(template), Ok(target)) = (text(), text()) else {
        return;
    };
    let env = Env::from([("NAME".to_owned(), "value".to_owned())]);
    let scope = Scope {
        response: true,
        path_groups: 2,
        groups: None,
        extra: &["limit.name"],
    };
    let parsed = Template::parse_multiline(template, scope, &env);
    if let (Ok(one), Ok(other)) = (&parsed, Template::parse(template, scope, &env)) {
        assert_eq!(format!("{one:?}"), format!("{other:?}"));
    }
    let Ok(template) = parsed else { return };
    let _host = ScriptedHost::install();
    let mut built = request("GET", target).source_address("10.0.0.1:1");
    for line in lines.take(16) {
        if let Some(colon) = line.iter().position(|b| *b == b':')
            && let Ok(name) = std::str::from_utf8(&line[..colon])
            && is_value(line)
        {
            built = built.header(&name.to_ascii_lowercase(), &line[colon + 1..]);
        }
    }
    let request = built.build();
    let response = Headers::new(&[(":status", "200"), ("x-a", "b")]);
    let captures = [Some(b"one".to_vec()), None];
    let values = Values {
        request: Some(&request),
        response: Some(&response),
        path_captures: &captures,
        captures: None,
        extra: &[("limit.name", b"all")],
    };
    let expanded = template.expand(&values);
    if let Ok(expanded) = &expanded {
        assert!(expanded.len() <= MAX_LITERAL_BYTES + MAX_EXPANDED_BYTES);
        if let Some(fixed) = template.fixed() {
            assert_eq!(fixed, expanded);
        }
    }
    assert_eq!(
        template.expanded(&values).map(|value| value.into_owned()),
        expanded
    );
    if let Ok(worked_out) = template.with_groups_only(&values) {
        assert_eq!(worked_out.expand(&Values::default()), expanded);
    }
    let _ = (
        template.looks_at_host(),
        template.looks_at_request(),
        template.looks_at_response(),
    );
});
