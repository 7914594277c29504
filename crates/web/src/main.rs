//! The program `alongside`.

use std::process::ExitCode;

fn main() -> ExitCode {
    web::cli::run(std::env::args_os())
}
