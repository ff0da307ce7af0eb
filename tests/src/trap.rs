//! A Wasm module that traps, to show what becomes of its filter, and that the harness notices.

/// The least module that Envoy loads; it traps when it is given the headers of a request.
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
        // A length of two LEB128 bytes, whatever it is.
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
