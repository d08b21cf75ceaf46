//! The command from outside: flags, exit status, and what it writes.

#[path = "cli_command/baseline.rs"]
mod baseline;
#[path = "cli_command/cases.rs"]
mod cases;
#[path = "cli_command/check.rs"]
mod check;
#[path = "cli_command/config.rs"]
mod config;
#[path = "cli_command/coverage.rs"]
mod coverage;
#[path = "cli_command/dialogues.rs"]
mod dialogues;
#[path = "cli_command/fuzz.rs"]
mod fuzz;
#[path = "cli_command/help.rs"]
mod help;
#[path = "cli_command/html.rs"]
mod html;
#[path = "cli_command/inspect.rs"]
mod inspect;
#[path = "cli_command/interrupt.rs"]
mod interrupt;
#[path = "cli_command/oracle.rs"]
mod oracle;
#[path = "cli_command/packets.rs"]
mod packets;
#[path = "cli_command/report.rs"]
mod report;
#[path = "cli_command/run.rs"]
mod run;
#[path = "cli_command/schema.rs"]
mod schema;
#[path = "cli_command/self_test.rs"]
mod self_test;
#[path = "cli_command/support.rs"]
mod support;
