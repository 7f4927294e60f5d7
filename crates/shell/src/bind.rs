//! Commands bound to what they stand for, before anything runs.
//!
//! [`check`] goes through a whole script, blocks and parentheses included, and refuses it where a
//! name, a parameter or a value that stands there cannot be. [`bind`] binds one command.

use mailward_api::{
    assignment::nearest,
    operation::cmdlet::{self, Takes},
};

use crate::{
    convert::{Misfit, convert},
    elsewhere::elsewhere,
    error::ScriptError,
    filter,
    parse::{DEPTH_MAX, parse_part},
    pattern,
    signature::{self, COMMON, Own, Signature, What, actions},
    syntax::{
        Action, Argument, Command, Expression, Node, Piece, Pipeline, Script, Span, Stage,
        Statement,
    },
    value::Value,
};

/// Which parameter: one of the command's own, or one that every command has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// By its place among the command's.
    Own(usize),
    /// By its place among the common ones.
    Common(usize),
}

/// A parameter that was given.
#[derive(Debug)]
pub(crate) struct Given<'a> {
    pub(crate) which: Which,
    /// The value; a switch may have none.
    pub(crate) value: Option<&'a Expression>,
    pub(crate) span: Span,
}

/// A command with what it was given.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) signature: &'static Signature,
    pub(crate) given: Vec<Given<'a>>,
    pub(crate) splats: Vec<(&'a str, Span)>,
    pub(crate) span: Span,
    /// True for `-?`.
    pub(crate) help: bool,
}

impl Call<'_> {
    /// The parameters without which nothing can be done, and that neither were given nor can come
    /// from the pipeline.
    pub(crate) fn missing(&self, piped: bool) -> Vec<usize> {
        let slots = self.signature.slots.iter().enumerate();
        slots
            .filter(|(at, slot)| {
                let is_given = |one: &Given<'_>| match one.which {
                    Which::Own(given) if given == *at => true,
                    which => slot.unless == Some(name(self.signature, which)),
                };
                slot.needed && !(piped && slot.piped) && !self.given.iter().any(is_given)
            })
            .map(|(at, _)| at)
            .collect()
    }
}

/// Goes through a script. `asks`: somebody is there who can be asked for what is missing.
///
/// # Errors
/// What cannot be, and where.
pub(crate) fn check(source: &str, script: &Script, asks: bool) -> Result<(), ScriptError> {
    check_at(source, script, asks, 0, false)
}

/// `is_loop`: `break` and `continue` mean something.
fn check_at(
    source: &str,
    script: &Script,
    asks: bool,
    depth: usize,
    is_loop: bool,
) -> Result<(), ScriptError> {
    if depth > DEPTH_MAX {
        return Err(ScriptError::new(
            Span::default(),
            format!("more than {DEPTH_MAX} blocks within each other"),
            "divide it",
        ));
    }
    let check = Check {
        source,
        asks,
        depth,
    };
    script
        .statements
        .iter()
        .try_for_each(|statement| check.statement(statement, is_loop))
}

struct Check<'a> {
    source: &'a str,
    asks: bool,
    depth: usize,
}

