//! Filters that stand in a script, read before anything runs: of recipients, of delivery queues, of
//! queued messages.
//!
//! Never here: a language of its own. It is the filter language of `mailward-model`; the API reads
//! the same text again.

use mailward_api::operation::cmdlet::Filtered;
use mailward_model::filter::{
    Catalogue, Filter, FilterError, MessageProperty, Property, QueueProperty,
};

use crate::{
    error::ScriptError,
    parse::is_name,
    syntax::{Expression, Node, Span},
    value::Value,
};

/// Whether a variable stands in the text, so that what it will be is not known yet.
fn has_variable(text: &str) -> bool {
    text.split('$').skip(1).any(|after| {
        let length = after.find(|c| !is_name(c)).unwrap_or(after.len());
        let name = after.get(..length).unwrap_or_default().to_ascii_lowercase();
        !matches!(name.as_str(), "true" | "false" | "null")
    })
}

fn read<P: Catalogue>(text: &str) -> Result<(), FilterError> {
    text.parse::<Filter<P>>().map(|_| ())
}

/// Reads a filter that stands there as it is.
pub(crate) fn check(
    source: &str,
    expression: &Expression,
    of: Filtered,
) -> Result<(), ScriptError> {
    let (text, place) = match &expression.node {
        Node::Block(inner) => {
            let text = source.get(inner.start..inner.end).unwrap_or_default();
            if has_variable(text) {
                return Ok(());
            }
            (text, Some(inner.start))
        }
        Node::Literal(Value::Text(text)) => (text.as_str(), None),
        _ => return Ok(()),
    };
    let read = match of {
        Filtered::Recipients => read::<Property>(text),
        Filtered::Queues => read::<QueueProperty>(text),
        Filtered::Messages => read::<MessageProperty>(text),
    };
    let Err(error) = read else {
        return Ok(());
    };
    // Within quotes a place in the text is none in the line.
    let span = match place {
        Some(start) => {
            let mut letters = text.char_indices().skip(error.column().saturating_sub(1));
            let at = letters.next().map_or(text.len(), |(at, _)| at);
            let rest = text.get(at..).unwrap_or_default();
            let word = rest.find(|c: char| c.is_whitespace() || matches!(c, '(' | ')'));
            let length = word.unwrap_or(rest.len()).max(1);
            Span::new(start + at, start + at + length)
        }
        None => expression.span,
    };
    Err(ScriptError::new(
        span,
        format!("the filter cannot be used: {}", error.problem),
        error.mend,
    ))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_wrong_filter_is_shown_where_it_stands() {
        for (line, place, part) in [
            (
                "Get-Mailbox -Filter {Nmae -eq 'x'}",
                21,
                "did you mean Name?",
            ),
            (
                "Get-Mailbox -Filter {Name -eq ‘x’ -and Alias -lik 'y'}",
                49,
                "-like",
            ),
            ("Get-Mailbox -Filter 'Nmae -eq 5'", 20, "did you mean Name?"),
            (
                "Get-Queue -Filter {Status -eq 'Retry' -and MesageCount -gt 5}",
                43,
                "did you mean MessageCount?",
            ),
            (
                "Suspend-Message -Filter {FromAdress -eq 'x'}",
                25,
                "did you mean FromAddress?",
            ),
        ] {
            let error = crate::check(line).unwrap_err();
            assert_eq!(error.span.start, place, "{line}: {error:?}");
            assert!(error.mend.contains(part), "{line}: {error:?}");
        }
        for line in [
            "Get-Mailbox -Filter {Name -eq $x}",
            "Get-Mailbox -Filter {Company -eq $null}",
            "Get-Mailbox -Filter \"Name -eq '$x'\"",
            "Get-Message -Filter {Size -gt 1MB} | Suspend-Message",
            "Remove-Message -Filter {Subject -like 'x*'} -Confirm:$false",
        ] {
            assert_eq!(crate::check(line), Ok(()), "{line}");
        }
    }
}
