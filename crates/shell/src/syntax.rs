//! What a script is made of, once it is read: statements, pipelines, commands, expressions.
//!
//! Every part knows its place in the text, so that a complaint can point at it. Never here: what a
//! command means.

use crate::value::Value;

/// A part of the text, in octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// Where it begins.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

impl Span {
    /// From here to there.
    pub fn new(start: usize, end: usize) -> Self {
        Span { start, end }
    }

    /// From the beginning of this one to the end of that one.
    pub fn to(self, other: Span) -> Self {
        Span::new(self.start, other.end.max(self.start))
    }
}

/// Statements, one after the other.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Script {
    /// The statements.
    pub statements: Vec<Statement>,
}

/// A statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// The variable that takes the result, where there is one.
    pub variable: Option<String>,
    /// True for `+=`: the result is added to what the variable holds.
    pub adds: bool,
    /// What is done.
    pub action: Action,
    /// Its place.
    pub span: Span,
}

/// What a statement does.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Runs a pipeline.
    Pipeline(Pipeline),
    /// `if ( … ) { … } elseif ( … ) { … } else { … }`
    If {
        /// Each condition with what is done where it is the first that is true.
        branches: Vec<(Pipeline, Script)>,
        /// What is done where none is.
        otherwise: Option<Script>,
    },
    /// `foreach ($name in … ) { … }`
    ForEach {
        /// The variable that holds one after the other.
        variable: String,
        /// What they are taken from.
        over: Pipeline,
        /// What is done for each.
        body: Script,
    },
    /// `break`: ends the loop.
    Break,
    /// `continue`: goes on with the next one.
    Continue,
}

/// Stages joined by `|`.
#[derive(Debug, Clone, PartialEq)]
pub struct Pipeline {
    /// The stages; only the first may be an expression.
    pub stages: Vec<Stage>,
}

/// A stage of a pipeline.
#[derive(Debug, Clone, PartialEq)]
pub enum Stage {
    /// A value.
    Expression(Expression),
    /// A command.
    Command(Command),
}

/// A command as it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// Its name.
    pub name: String,
    /// The name's place.
    pub span: Span,
    /// What follows it.
    pub arguments: Vec<Argument>,
}

/// What follows a command's name.
#[derive(Debug, Clone, PartialEq)]
pub enum Argument {
    /// `-Name` or `-Name:value`.
    Named {
        /// The name, without its hyphen.
        name: String,
        /// The value behind a colon.
        value: Option<Expression>,
        /// The name's place.
        span: Span,
    },
    /// A value.
    Value(Expression),
    /// `@name`: the parameters that a variable holds.
    Splat {
        /// The variable.
        name: String,
        /// Its place.
        span: Span,
    },
}

/// A value still to be found.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    /// What it is.
    pub node: Node,
    /// Its place.
    pub span: Span,
}

/// The kinds of expressions.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// A value that stands there.
    Literal(Value),
    /// Text with variables in it.
    Text(Vec<Piece>),
    /// `$name`.
    Variable(String),
    /// `a.Name`.
    Member(Box<Expression>, String),
    /// `a[1]`.
    Index(Box<Expression>, Box<Expression>),
    /// `a, b`.
    List(Vec<Expression>),
    /// `@( … )`: always a list.
    Array(Script),
    /// `( … )` or `$( … )`.
    Sub(Script),
    /// `@{ Name = value; … }`.
    Table(Vec<(String, Expression)>),
    /// `{ … }`: its text is read by whoever takes it.
    Block(Span),
    /// `-not a`.
    Not(Box<Expression>),
    /// `-a`.
    Minus(Box<Expression>),
    /// `a -eq b`.
    Binary(Operator, Box<Expression>, Box<Expression>),
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    /// As it stands.
    Plain(String),
    /// What a variable holds.
    Variable(String, Span),
    /// What statements give.
    Sub(Script),
}

/// What stands between two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `-or`
    Or,
    /// `-xor`
    Xor,
    /// `-and`
    And,
    /// `-eq`
    Equal,
    /// `-ne`
    NotEqual,
    /// `-gt`
    Greater,
    /// `-ge`
    GreaterOrEqual,
    /// `-lt`
    Less,
    /// `-le`
    LessOrEqual,
    /// `-like`
    Like,
    /// `-notlike`
    NotLike,
    /// `-contains`
    Contains,
    /// `-notcontains`
    NotContains,
    /// `-in`
    In,
    /// `-notin`
    NotIn,
    /// `-match`: a regular expression fits.
    Match,
    /// `-notmatch`
    NotMatch,
    /// `-replace`
    Replace,
    /// `-split`
    Split,
    /// `-join`
    Join,
    /// `-f`: values put into a text.
    Format,
    /// `+`
    Plus,
    /// `-`
    Minus,
    /// `*`
    Times,
    /// `/`
    Over,
    /// `%`
    Rest,
}

impl Operator {
    /// The operators that are words, as they are written behind the hyphen. A leading `i` (without
    /// regard to case) is taken too.
    pub const WORDS: [(&'static str, Operator); 21] = [
        ("or", Operator::Or),
        ("xor", Operator::Xor),
        ("and", Operator::And),
        ("eq", Operator::Equal),
        ("ne", Operator::NotEqual),
        ("gt", Operator::Greater),
        ("ge", Operator::GreaterOrEqual),
        ("lt", Operator::Less),
        ("le", Operator::LessOrEqual),
        ("like", Operator::Like),
        ("notlike", Operator::NotLike),
        ("contains", Operator::Contains),
        ("notcontains", Operator::NotContains),
        ("in", Operator::In),
        ("notin", Operator::NotIn),
        ("match", Operator::Match),
        ("notmatch", Operator::NotMatch),
        ("replace", Operator::Replace),
        ("split", Operator::Split),
        ("join", Operator::Join),
        ("f", Operator::Format),
    ];

    /// The operator of this word.
    pub fn of_word(word: &str) -> Option<Operator> {
        let word = word.to_ascii_lowercase();
        let find = |word: &str| {
            let mut all = Operator::WORDS.iter();
            all.find(|(name, _)| *name == word).map(|(_, one)| *one)
        };
        find(&word).or_else(|| {
            // `-if` would be a slip of the hand.
            let rest = word.strip_prefix('i').filter(|rest| *rest != "f")?;
            find(rest)
        })
    }

    /// The higher binds tighter.
    pub fn rank(self) -> u8 {
        match self {
            Operator::Or | Operator::Xor | Operator::And => 1,
            Operator::Plus | Operator::Minus => 3,
            Operator::Times | Operator::Over | Operator::Rest => 4,
            Operator::Format => 5,
            _ => 2,
        }
    }
}