impl Check<'_> {
    fn script(&self, script: &Script) -> Result<(), ScriptError> {
        self.within(script, false)
    }

    fn within(&self, script: &Script, is_loop: bool) -> Result<(), ScriptError> {
        check_at(self.source, script, self.asks, self.depth + 1, is_loop)
    }

    fn statement(&self, statement: &Statement, is_loop: bool) -> Result<(), ScriptError> {
        match &statement.action {
            Action::Pipeline(pipeline) => self.pipeline(pipeline),
            Action::If {
                branches,
                otherwise,
            } => {
                for (condition, body) in branches {
                    self.pipeline(condition)?;
                    self.within(body, is_loop)?;
                }
                otherwise
                    .iter()
                    .try_for_each(|body| self.within(body, is_loop))
            }
            Action::ForEach { over, body, .. } => {
                self.pipeline(over)?;
                self.within(body, true)
            }
            Action::Break | Action::Continue if is_loop => Ok(()),
            Action::Break | Action::Continue => Err(ScriptError::new(
                statement.span,
                "there is no loop here to end or to go on with",
                "write it within foreach ($x in …) { … }; Where-Object leaves objects out of a pipeline",
            )),
        }
    }

    fn pipeline(&self, pipeline: &Pipeline) -> Result<(), ScriptError> {
        for (at, stage) in pipeline.stages.iter().enumerate() {
            match stage {
                Stage::Expression(expression) => self.expression(expression)?,
                Stage::Command(command) => self.command(command, at > 0)?,
            }
        }
        Ok(())
    }

    fn expression(&self, expression: &Expression) -> Result<(), ScriptError> {
        match &expression.node {
            Node::Literal(_) | Node::Variable(_) | Node::Block(_) => Ok(()),
            Node::Text(pieces) => {
                for piece in pieces {
                    if let Piece::Sub(script) = piece {
                        self.script(script)?;
                    }
                }
                Ok(())
            }
            Node::Member(of, _) | Node::Not(of) | Node::Minus(of) => self.expression(of),
            Node::Index(one, other) => {
                self.expression(one)?;
                self.expression(other)
            }
            Node::Binary(operator, one, other) => {
                pattern::check(*operator, other)?;
                self.expression(one)?;
                self.expression(other)
            }
            Node::List(items) => items.iter().try_for_each(|item| self.expression(item)),
            Node::Array(script) | Node::Sub(script) => self.script(script),
            Node::Table(entries) => entries.iter().try_for_each(|(_, value)| {
                self.block(value)?;
                self.expression(value)
            }),
        }
    }

    /// A block that holds statements.
    fn block(&self, expression: &Expression) -> Result<(), ScriptError> {
        match &expression.node {
            Node::Block(span) => self.script(&parse_part(self.source, *span)?),
            Node::List(items) => items.iter().try_for_each(|item| self.block(item)),
            _ => Ok(()),
        }
    }

    fn command(&self, command: &Command, piped: bool) -> Result<(), ScriptError> {
        let call = bind(self.source, command)?;
        for given in &call.given {
            let Some(value) = given.value else { continue };
            self.expression(value)?;
            if let Takes::Filter(of) = takes(call.signature, given.which) {
                filter::check(self.source, value, *of)?;
            }
            if matches!(call.signature.what, What::Own(_)) {
                self.block(value)?;
            }
        }
        if call.help {
            return Ok(());
        }
        if piped && !takes_from_pipe(&call) {
            return Err(ScriptError::new(
                call.span,
                format!(
                    "{} takes nothing from the pipe, or what it takes is given already",
                    call.signature.name
                ),
                "leave out what the pipe gives, or the bar before the command",
            ));
        }
        if let What::Api(cmdlet) = call.signature.what
            && cmdlet.asks
            && !self.asks
            && call.splats.is_empty()
            && !call.given.iter().any(|one| {
                let name = name(call.signature, one.which);
                name == "Confirm" || name == "WhatIf"
            })
        {
            return Err(ScriptError::nobody_to_ask(call.span, &cmdlet.name));
        }
        let missing = call.missing(piped);
        match missing.first().and_then(|at| call.signature.slots.get(*at)) {
            Some(slot) if call.splats.is_empty() && !self.asks => {
                let name = &call.signature.name;
                let example = match slot.takes.word() {
                    "" => String::new(),
                    word => format!(" <{word}>"),
                };
                Err(ScriptError::new(
                    call.span,
                    format!("{name} needs -{}", slot.name),
                    format!("write {name} -{}{example}", slot.name),
                ))
            }
            _ => Ok(()),
        }
    }
}

fn takes_from_pipe(call: &Call<'_>) -> bool {
    match call.signature.what {
        What::Own(own) => !matches!(
            own,
            Own::ImportCsv
                | Own::GetContent
                | Own::GetCommand
                | Own::GetHelp
                | Own::GetHistory
                | Own::ClearHost
                | Own::Exit
        ),
        What::Api(_) => {
            let mut slots = call.signature.slots.iter().enumerate();
            slots.any(|(at, slot)| {
                slot.piped && !call.given.iter().any(|one| one.which == Which::Own(at))
            })
        }
    }
}

