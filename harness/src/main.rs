//! The `rfcheck` command.

fn main() -> std::process::ExitCode {
    rfcheck::cli::main()
}
