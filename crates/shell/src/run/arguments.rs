//! The values a command is given: evaluated, the splatted ones among them.

use mailward_api::operation::cmdlet::Takes;

use super::{Host, Run, Stop};
use crate::{
    bind::{Call, Which, fit, name, parameter},
    error::ScriptError,
    signature::Signature,
    syntax::{Expression, Span},
    value::Value,
};

/// A value and where it stands.
#[derive(Debug)]
pub(crate) struct Argument<'a> {
    pub(crate) which: Which,
    pub(crate) value: Value,
    pub(crate) span: Span,
    /// How it was written; none for a switch and for what was splatted.
    pub(crate) written: Option<&'a Expression>,
}

/// The values of one command.
#[derive(Debug)]
pub(crate) struct Arguments<'a> {
    signature: &'static Signature,
    pub(crate) all: Vec<Argument<'a>>,
}

impl<'a> Arguments<'a> {
    /// The argument of this name.
    pub(crate) fn find(&self, wanted: &str) -> Option<&Argument<'a>> {
        let mut all = self.all.iter();
        all.find(|one| name(self.signature, one.which).eq_ignore_ascii_case(wanted))
    }

    /// Its value.
    pub(crate) fn value(&self, wanted: &str) -> Option<&Value> {
        self.find(wanted).map(|one| &one.value)
    }

    /// Its value as text.
    pub(crate) fn text(&self, wanted: &str) -> Option<String> {
        self.value(wanted).map(Value::text)
    }

    /// Whether a switch is on.
    pub(crate) fn is_on(&self, wanted: &str) -> bool {
        self.value(wanted)
            .is_some_and(|value| switch(value) == Some(true))
    }

    /// A switch, where it was given.
    pub(crate) fn switch(&self, wanted: &str) -> Option<bool> {
        self.value(wanted).and_then(switch)
    }

    /// A number, where it was given.
    pub(crate) fn count(&self, wanted: &str) -> Option<usize> {
        let number = self.value(wanted)?.number()?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it was found to be a whole number that is not below zero"
        )]
        Some(number as usize)
    }

    /// The members of a list, where it was given.
    pub(crate) fn items(&self, wanted: &str) -> Option<Vec<Value>> {
        self.value(wanted).map(|value| value.clone().into_items())
    }
}

fn switch(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        Value::Integer(whole) => Some(*whole != 0),
        Value::Text(text) => crate::value::truth(text),
        _ => None,
    }
}

impl<H: Host> Run<'_, H> {
    /// The values of a command, each found to fit its parameter.
    pub(crate) fn arguments<'c>(&mut self, call: &Call<'c>) -> Result<Arguments<'c>, Stop> {
        let signature = call.signature;
        let mut all = Vec::with_capacity(call.given.len());
        for given in &call.given {
            let value = match given.value {
                Some(expression) => self.value(expression)?,
                None => Value::Bool(true),
            };
            all.push(Argument {
                which: given.which,
                value,
                span: given.value.map_or(given.span, |one| one.span),
                written: given.value,
            });
        }
        for (splat, span) in &call.splats {
            let value = self.variable(splat, *span)?;
            let Value::Table(entries) = &value else {
                return Err(ScriptError::new(
                    *span,
                    format!("${splat} is not a table of parameters"),
                    format!("write ${splat} = @{{ Name = 'value'; … }}"),
                )
                .into());
            };
            for (key, value) in entries {
                let which = parameter(signature, key, *span)?;
                if all.iter().any(|one| one.which == which) {
                    return Err(ScriptError::new(
                        *span,
                        format!("-{key} is given twice, beside ${splat} and in it"),
                        "give it once",
                    )
                    .into());
                }
                all.push(Argument {
                    which,
                    value: value.clone(),
                    span: *span,
                    written: None,
                });
            }
        }
        for one in &all {
            let is_any = matches!(one.which, Which::Own(at)
                if signature.slots.get(at).is_some_and(|slot| slot.takes == Takes::Any));
            if !is_any {
                fit(signature, one.which, &one.value, one.span)?;
            }
        }
        Ok(Arguments { signature, all })
    }
}