/// Binds a command.
///
/// # Errors
/// A name or a parameter that is not known or may be several, a value that belongs nowhere, a value
/// that stands there and does not fit.
pub(crate) fn bind<'a>(source: &str, command: &'a Command) -> Result<Call<'a>, ScriptError> {
    let signature = signature::find(&command.name).ok_or_else(|| unknown(command))?;
    let mut call = Call {
        signature,
        given: Vec::new(),
        splats: Vec::new(),
        span: command.span,
        help: false,
    };
    // A parameter that waits for its value.
    let mut open: Option<(Which, Span)> = None;
    let mut position = 0;
    for argument in &command.arguments {
        match argument {
            Argument::Splat { name, span } => call.splats.push((name, *span)),
            Argument::Named { name, .. } if name == "?" => call.help = true,
            Argument::Named { name, value, span } => {
                if let Some((which, span)) = open.take() {
                    return Err(no_value(signature, which, span));
                }
                let which = parameter(signature, name, *span)?;
                once(&call, which, *span)?;
                let is_switch = *takes(signature, which) == Takes::Switch;
                if value.is_none() && !is_switch {
                    open = Some((which, *span));
                    continue;
                }
                push(&mut call, which, value.as_ref(), *span)?;
            }
            Argument::Value(value) => {
                if let Some((which, span)) = open.take() {
                    push(&mut call, which, Some(value), span)?;
                    continue;
                }
                let at = positional(&call, &mut position)
                    .ok_or_else(|| stray(source, signature, value))?;
                push(&mut call, Which::Own(at), Some(value), value.span)?;
            }
        }
    }
    match open {
        Some((which, span)) => Err(no_value(signature, which, span)),
        None => Ok(call),
    }
}

/// The parameter that the next value without a name belongs to.
fn positional(call: &Call<'_>, position: &mut usize) -> Option<usize> {
    loop {
        let mut slots = call.signature.slots.iter();
        let at = slots.position(|slot| slot.position == Some(*position))?;
        *position += 1;
        if !call.given.iter().any(|one| one.which == Which::Own(at)) {
            return Some(at);
        }
    }
}

fn push<'a>(
    call: &mut Call<'a>,
    which: Which,
    value: Option<&'a Expression>,
    span: Span,
) -> Result<(), ScriptError> {
    if let Some(expression) = value
        && let Some(literal) = literal(expression)
    {
        fit(call.signature, which, &literal, expression.span)?;
    }
    call.given.push(Given { which, value, span });
    Ok(())
}

/// The value of what stands there as it is.
fn literal(expression: &Expression) -> Option<Value> {
    match &expression.node {
        Node::Literal(value) => Some(value.clone()),
        Node::List(items) => {
            let items: Option<Vec<Value>> = items.iter().map(literal).collect();
            items.map(Value::List)
        }
        _ => None,
    }
}

/// Whether a value fits its parameter.
pub(crate) fn fit(
    signature: &Signature,
    which: Which,
    value: &Value,
    span: Span,
) -> Result<serde_json::Value, ScriptError> {
    let action = actions();
    let takes = match which {
        Which::Common(at) if COMMON.get(at).is_some_and(|one| one.0.ends_with("Action")) => &action,
        which => takes(signature, which),
    };
    convert(takes, value).map_err(|(problem, mend): Misfit| {
        ScriptError::new(
            span,
            format!("-{}: {problem}", name(signature, which)),
            mend,
        )
    })
}

/// The name of a parameter.
pub(crate) fn name(signature: &Signature, which: Which) -> &str {
    match which {
        Which::Own(at) => signature
            .slots
            .get(at)
            .map_or("", |slot| slot.name.as_str()),
        Which::Common(at) => COMMON.get(at).map_or("", |one| one.0),
    }
}

fn takes(signature: &Signature, which: Which) -> &Takes {
    match which {
        Which::Own(at) => signature
            .slots
            .get(at)
            .map_or(&Takes::Any, |slot| &slot.takes),
        Which::Common(at) => COMMON.get(at).map_or(&Takes::Any, |one| &one.2),
    }
}

fn once(call: &Call<'_>, which: Which, span: Span) -> Result<(), ScriptError> {
    if call.given.iter().any(|one| one.which == which) {
        return Err(ScriptError::new(
            span,
            format!("-{} is given twice", name(call.signature, which)),
            "give it once; several values stand behind each other with commas",
        ));
    }
    Ok(())
}

fn no_value(signature: &Signature, which: Which, span: Span) -> ScriptError {
    let name = name(signature, which);
    let word = takes(signature, which).word();
    ScriptError::new(
        span,
        format!("-{name} has no value"),
        format!("write -{name} <{word}>"),
    )
}

fn stray(source: &str, signature: &Signature, value: &Expression) -> ScriptError {
    let text = source.get(value.span.start..value.span.end);
    let text: String = text.unwrap_or_default().chars().take(64).collect();
    ScriptError::new(
        value.span,
        format!("{text} belongs to no parameter of {}", signature.name),
        format!(
            "name the parameter before it; Get-Help {} lists them",
            signature.name
        ),
    )
}

