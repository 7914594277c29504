#![no_main]
//! Throws bytes at `web::outside_bytes::framework_file`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| web::outside_bytes::framework_file(bytes));
