//! The options of `why`.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::PartArgs;

#[derive(Debug, Args)]
pub(crate) struct WhyArgs {
    /// A test, a file or a category; a part of its name that no other has is enough
    #[arg(value_name = "TEST", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) subject: String,
    /// The run whose record is asked, by its id or the beginning or end of it; the latest one when
    /// not given
    #[arg(long, value_name = "RUN", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) run: Option<String>,
    #[command(flatten)]
    pub(crate) part: PartArgs,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}
