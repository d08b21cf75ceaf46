//! What the directives of a script or dialogue say of it: requirements, level, title.

use std::sync::Arc;

use smallvec::SmallVec;

use super::catalogue::{Catalogues, Level, Requirement};
use super::oracle;
use crate::script::{Case, Diagnostic};
use crate::text::Directive;

/// The requirements of one script: mostly one.
pub(super) type Requirements = SmallVec<[Arc<Requirement>; 2]>;

/// The requirements that a script and its case name.
///
/// # Errors
/// A requirement that no catalogue has, or that the monitor does not watch, with its place.
pub(super) fn requirements(
    directives: &[Directive],
    resolve: impl FnOnce(&mut Vec<Diagnostic>),
    case: Option<&Case>,
    catalogues: &Catalogues,
) -> Result<Requirements, Vec<Diagnostic>> {
    let mut found = Requirements::new();
    let mut unknown = Vec::new();
    let of_script = directives
        .iter()
        .filter(|directive| directive.key.node == "requirement")
        .map(|directive| (&directive.value.node, directive.value.span));
    // What is true of the case alone comes first.
    let of_case = case.into_iter().filter_map(|case| Some((case.requirement.as_ref()?, case.span)));
    let case_span = case.map(|case| case.span);
    for (id, span) in of_case.chain(of_script) {
        match catalogues.get(id) {
            Some(requirement) => found.push(Arc::clone(requirement)),
            None => unknown.push(Diagnostic {
                help: catalogues.nearest(id).map(|near| format!("did you mean `{near}`?")),
                ..Diagnostic::error(
                    "directive::requirement",
                    span,
                    format!("no catalogue has a requirement `{id}`"),
                    "unknown requirement",
                )
            }),
        }
    }
    unknown.extend(oracle::faults(directives));
    let (mut of_case, mut of_script): (Vec<_>, Vec<_>) = unknown.into_iter().partition(|d| Some(d.span) == case_span);
    resolve(&mut of_script);
    of_case.append(&mut of_script);
    if of_case.is_empty() { Ok(found) } else { Err(of_case) }
}

/// The level a script says, else the strongest of its requirements.
pub(super) fn level(directives: &[Directive], requirements: &[Arc<Requirement>]) -> Option<Level> {
    let said = directives.iter().find(|directive| directive.key.node == "level");
    said.and_then(|directive| Level::from_name(&directive.value.node))
        .or_else(|| requirements.iter().map(|requirement| requirement.level).max())
}

/// The title, with the values of the case in place of its names.
pub(super) fn title(directives: &[Directive], case: Option<&Case>) -> Option<String> {
    directives.iter().find(|directive| directive.key.node == "title").map(|directive| match case {
        Some(case) => case.fill(&directive.value.node),
        None => directive.value.node.clone(),
    })
}
