//! Every command with its parameters: those of the API, and the few that work on what others give.
//!
//! Never here: what a command does.

use std::sync::OnceLock;

use mailward_api::operation::cmdlet::{self, Cmdlet, Takes};

/// What a command is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum What {
    /// An operation of the API.
    Api(&'static Cmdlet),
    /// The shell's own.
    Own(Own),
}

/// The commands that ask nothing of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Own {
    Where,
    ForEach,
    Select,
    Sort,
    Measure,
    Group,
    FormatTable,
    FormatList,
    ExportCsv,
    ConvertToCsv,
    ConvertFromCsv,
    ImportCsv,
    ConvertToJson,
    ConvertFromJson,
    GetContent,
    OutNull,
    OutString,
    OutFile,
    WriteOutput,
    WriteHost,
    WriteWarning,
    GetMember,
    GetCommand,
    GetHelp,
    GetHistory,
    ClearHost,
    Exit,
}

/// A parameter of a command.
#[derive(Debug, Clone)]
pub(crate) struct Slot {
    pub(crate) name: String,
    pub(crate) takes: Takes,
    /// Its place among the values without a name.
    pub(crate) position: Option<usize>,
    pub(crate) needed: bool,
    /// The parameter that may stand in its place.
    pub(crate) unless: Option<&'static str>,
    pub(crate) piped: bool,
    pub(crate) help: String,
}

/// A command.
#[derive(Debug)]
pub(crate) struct Signature {
    pub(crate) name: String,
    pub(crate) aliases: Vec<&'static str>,
    pub(crate) summary: String,
    pub(crate) what: What,
    pub(crate) slots: Vec<Slot>,
}

/// The parameters that every command has: name, short name, what it takes, what it is, and whether
/// only commands that change something have it.
pub(crate) const COMMON: [(&str, &str, Takes, &str, bool); 6] = [
    (
        "WhatIf",
        "wi",
        Takes::Switch,
        "Show what would change, and change nothing",
        true,
    ),
    (
        "Confirm",
        "cf",
        Takes::Switch,
        "Ask before each object",
        true,
    ),
    (
        "ErrorAction",
        "ea",
        Takes::Text,
        "Continue, Stop or SilentlyContinue where something fails",
        false,
    ),
    (
        "WarningAction",
        "wa",
        Takes::Text,
        "Continue or SilentlyContinue where something is to be known",
        false,
    ),
    (
        "Verbose",
        "vb",
        Takes::Switch,
        "Say what was changed",
        false,
    ),
    (
        "OutVariable",
        "ov",
        Takes::Text,
        "A variable that takes the result, too",
        false,
    ),
];

fn words(words: &[&str]) -> Takes {
    Takes::Word(words.iter().map(|word| (*word).to_owned()).collect())
}

fn texts() -> Takes {
    Takes::List(Box::new(Takes::Any))
}

/// A line of the table of own commands: where a position is given the value may stand alone.
type Line = (
    &'static str,
    &'static [&'static str],
    &'static str,
    Own,
    Vec<(&'static str, Takes, Option<usize>)>,
);

