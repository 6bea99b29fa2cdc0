//! The one binary. Everything is in the library; here the commands meet the process.

fn main() -> std::process::ExitCode {
    atalaya::cli::main()
}
