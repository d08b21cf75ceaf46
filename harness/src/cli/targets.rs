//! `rfcheck targets`.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::io::{BufWriter, Write};
use std::sync::Arc;

use super::args::Targets;
use super::exit::Exit;
use super::output;
use crate::suite::config::Config;
use crate::suite::{SuiteError, TargetEntry};
use crate::target::{Clock, TargetFactory};

pub(super) fn targets(args: &Targets, config: &Config, own: &[Arc<dyn TargetFactory>]) -> Result<Exit, SuiteError> {
    let mut out = BufWriter::new(anstream::stdout().lock());
    let names = own.iter().map(|factory| factory.name()).chain(config.target_names());
    for name in names {
        let written = match TargetEntry::find(name, config, own) {
            Ok(target) if args.json => {
                let object = serde_json::json!({
                    "target": name,
                    "available": true,
                    "access": target.access(),
                    "capabilities": target.capabilities(),
                });
                writeln!(out, "{object}")
            }
            Ok(target) => describe(&mut out, &target),
            Err(error) if args.json => {
                let object = serde_json::json!({ "target": name, "available": false, "reason": error.to_string() });
                writeln!(out, "{object}")
            }
            Err(error) => writeln!(out, "{name}\n  not possible here: {error}\n"),
        };
        written.map_err(output)?;
    }
    out.flush().map_err(output)?;
    Ok(Exit::AsExpected)
}

fn describe(out: &mut impl Write, target: &TargetEntry) -> std::io::Result<()> {
    let capabilities = target.capabilities();
    let clock = match capabilities.clock {
        Clock::Virtual => "virtual: jumps from event to event",
        Clock::Real => "real: the machine's own",
    };
    let yes_or_no = |yes| if yes { "yes" } else { "no" };
    let options = match &capabilities.socket_options {
        None => "any may be tried".to_owned(),
        Some(known) => format!("{} known", known.len()),
    };
    writeln!(out, "{}", target.name)?;
    if let Some(access) = target.access() {
        writeln!(out, "  reached by      {access}")?;
    }
    writeln!(out, "  clock           {clock}")?;
    writeln!(out, "  IP versions     {}", list(&capabilities.ip_versions))?;
    writeln!(out, "  socket calls    {}", list(&capabilities.calls))?;
    writeln!(out, "  socket options  {options}")?;
    writeln!(out, "  shell commands  {}", yes_or_no(capabilities.commands))?;
    writeln!(out, "  blocking calls  {}", yes_or_no(capabilities.blocking_calls))?;
    writeln!(out, "  features        {}", list(&capabilities.features))?;
    let services = &capabilities.services;
    let ports = services.ports.iter().map(|(protocol, port)| format!("{protocol} at port {port}"));
    writeln!(out, "  serves          {}", list(&ports.collect()))?;
    if !services.actions.is_empty() {
        writeln!(out, "  performs        {}", list(&services.actions))?;
    }
    for (name, value) in &services.definitions {
        writeln!(out, "  defines         {name} = {value}")?;
    }
    writeln!(out)
}

fn list<T: Display>(names: &BTreeSet<T>) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    names.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
