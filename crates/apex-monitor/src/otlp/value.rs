//! Facts as OTLP writes them.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};

use crate::names::Name;

/// Bytes of one text; a longer one is cut.
pub(super) const LONGEST_TEXT: usize = 16 * 1024;

pub(super) fn text(name: Name, value: impl AsRef<str>) -> KeyValue {
    fact(name, plain(value))
}

pub(super) fn whole(name: Name, value: impl Into<i64>) -> KeyValue {
    fact(name, AnyValue { value: Some(Value::IntValue(value.into())) })
}

/// A text that stands alone.
pub(super) fn plain(value: impl AsRef<str>) -> AnyValue {
    let value = value.as_ref();
    let end = value.floor_char_boundary(LONGEST_TEXT.min(value.len()));
    AnyValue { value: Some(Value::StringValue(value[..end].to_owned())) }
}

/// A fact under a name that somebody else gave.
pub(super) fn named(name: &str, value: &str) -> KeyValue {
    KeyValue { key: name.to_owned(), value: Some(plain(value)), ..KeyValue::default() }
}

fn fact(name: Name, value: AnyValue) -> KeyValue {
    KeyValue { key: name.text.to_owned(), value: Some(value), ..KeyValue::default() }
}