fn own() -> Vec<Line> {
    let switch = |name| (name, Takes::Switch, None);
    let comparisons = [
        "EQ",
        "NE",
        "GT",
        "GE",
        "LT",
        "LE",
        "Like",
        "NotLike",
        "Contains",
        "NotContains",
        "In",
        "NotIn",
        "Match",
        "NotMatch",
        "Not",
    ];
    let mut compared = vec![
        ("FilterScript", Takes::Any, Some(0)),
        ("Value", Takes::Any, Some(1)),
        ("Property", Takes::Text, None),
    ];
    compared.extend(comparisons.map(switch));
    let path = || ("Path", Takes::Text, Some(0));
    let csv = || {
        vec![
            path(),
            ("Delimiter", Takes::Text, None),
            switch("NoTypeInformation"),
            switch("Append"),
            switch("Force"),
            switch("NoClobber"),
            ("Encoding", Takes::Text, None),
        ]
    };
    let format = || {
        vec![
            ("Property", texts(), Some(0)),
            switch("AutoSize"),
            switch("Wrap"),
            switch("HideTableHeaders"),
            ("GroupBy", Takes::Text, None),
        ]
    };
    vec![
        (
            "Where-Object",
            &["where", "?"],
            "Let through what fits a condition",
            Own::Where,
            compared,
        ),
        (
            "ForEach-Object",
            &["foreach", "%"],
            "Do something for each object, or take one property of it",
            Own::ForEach,
            vec![("Process", Takes::Any, Some(0))],
        ),
        (
            "Select-Object",
            &["select"],
            "Choose objects, or properties of them",
            Own::Select,
            vec![
                ("Property", texts(), Some(0)),
                ("First", Takes::Integer, None),
                ("Last", Takes::Integer, None),
                ("Skip", Takes::Integer, None),
                ("SkipLast", Takes::Integer, None),
                ("ExpandProperty", Takes::Text, None),
                ("ExcludeProperty", texts(), None),
                switch("Unique"),
            ],
        ),
        (
            "Sort-Object",
            &["sort"],
            "Put objects in order",
            Own::Sort,
            vec![
                ("Property", texts(), Some(0)),
                switch("Descending"),
                switch("Unique"),
            ],
        ),
        (
            "Measure-Object",
            &["measure"],
            "Count objects, or the values of properties",
            Own::Measure,
            vec![
                ("Property", texts(), Some(0)),
                switch("Sum"),
                switch("Average"),
                switch("Minimum"),
                switch("Maximum"),
            ],
        ),
        (
            "Group-Object",
            &["group"],
            "Count objects by properties",
            Own::Group,
            vec![("Property", texts(), Some(0)), switch("NoElement")],
        ),
        (
            "Format-Table",
            &["ft"],
            "Lay objects out as a table",
            Own::FormatTable,
            format(),
        ),
        (
            "Format-List",
            &["fl"],
            "Lay objects out as lists of their properties",
            Own::FormatList,
            vec![("Property", texts(), Some(0))],
        ),
        (
            "Export-Csv",
            &["epcsv"],
            "Write objects to a CSV file",
            Own::ExportCsv,
            csv(),
        ),
        (
            "ConvertTo-Csv",
            &[],
            "Turn objects into lines of CSV",
            Own::ConvertToCsv,
            vec![
                ("Delimiter", Takes::Text, None),
                switch("NoTypeInformation"),
            ],
        ),
        (
            "ConvertFrom-Csv",
            &[],
            "Turn lines of CSV into objects",
            Own::ConvertFromCsv,
            vec![("Delimiter", Takes::Text, None)],
        ),
        (
            "Import-Csv",
            &["ipcsv"],
            "Read objects from a CSV file",
            Own::ImportCsv,
            vec![
                path(),
                ("Delimiter", Takes::Text, None),
                ("Encoding", Takes::Text, None),
            ],
        ),
        (
            "ConvertTo-Json",
            &[],
            "Turn objects into JSON",
            Own::ConvertToJson,
            vec![("Depth", Takes::Integer, None), switch("Compress")],
        ),
        (
            "ConvertFrom-Json",
            &[],
            "Turn JSON into objects",
            Own::ConvertFromJson,
            Vec::new(),
        ),
        (
            "Get-Content",
            &["gc", "cat", "type"],
            "Read the lines of a file",
            Own::GetContent,
            vec![
                path(),
                switch("Raw"),
                ("TotalCount", Takes::Integer, None),
                ("Tail", Takes::Integer, None),
                ("Encoding", Takes::Text, None),
            ],
        ),
        ("Out-Null", &[], "Drop what comes", Own::OutNull, Vec::new()),
        (
            "Out-String",
            &[],
            "Make a text of what would be printed",
            Own::OutString,
            Vec::new(),
        ),
        (
            "Out-File",
            &[],
            "Write what would be printed to a file",
            Own::OutFile,
            vec![
                ("FilePath", Takes::Text, Some(0)),
                switch("Append"),
                switch("Force"),
                switch("NoClobber"),
                ("Encoding", Takes::Text, None),
            ],
        ),
        (
            "Write-Output",
            &["echo", "write"],
            "Give values on",
            Own::WriteOutput,
            vec![("InputObject", texts(), Some(0))],
        ),
        (
            "Write-Host",
            &[],
            "Print values at once",
            Own::WriteHost,
            vec![
                ("Object", texts(), Some(0)),
                switch("NoNewline"),
                ("ForegroundColor", Takes::Text, None),
                ("BackgroundColor", Takes::Text, None),
            ],
        ),
        (
            "Write-Warning",
            &[],
            "Say what is to be known beside the result",
            Own::WriteWarning,
            vec![("Object", texts(), Some(0))],
        ),
        (
            "Get-Member",
            &["gm"],
            "List the properties that objects have",
            Own::GetMember,
            Vec::new(),
        ),
        (
            "Get-Command",
            &["gcm"],
            "List the commands",
            Own::GetCommand,
            vec![
                ("Name", Takes::Text, Some(0)),
                ("Noun", Takes::Text, None),
                ("Verb", Takes::Text, None),
            ],
        ),
        (
            "Get-Help",
            &["help", "man"],
            "Tell what a command does and takes",
            Own::GetHelp,
            vec![
                ("Name", Takes::Text, Some(0)),
                switch("Full"),
                switch("Detailed"),
                switch("Examples"),
                ("Parameter", Takes::Text, None),
            ],
        ),
        (
            "Get-History",
            &["history", "h"],
            "List what was typed",
            Own::GetHistory,
            vec![("Count", Takes::Integer, None)],
        ),
        (
            "Clear-Host",
            &["clear", "cls"],
            "Empty the screen",
            Own::ClearHost,
            Vec::new(),
        ),
        (
            "Exit",
            &["exit", "quit"],
            "Leave the shell",
            Own::Exit,
            vec![("Code", Takes::Integer, Some(0))],
        ),
    ]
}

