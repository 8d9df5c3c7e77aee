//! The shape and the older names as a page for people, in Markdown.

use std::fmt::Write as _;

use super::fields::FILE;
use super::{Fallback, Field, Form, Kind, Record};
use crate::dialect::{
    AUTO_SPLIT, ENVIRONMENT_ALIASES, FOLDED, FOURTH_LAYER, OLDER_CATEGORY_KEYS, OLDER_SETS, SCOPE,
    SCOPES, SERVICE_ALIASES,
};
use crate::discover::LAYER_FILES;

/// The page of the reference: every field of the layer file, and the older names.
#[must_use]
pub fn reference() -> String {
    let mut places = Vec::new();
    collect(&mut places, &FILE, Path { text: String::new(), acts: true });
    let mut text = String::from("# Layer file\n\n");
    // Writing to a `String` cannot fail, here and below.
    let _ = writeln!(
        text,
        "The first of {} below the project root that exists; `--config` and `APEX_CONFIG` name \
         another. A file with `apex: 1` is native: a name that is not on this page is an error \
         there, elsewhere a warning. Names that begin with `x-` or `custom_` may stand anywhere. \
         `null` takes the default back. A default of `-` means that nothing is set; what that \
         means stands behind it. Text has at most 4096 characters where nothing else is said. Layers, categories and services that Apex knows by name bring \
         values of their own: `apex config show --origin` prints what holds and who set it.",
        LAYER_FILES.map(|name| format!("`{name}`")).join(", ")
    );
    for place in &places {
        section(&mut text, place);
    }
    names(&mut text);
    older(&mut text);
    text
}

/// A path in the file, and whether this version acts on what stands there.
#[derive(Clone)]
struct Path {
    text: String,
    acts: bool,
}

impl Path {
    fn followed_by(&self, part: &str) -> Self {
        Self { text: format!("{}{part}", self.text), acts: self.acts }
    }

    fn field(&self, field: &Field) -> Self {
        let dot = if self.text.is_empty() { "" } else { "." };
        let path = self.followed_by(&format!("{dot}{}", field.name));
        Self { acts: path.acts && field.acts, ..path }
    }
}

/// A record and the paths where it may stand.
struct Placed {
    record: &'static Record,
    paths: Vec<Path>,
}

/// Notes where records stand, in the order of the file, each record once.
fn collect(places: &mut Vec<Placed>, record: &'static Record, path: Path) {
    if let Some(known) = places.iter_mut().find(|known| std::ptr::eq(known.record, record)) {
        known.paths.push(path);
        return;
    }
    places.push(Placed { record, paths: vec![path.clone()] });
    for field in record.fields {
        collect_kind(places, &field.kind, &path.field(field));
    }
}

fn collect_kind(places: &mut Vec<Placed>, kind: &'static Kind, path: &Path) {
    match kind {
        Kind::Record(record) => collect(places, record, path.clone()),
        Kind::List(of) => collect_kind(places, of, &path.followed_by("[]")),
        Kind::Map(name, of) => {
            collect_kind(places, of, &path.followed_by(&format!(".<{}>", word_for(*name))));
        }
        Kind::OneOf(kinds) => kinds.iter().for_each(|kind| collect_kind(places, kind, path)),
        _ => {}
    }
}

fn section(text: &mut String, place: &Placed) {
    let title = match place.paths.first() {
        Some(path) if !path.text.is_empty() => format!("`{}`", path.text),
        _ => "Top level".to_owned(),
    };
    let _ = write!(text, "\n## {title}\n\n");
    let others: Vec<String> =
        place.paths.iter().skip(1).map(|path| format!("`{}`", path.text)).collect();
    if !others.is_empty() {
        let _ = write!(text, "The same at {}.\n\n", others.join(", "));
    }
    if !place.paths.iter().any(|path| path.acts) {
        text.push_str("Read and checked, without effect in this version.\n\n");
    }
    if let Some(extended) = place.record.extends {
        let _ = write!(text, "Every field of a {}, and these.\n\n", extended.name);
    }
    text.push_str("| field | holds | default | meaning |\n|---|---|---|---|\n");
    for field in place.record.fields {
        row(text, field);
    }
}

fn row(text: &mut String, field: &Field) {
    let effect = if field.acts { "" } else { " (no effect in this version)" };
    let required = if field.required { "required" } else { "" };
    let default = match field.fallback {
        Fallback::Unset if field.required => required.to_owned(),
        fallback => default(fallback),
    };
    let (name, holds) = (field.name, holds(&field.kind));
    let _ = writeln!(text, "| `{name}` | {holds} | {default} | {}{effect} |", field.about);
}

