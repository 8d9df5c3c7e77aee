//! The declared shape of the files: every field with its type, range, default and meaning, once.
//!
//! From this one declaration come the checker (`check`), the defaults that the resolver reads
//! (`Record::fallback`), the JSON Schema ([`json_schema`]) and the page of the reference
//! ([`reference`](reference())). Nothing else describes a field.

mod check;
mod complete;
pub(crate) mod form;
mod json_schema;
mod reference;

// Tables: a line is a field, however long.
#[rustfmt::skip]
mod entries;
#[rustfmt::skip]
mod fields;
#[rustfmt::skip]
mod service_fields;

pub(crate) use check::{Manners, check};
pub(crate) use complete::complete;
pub(crate) use entries::CATEGORY;
pub use fields::FILE;
pub(crate) use fields::{
    ALERT, EXECUTION, EXECUTION_CONFIG, LAYER, METADATA, MODE, QUARANTINED, RETENTION, SECRETS,
    TELEMETRY,
};
pub use json_schema::json_schema;
pub use reference::reference;
pub(crate) use service_fields::{SERVICE, SERVICE_DEPENDENCY};

/// A map with known names.
#[derive(Debug)]
pub struct Record {
    /// Its name in the JSON Schema.
    pub name: &'static str,
    /// Its fields in the order of the reference.
    pub fields: &'static [Field],
    /// A record whose fields belong to it too.
    pub extends: Option<&'static Record>,
}

/// One field of a record.
#[derive(Debug)]
pub struct Field {
    /// Its name in the file.
    pub name: &'static str,
    /// What it may hold.
    pub kind: Kind,
    /// What it is when it is not written.
    pub fallback: Fallback,
    /// What it is for, one line.
    pub about: &'static str,
    /// Whether the record is wrong without it.
    pub required: bool,
    /// Whether this version acts on it.
    pub acts: bool,
}

/// What a field may hold.
#[derive(Debug)]
pub enum Kind {
    /// True or false.
    Boolean,
    /// A whole number in a range, both ends included.
    Integer(i64, i64),
    /// A number in a range, both ends included.
    Number(f64, f64),
    /// Text.
    Text(Form),
    /// One of these words.
    Word(&'static [&'static str]),
    /// Values of one kind.
    List(&'static Kind),
    /// Values of one kind under names that the user chooses.
    Map(Form, &'static Kind),
    /// A map with known names.
    Record(&'static Record),
    /// One of these, told apart by being scalar, list or map.
    OneOf(&'static [Kind]),
    /// Anything; its meaning is the user's.
    Anything,
}

/// What a text or a name looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Any text of at least and at most so many characters.
    Length(usize, usize),
    /// `d.d.d`.
    ThreePartVersion,
    /// `d.d`.
    TwoPartVersion,
    /// A date or a date with a time.
    Date,
    /// The id of a layer.
    LayerId,
    /// The name of a category.
    CategoryName,
    /// The name of a service.
    ServiceName,
    /// The name of an environment.
    EnvironmentName,
    /// The name of a mode.
    ModeName,
    /// A path that stays inside the project.
    InnerPath,
}

/// What a field is when it is not written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fallback {
    /// Nothing; what that means stands in the description.
    Unset,
    /// A truth value.
    Flag(bool),
    /// A number.
    Number(f64),
    /// A word or text.
    Word(&'static str),
    /// An empty list.
    EmptyList,
    /// An empty map.
    EmptyMap,
    /// A list of words.
    Words(&'static [&'static str]),
}

impl Record {
    /// Its fields, those of the record that it extends included.
    pub fn all_fields(&self) -> impl Iterator<Item = &'static Field> + Clone {
        self.fields.iter().chain(self.extends.map_or(&[][..], |record| record.fields))
    }

    /// The field of that name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        let fields = self.fields.iter().find(|field| field.name == name);
        fields.or_else(|| self.extends?.fields.iter().find(|field| field.name == name))
    }

    /// The default of the field of that name.
    pub(crate) fn fallback(&self, name: &str) -> Fallback {
        debug_assert!(self.field(name).is_some(), "{} has no field `{name}`", self.name);
        self.field(name).map_or(Fallback::Unset, |field| field.fallback)
    }
}

impl Field {
    pub(crate) const fn new(
        name: &'static str,
        kind: Kind,
        fallback: Fallback,
        about: &'static str,
    ) -> Self {
        Self { name, kind, fallback, about, required: false, acts: true }
    }

    pub(crate) const fn required(name: &'static str, kind: Kind, about: &'static str) -> Self {
        Self { name, kind, fallback: Fallback::Unset, about, required: true, acts: true }
    }

    /// The field is read, checked, and has no effect in this version.
    pub(crate) const fn without_effect(mut self) -> Self {
        self.acts = false;
        self
    }
}

/// Text without further rules.
pub(crate) const TEXT: Kind = Kind::Text(Form::Length(0, 4096));
/// A list of texts.
pub(crate) const TEXTS: Kind = Kind::List(&TEXT);
/// A map from names to texts.
pub(crate) const TEXT_MAP: Kind = Kind::Map(Form::Length(1, 256), &TEXT);
/// A program: arguments without a shell, or a text for `sh -c`.
pub(crate) const COMMAND: Kind =
    Kind::OneOf(&[Kind::List(&TEXT), Kind::Text(Form::Length(1, 65536))]);
/// A path inside the project.
pub(crate) const PATH: Kind = Kind::Text(Form::InnerPath);
/// Paths or globs inside the project.
pub(crate) const PATHS: Kind = Kind::List(&PATH);
/// Names of categories.
pub(crate) const CATEGORIES: Kind = Kind::List(&Kind::Text(Form::CategoryName));
/// Ids of layers.
pub(crate) const LAYERS: Kind = Kind::List(&Kind::Text(Form::LayerId));
/// Names of services.
pub(crate) const SERVICES: Kind = Kind::List(&Kind::Text(Form::ServiceName));
/// Names of environments.
pub(crate) const ENVIRONMENTS: Kind = Kind::List(&Kind::Text(Form::EnvironmentName));
