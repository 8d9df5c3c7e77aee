//! Elements of XML and their texts, made of text that anybody may have written.

use std::io::{self, Write};
use std::time::Duration;

use quick_xml::Writer;
use quick_xml::events::{BytesStart, BytesText, Event};

use crate::text::harmless;

/// Bytes of most elements with their attributes; longer ones grow.
const USUAL_ELEMENT: usize = 160;

/// Writes an element with a text.
pub(super) fn write_text(
    xml: &mut Writer<impl Write>,
    start: BytesStart<'_>,
    text: &str,
) -> io::Result<()> {
    let end = start.to_end().into_owned();
    xml.write_event(Event::Start(start.borrow()))?;
    xml.write_event(Event::Text(BytesText::new(&harmless(text))))?;
    xml.write_event(Event::End(end))
}

/// An element with attributes, their values made harmless.
pub(super) fn element(name: &str, attributes: &[(&str, &str)]) -> BytesStart<'static> {
    let mut start = roomy(name);
    for (key, value) in attributes {
        start.push_attribute((*key, &*harmless(value)));
    }
    start
}

/// An element with room for its usual attributes, so that adding them does not move it.
fn roomy(name: &str) -> BytesStart<'static> {
    let mut content = String::with_capacity(USUAL_ELEMENT);
    content.push_str(name);
    BytesStart::from_content(content, name.len())
}

/// Seconds with three decimals.
pub(super) fn seconds(time: Duration) -> String {
    let rounded = (u64::from(time.subsec_nanos()) + 500_000) / 1_000_000;
    let millis = time.as_secs().saturating_mul(1_000).saturating_add(rounded);
    format!("{}.{:03}", millis / 1_000, millis % 1_000)
}
