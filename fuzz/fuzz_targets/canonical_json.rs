#![no_main]
//! Throws bytes at `web::outside_bytes::canonical_json`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| web::outside_bytes::canonical_json(bytes));
