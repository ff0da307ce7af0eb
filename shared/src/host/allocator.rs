//! The allocator of a module.
//!
//! Each request allocates some buffers and frees them, so it shows in the cost of a request. wasi-libc's takes about a thousand instructions
//! for one and its release, this one less than a hundred.

use talc::wasm::{WasmDynamicTalc, new_wasm_dynamic_allocator};

#[global_allocator]
static ALLOCATOR: WasmDynamicTalc = new_wasm_dynamic_allocator();
