//! `deprecated`: why a skill should no longer be used.

use crate::Deprecation;
use crate::Findings;
use crate::manifest::fields::Fields;
use crate::manifest::place::Place;
use crate::manifest::place::line;
use crate::manifest::place::prose;

pub(super) fn deprecation(place: Place<'_>, findings: &mut Findings<'_>) -> Option<Deprecation> {
    let mut fields = Fields::open(place, findings, "object")?;
    let message = fields.required("message", prose);
    let replacement = fields.optional("replacement", line);
    let since = fields.optional("since", |place, findings| {
        place.parsed(findings, "version-invalid")
    });
    fields.close();
    Some(Deprecation {
        message: message?,
        replacement,
        since,
    })
}
