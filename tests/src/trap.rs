//! Wasm modules that trap, to show what happens to their filters, and that the harness detects it.

/// Returns the smallest module that Envoy loads. It traps when it gets the headers of a request.
pub fn module() -> Vec<u8> {
    const I32: u8 = 0x7f;
    // Name, number of i32 parameters, number of i32 results, body.
    let functions: [(&str, u8, u8, &[u8]); 6] = [
        ("proxy_abi_version_0_2_1", 0, 0, &[]),
        ("malloc", 1, 1, &[0x41, 0x08]), // i32.const 8
        ("proxy_on_context_create", 2, 0, &[]),
        ("proxy_on_vm_start", 2, 1, &[0x41, 0x01]), // i32.const 1
        ("proxy_on_configure", 2, 1, &[0x41, 0x01]), // i32.const 1
        ("proxy_on_request_headers", 3, 1, &[0x00]), // unreachable
    ];
    let sized = |content: Vec<u8>| [vec![u8::try_from(content.len()).unwrap()], content].concat();
    let types = functions.map(|(_, parameters, results, _)| {
        [
            vec![0x60],
            sized(vec![I32; parameters.into()]),
            sized(vec![I32; results.into()]),
        ]
        .concat()
    });
    let mut exports = vec![[sized(b"memory".to_vec()), vec![2, 0]].concat()];
    for (index, (name, ..)) in (0..).zip(functions) {
        exports.push([sized(name.into()), vec![0, index]].concat());
    }
    // No locals, the body, its end.
    let bodies = functions.map(|(.., body)| sized([&[0], body, &[0x0b]].concat()));
    let section = |id: u8, items: &[Vec<u8>]| {
        let content = [vec![u8::try_from(items.len()).unwrap()], items.concat()].concat();
        // Lengths always take two LEB128 bytes.
        let length = u16::try_from(content.len()).unwrap();
        let length = [0x80 | (length & 0x7f) as u8, (length >> 7) as u8];
        [&[id], length.as_slice(), &content].concat()
    };
    [
        b"\0asm\x01\0\0\0".to_vec(),
        section(1, &types),
        section(3, &[0, 1, 2, 3, 4, 5].map(|index| vec![index])),
        section(5, &[vec![0, 1]]), // one page of memory
        section(7, &exports),
        section(10, &bodies),
    ]
    .concat()
}

/// Returns the module changed to trap in one of its exports.
///
/// # Panics
/// If it is not a module with this export, or imports more than functions.
pub fn in_export(module: &[u8], export: &str) -> Vec<u8> {
    const HEADER: usize = 8;
    let mut changed = module[..HEADER].to_vec();
    let (mut imported, mut index) = (0, None);
    let mut rest = &module[HEADER..];
    while let Some((&id, after)) = rest.split_first() {
        rest = after;
        let size = number(&mut rest);
        let (content, after) = rest.split_at(size);
        rest = after;
        match id {
            2 => imported = imported_functions(content),
            7 => index = exported_function(content, export),
            _ => {}
        }
        let content = match (id, index) {
            (10, Some(index)) => with_trap(content, index - imported),
            _ => content.to_vec(),
        };
        changed.push(id);
        changed.extend(leb(content.len()));
        changed.extend(content);
    }
    assert!(index.is_some(), "no function is exported as {export}");
    changed
}

fn imported_functions(mut content: &[u8]) -> usize {
    let count = number(&mut content);
    for _ in 0..count {
        name(&mut content);
        name(&mut content);
        assert_eq!(content[0], 0, "only functions are imported");
        content = &content[1..];
        number(&mut content);
    }
    count
}

fn exported_function(mut content: &[u8], export: &str) -> Option<usize> {
    (0..number(&mut content)).find_map(|_| {
        let is_it = name(&mut content) == export.as_bytes();
        let kind = content[0];
        content = &content[1..];
        let index = number(&mut content);
        (is_it && kind == 0).then_some(index)
    })
}

/// Returns the bodies of all functions, with one replaced by just `unreachable`, without locals.
fn with_trap(mut content: &[u8], at: usize) -> Vec<u8> {
    let count = number(&mut content);
    let mut bodies = leb(count);
    for index in 0..count {
        let size = number(&mut content);
        let (body, after) = content.split_at(size);
        content = after;
        let body = if index == at { &[0, 0x00, 0x0b] } else { body };
        bodies.extend(leb(body.len()));
        bodies.extend(body);
    }
    bodies
}

fn name<'m>(content: &mut &'m [u8]) -> &'m [u8] {
    let size = number(content);
    let (name, rest) = content.split_at(size);
    *content = rest;
    name
}

/// Reads an unsigned LEB128 number (WebAssembly core specification, 5.2.2).
fn number(content: &mut &[u8]) -> usize {
    let mut number = 0;
    for shift in (0..).step_by(7) {
        let byte = content[0];
        *content = &content[1..];
        number |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    number
}

fn leb(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let byte = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            bytes.push(byte);
            return bytes;
        }
        bytes.push(byte | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_body_of_the_export_changes() {
        let same = in_export(&module(), "proxy_on_request_headers");
        let again = in_export(&same, "proxy_on_request_headers");
        assert_eq!(again, same, "it traps already");
        let changed = in_export(&same, "proxy_on_configure");
        assert_eq!(
            changed.len(),
            same.len() - 1,
            "`i32.const 1` is a byte longer"
        );
    }
}
