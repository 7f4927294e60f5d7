//! What the table of operations becomes: one enum of names, one of requests, and the words, routes
//! and pages of each. The names in it are those that [`table`](super::table) has in scope.

/// Defines [`Op`], [`Call`] and each operation's [`Definition`] from one table.
macro_rules! operations {
    ($(
        $(#[doc = $doc:literal])*
        $variant:ident [$($word:literal)+] $method:ident $route:literal $media:ident
        ($request:ty) -> $view:ty, page $page:expr $(, exit $exit:expr)?;
    )*) => {
        /// The operations.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Op { $($(#[doc = $doc])* $variant,)* }

        /// An operation with what it is asked with.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Call { $($(#[doc = $doc])* $variant($request),)* }

        impl Op {
            /// Every operation, in the order in which help lists them.
            pub const ALL: &'static [Op] = &[$(Op::$variant,)*];

            /// The operation as data.
            pub fn definition(self) -> &'static Definition {
                match self { $(Op::$variant => {
                    const DOC: (&str, &str) = split_doc(concat!($($doc, "\n"),*));
                    const DEFINITION: Definition = Definition {
                        name: stringify!($variant),
                        words: &[$($word),+],
                        summary: DOC.0,
                        text: DOC.1,
                        method: Method::$method,
                        route: $route,
                        media: Media::$media,
                    };
                    &DEFINITION
                })* }
            }

            /// Reads the request from a JSON object of its fields.
            ///
            /// # Errors
            /// The field that is wrong, missing or unknown.
            pub fn call(self, fields: Value) -> Result<Call, Fault> {
                match self { $(Op::$variant => read_request(fields).map(Call::$variant),)* }
            }

            /// Reads the request from a percent-encoded query, the path's fields among it.
            ///
            /// # Errors
            /// The field that is wrong, missing or unknown.
            pub fn call_query(self, query: &str) -> Result<Call, Fault> {
                match self { $(Op::$variant => read_query(query).map(Call::$variant),)* }
            }

            /// Gives a command the operation's arguments.
            pub fn augment(self, command: clap::Command) -> clap::Command {
                match self { $(Op::$variant => <$request as clap::Args>::augment_args(command),)* }
            }

            /// The request's fields from parsed arguments.
            ///
            /// # Errors
            /// Arguments that do not belong to the operation.
            pub fn fields(self, matches: &clap::ArgMatches) -> Result<Value, clap::Error> {
                match self { $(Op::$variant => {
                    let request = <$request as clap::FromArgMatches>::from_arg_matches(matches)?;
                    serde_json::to_value(request).map_err(|error| {
                        clap::Error::raw(clap::error::ErrorKind::Format, error)
                    })
                })* }
            }

            /// The JSON schema of the request.
            pub fn request_schema(self, generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                match self { $(Op::$variant => <$request as schemars::JsonSchema>::json_schema(generator),)* }
            }

            /// The JSON schema of the view.
            pub fn view_schema(self, generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                match self { $(Op::$variant => generator.subschema_for::<$view>(),)* }
            }

            /// The answer for people, and the exit code that goes with it.
            ///
            /// # Errors
            /// An answer that is not this operation's view: the server is of another version.
            pub fn page(self, answer: &[u8], now_unix_ms: u64) -> Result<(Page, u8), serde_json::Error> {
                match self { $(Op::$variant => {
                    let view: $view = serde_json::from_slice(answer)?;
                    Ok((
                        <typed::$variant as Operation>::page(&view, now_unix_ms),
                        <typed::$variant as Operation>::exit_code(&view),
                    ))
                })* }
            }
        }

        impl Call {
            /// Which operation it is.
            pub fn op(&self) -> Op {
                match self { $(Call::$variant(_) => Op::$variant,)* }
            }

            /// What it is asked with, as a JSON object.
            pub fn fields(&self) -> Value {
                match self { $(Call::$variant(request) => {
                    serde_json::to_value(request).unwrap_or_default()
                })* }
            }
        }

        /// One type for each operation, to name its request and view in signatures.
        pub mod typed {
            use super::*;

            $(
                $(#[doc = $doc])*
                #[derive(Debug, Clone, Copy)]
                pub struct $variant;

                impl Operation for $variant {
                    type Request = $request;
                    type View = $view;

                    fn page(view: &$view, now_unix_ms: u64) -> Page {
                        let page: fn(&$view, u64) -> Page = $page;
                        page(view, now_unix_ms)
                    }

                    $(fn exit_code(view: &$view) -> u8 {
                        let exit: fn(&$view) -> u8 = $exit;
                        exit(view)
                    })?
                }
            )*
        }
    };
}
pub(super) use operations;

/// A doc comment's first line, and the rest without its blank line.
pub(super) const fn split_doc(doc: &'static str) -> (&'static str, &'static str) {
    let bytes = doc.as_bytes();
    let mut at = 0;
    while at < bytes.len() && bytes[at] != b'\n' {
        at += 1;
    }
    let (summary, rest) = doc.split_at(at);
    (summary.trim_ascii(), rest.trim_ascii())
}