fn unknown(command: &Command) -> ScriptError {
    let all = signature::all().iter();
    let names = all.flat_map(|one| std::iter::once(one.name.as_str()).chain(one.aliases.clone()));
    let lower: Vec<(String, &str)> = names.map(|name| (name.to_lowercase(), name)).collect();
    let known: Vec<&str> = lower.iter().map(|(lower, _)| lower.as_str()).collect();
    let wanted = command.name.to_lowercase();
    let near = nearest(&wanted, &known).and_then(|near| {
        let mut names = lower.iter();
        names
            .find(|(lower, _)| lower == near)
            .map(|(_, name)| *name)
    });
    let instead = cmdlet::instead(&command.name).or_else(|| elsewhere(&command.name));
    if let Some(instead) = instead {
        return ScriptError::new(
            command.span,
            format!("{} has no meaning here", command.name),
            instead,
        );
    }
    let mend = match (near, command.name.split_once('-')) {
        (Some(near), _) => format!("did you mean {near}?"),
        (None, Some((_, noun))) if signature::all().iter().any(|one| has_noun(one, noun)) => {
            format!("Get-Command -Noun {noun} lists what there is for it")
        }
        _ => "Get-Command lists what there is".to_owned(),
    };
    ScriptError::new(
        command.span,
        format!("{} is not a command", command.name),
        mend,
    )
}

fn has_noun(signature: &Signature, noun: &str) -> bool {
    let own = signature.name.split_once('-');
    own.is_some_and(|(_, one)| one.eq_ignore_ascii_case(noun))
}

/// The parameter that this is the name of, or the beginning of its name.
pub(crate) fn parameter(
    signature: &Signature,
    given: &str,
    span: Span,
) -> Result<Which, ScriptError> {
    let own = signature.slots.iter().enumerate();
    let own = own.map(|(at, slot)| (Which::Own(at), slot.name.as_str()));
    let common = signature
        .common()
        .map(|(at, name, _)| (Which::Common(at), name));
    let all: Vec<(Which, &str)> = own.chain(common).collect();
    let whole = |(_, name): &&(Which, &str)| name.eq_ignore_ascii_case(given);
    if let Some((which, _)) = all.iter().find(whole) {
        return Ok(*which);
    }
    let short = signature.common().find(|(at, ..)| {
        let one = COMMON.get(*at);
        one.is_some_and(|(_, short, ..)| short.eq_ignore_ascii_case(given))
    });
    if let Some((at, ..)) = short {
        return Ok(Which::Common(at));
    }
    let begins = |name: &str| {
        let beginning = name.get(..given.len());
        beginning.is_some_and(|beginning| beginning.eq_ignore_ascii_case(given))
    };
    let fits: Vec<&(Which, &str)> = all.iter().filter(|(_, name)| begins(name)).collect();
    let listed = |names: &mut dyn Iterator<Item = &str>| {
        names
            .map(|name| format!("-{name}"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    match fits.as_slice() {
        [(which, _)] => Ok(*which),
        [] => {
            let lower: Vec<String> = all.iter().map(|(_, name)| name.to_lowercase()).collect();
            let known: Vec<&str> = lower.iter().map(String::as_str).collect();
            let near = nearest(&given.to_lowercase(), &known);
            let near = near.and_then(|near| {
                let at = known.iter().position(|one| *one == near)?;
                all.get(at)
            });
            let mend = match near {
                Some((_, near)) => format!("did you mean -{near}?"),
                None if signature.slots.is_empty() => "it has none of its own".to_owned(),
                None if signature.slots.len() > 12 => {
                    format!("Get-Help {} lists what it has", signature.name)
                }
                None => {
                    let mut names = signature.slots.iter().map(|slot| slot.name.as_str());
                    format!("it has {}", listed(&mut names))
                }
            };
            Err(ScriptError::new(
                span,
                format!("{} has no parameter -{given}", signature.name),
                mend,
            ))
        }
        several => {
            let mut names = several.iter().map(|(_, name)| *name);
            Err(ScriptError::new(
                span,
                format!(
                    "-{given} of {} may be {}",
                    signature.name,
                    listed(&mut names)
                ),
                "write more of it",
            ))
        }
    }
}