/// Every command: those of the API first.
pub(crate) fn all() -> &'static [Signature] {
    static ALL: OnceLock<Vec<Signature>> = OnceLock::new();
    ALL.get_or_init(|| {
        let api = cmdlet::all().iter().map(|one| Signature {
            name: one.name.clone(),
            aliases: one.alias.as_deref().into_iter().collect(),
            summary: one.summary.clone(),
            what: What::Api(one),
            slots: one
                .parameters
                .iter()
                .map(|parameter| Slot {
                    name: parameter.name.clone(),
                    takes: parameter.takes.clone(),
                    position: parameter.positional.then_some(0),
                    needed: parameter.needed,
                    unless: parameter.unless,
                    piped: parameter.piped,
                    help: parameter.help.clone(),
                })
                .collect(),
        });
        let own = own()
            .into_iter()
            .map(|(name, aliases, summary, own, slots)| Signature {
                name: name.to_owned(),
                aliases: aliases.to_vec(),
                summary: summary.to_owned(),
                what: What::Own(own),
                slots: slots
                    .into_iter()
                    .map(|(name, takes, position)| Slot {
                        name: name.to_owned(),
                        takes,
                        position,
                        needed: false,
                        unless: None,
                        piped: false,
                        help: String::new(),
                    })
                    .collect(),
            });
        api.chain(own).collect()
    })
}

/// The command of this name, in any case.
pub(crate) fn find(name: &str) -> Option<&'static Signature> {
    all().iter().find(|one| one.is_named(name))
}

impl Signature {
    fn is_named(&self, name: &str) -> bool {
        let mut aliases = self.aliases.iter();
        self.name.eq_ignore_ascii_case(name) || aliases.any(|one| one.eq_ignore_ascii_case(name))
    }

    /// Whether something is different afterwards.
    pub(crate) fn changes(&self) -> bool {
        matches!(self.what, What::Api(cmdlet) if cmdlet.act.changes())
    }

    /// The common parameters that this command has.
    pub(crate) fn common(&self) -> impl Iterator<Item = (usize, &'static str, &'static Takes)> {
        let changes = self.changes();
        COMMON
            .iter()
            .enumerate()
            .filter(move |(_, (.., only))| changes || !only)
            .map(|(at, (name, _, takes, ..))| (at, *name, takes))
    }
}

/// The words `-ErrorAction` takes.
pub(crate) fn actions() -> Takes {
    words(&["Continue", "Stop", "SilentlyContinue", "Ignore"])
}