fn default(fallback: Fallback) -> String {
    match fallback {
        Fallback::Unset => "-".to_owned(),
        Fallback::Flag(value) => format!("`{value}`"),
        Fallback::Number(value) => format!("`{value}`"),
        Fallback::Word("") => "`\"\"`".to_owned(),
        Fallback::Word(word) => format!("`{word}`"),
        Fallback::EmptyList => "`[]`".to_owned(),
        Fallback::EmptyMap => "`{}`".to_owned(),
        Fallback::Words(words) => format!("`[{}]`", words.join(", ")),
    }
}

/// What a field may hold, with its range.
fn holds(kind: &Kind) -> String {
    match kind {
        Kind::Boolean => "`true`, `false`".to_owned(),
        Kind::Integer(least, most) if least == most => format!("`{least}`"),
        Kind::Integer(least, most) => format!("whole number, {least} to {most}"),
        Kind::Number(f64::MIN, _) => "number".to_owned(),
        Kind::Number(least, most) => format!("number, {least} to {most}"),
        Kind::Text(form) => text_of(*form),
        Kind::Word(words) => {
            words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
        }
        Kind::List(of) => format!("list of {}", holds(of)),
        Kind::Map(name, of) => format!("map from {} to: {}", word_for(*name), holds(of)),
        Kind::Record(_) => "map, see below".to_owned(),
        Kind::OneOf(kinds) => kinds.iter().map(holds).collect::<Vec<_>>().join("; or "),
        Kind::Anything => "anything".to_owned(),
    }
}

fn text_of(form: Form) -> String {
    match form {
        Form::Length(0, 4096) => "text".to_owned(),
        Form::Length(0, most) => format!("text, at most {most} characters"),
        Form::Length(least, most) => format!("text, {least} to {most} characters"),
        Form::ThreePartVersion => "version such as `1.0.0`".to_owned(),
        Form::TwoPartVersion => "version such as `1.0`".to_owned(),
        Form::Date => "date such as `2025-01-31`, with or without a time".to_owned(),
        Form::InnerPath => "path inside the project".to_owned(),
        named => word_for(named).to_owned(),
    }
}

/// What a name names.
const fn word_for(form: Form) -> &'static str {
    match form {
        Form::LayerId => "layer",
        Form::CategoryName => "category",
        Form::ServiceName => "service",
        Form::EnvironmentName => "environment",
        Form::ModeName => "mode",
        _ => "name",
    }
}

/// What names look like.
fn names(text: &mut String) {
    text.push_str("\n## Names\n\n| of a | look like |\n|---|---|\n");
    let named = [
        Form::LayerId,
        Form::CategoryName,
        Form::ServiceName,
        Form::EnvironmentName,
        Form::ModeName,
    ];
    for form in named {
        let _ = writeln!(text, "| {} | `{}` |", word_for(form), form.pattern().unwrap_or_default());
    }
}

/// The names of older files.
fn older(text: &mut String) {
    text.push_str(
        "\n## Older names\n\nFiles of earlier versions load unchanged; what they call otherwise is \
         read as if it were written as on this page, in messages with the place of the file.\n\n\
         | older | where | read as |\n|---|---|---|\n",
    );
    let mut row = |older: &str, place: &str, now: &str| {
        let _ = writeln!(text, "| `{older}` | {place} | {now} |");
    };
    for (older, now) in OLDER_CATEGORY_KEYS {
        row(older, "category", &format!("`{now}`"));
    }
    for (older, list, marks) in FOLDED {
        if older != SCOPE {
            row(older, "category, when true", &format!("`{}` in `{list}`", marks.join("`, `")));
        }
    }
    for (scope, environments) in SCOPES {
        let now = format!("`only_in: [{}]`", environments.join(", "));
        row(&format!("{SCOPE}: {scope}"), "category", &now);
    }
    row(&format!("{SCOPE}: NAME"), "category", "`only_in: [NAME]`");
    row(AUTO_SPLIT, "category", "`split`; `false` is one shard");
    row("priority: 1", "category, 1 to 5", "`critical`, `high`, `medium`, `low`, `optional`");
    row(
        "max_parallel_instances",
        "block of an environment",
        "`resource_limits.max_parallel_instances`",
    );
    for older in OLDER_SETS {
        row(older, "top level", "`sets`");
    }
    for (alias, main) in ENVIRONMENT_ALIASES {
        row(alias, "environment", &format!("`{main}`"));
    }
    for (alias, main) in SERVICE_ALIASES {
        row(alias, "service", &format!("`{main}`"));
    }
    let [one, other] = FOURTH_LAYER;
    row(one, "layer, when only the other exists", &format!("`{other}`"));
    row(other, "layer, when only the other exists", &format!("`{one}`"));
    row("yes, on, y", "truth value, not in native files", "`true`");
    row("no, off, n", "truth value, not in native files", "`false`");
}
