#![no_main]
//! Throws bytes at `web::outside_bytes::bank_holidays`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| web::outside_bytes::bank_holidays(bytes));
