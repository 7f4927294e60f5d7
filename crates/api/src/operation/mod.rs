//! The operations: everything an administrator can ask of Mailward, defined once.
//!
//! An operation is a request type, a view type and one line in the table of [`table`]. From the
//! table follow the commands (words, arguments, help), the HTTP routes, the OpenAPI document, the
//! man pages and the completions. A face that forgets an operation does not compile: [`Call`] is an
//! enum over all of them.
//!
//! ```
//! use mailward_api::operation::{Call, Op};
//! let call = Op::QueueShow.call(serde_json::json!({ "id": "01jm3q8m7w1d3f5h7k9m1p3r5t" }));
//! assert!(matches!(call, Ok(Call::QueueShow(_))));
//! ```

pub mod cmdlet;
mod define;
mod input;
mod openapi;
mod page;
pub mod remote;
pub mod request;
mod right;
mod table;
mod wire;

pub use input::{MessageFile, TEXT_OCTETS_MAX};
pub use openapi::{CALENDAR_ROUTE, document};
pub use table::{Call, Op, typed};
pub use wire::Wire;

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    fault::{Fault, FaultKind},
    page::Page,
};

/// The header of a request that says at which address the administrator sits, where the program
/// that asks was started from elsewhere. It is for audit events alone: nothing is decided by it.
pub const FROM_HEADER: &str = "mailward-from";

/// The HTTP methods in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Asks; changes nothing.
    Get,
    /// Acts.
    Post,
    /// Changes fields of an object.
    Patch,
    /// Removes.
    Delete,
}

impl Method {
    /// The method as it stands in a request line.
    pub fn name(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        }
    }

    /// True where a request's fields stand in a JSON body and not in the query.
    pub fn has_body(self) -> bool {
        matches!(self, Method::Post | Method::Patch)
    }
}

/// What the answer is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    /// JSON of the view.
    Json,
    /// A message as it was received (RFC 5322 or whatever the sender made of it).
    Message,
}

/// The part of an operation that types can say.
pub trait Operation {
    /// What it is asked with.
    type Request: Serialize + DeserializeOwned + schemars::JsonSchema + clap::Args;
    /// What it answers.
    type View: Serialize + DeserializeOwned + schemars::JsonSchema;

    /// The answer for people.
    fn page(view: &Self::View, now_unix_ms: u64) -> Page;

    /// The command line's exit code for an answer: 0, or 1 where the answer is bad news.
    fn exit_code(_view: &Self::View) -> u8 {
        0
    }
}

/// One operation, as data.
#[derive(Debug)]
pub struct Definition {
    /// Its name in the API: `QueueShow`.
    pub name: &'static str,
    /// The words of the command; `{kind}` stands for the noun of each kind of object.
    pub words: &'static [&'static str],
    /// One line of help.
    pub summary: &'static str,
    /// The rest of its doc comment, line by line.
    text: &'static str,
    /// HTTP method.
    pub method: Method,
    /// HTTP path; names in braces are fields of the request.
    pub route: &'static str,
    /// What the answer is made of.
    pub media: Media,
}

impl Definition {
    /// The rest of the help: paragraphs with a blank line between them, each on one line.
    pub fn help(&self) -> String {
        let mut help = String::with_capacity(self.text.len());
        for line in self.text.lines().map(str::trim) {
            match line {
                "" => help.push_str("\n\n"),
                line => {
                    if !help.is_empty() && !help.ends_with('\n') {
                        help.push(' ');
                    }
                    help.push_str(line);
                }
            }
        }
        help
    }

    /// Names of the request's fields that stand in the path.
    pub fn path_fields(&self) -> impl Iterator<Item = &'static str> {
        self.route
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }
}

/// Reads a request from JSON.
fn read_request<T: DeserializeOwned>(fields: serde_json::Value) -> Result<T, Fault> {
    serde_path_to_error::deserialize(fields).map_err(|error| {
        let field = match error.path().to_string() {
            path if path == "." => String::new(),
            path => path,
        };
        invalid(field, error.into_inner())
    })
}

/// Reads a request from a query, `a=b&c=d`, percent-encoded; path fields are among them.
fn read_query<T: DeserializeOwned>(query: &str) -> Result<T, Fault> {
    let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    serde_path_to_error::deserialize(pairs).map_err(|error| {
        let field = match error.path().to_string() {
            path if path == "." => String::new(),
            path => path,
        };
        invalid(field, error.into_inner())
    })
}

fn invalid(field: String, error: impl std::fmt::Display) -> Fault {
    Fault::new(
        FaultKind::Invalid,
        error.to_string(),
        "GET /openapi.json describes every request",
    )
    .at(field)
}

#[cfg(test)]
mod tests;
