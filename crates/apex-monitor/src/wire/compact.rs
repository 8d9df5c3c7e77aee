//! Writes our own line types as compact JSON, at a third of the cost of the general serializer.
//!
//! Two things make the difference: names of fields are known to need no escapes, and texts are
//! looked through for escapes many bytes at a time. Numbers, and texts that need escapes, are left
//! to `serde_json`; the tests compare the two on every type of event. It supports what the line
//! types use and refuses the rest.

use std::io::{self, Write};

use serde::ser::{Impossible, SerializeMap, SerializeSeq, SerializeStruct};
use serde::{Serialize, Serializer, ser};
use serde_json::Error;

type Done = Result<(), Error>;

/// Text that a sheet gathers before it hands it over, in bytes; a single element may be longer.
pub(crate) const GATHERED: usize = 64 * 1024;

/// What lines are written on: a buffer that, when there is a writer behind it, is handed over
/// between two elements of a list once it is full. The line of a large plan is so never in
/// memory as a whole.
pub(super) struct Sheet<'w> {
    buffer: Vec<u8>,
    behind: Option<&'w mut dyn Write>,
    /// Why the writer refused; the serializer's own error would lose its kind.
    refusal: Option<io::Error>,
}

impl<'w> Sheet<'w> {
    /// A sheet that begins with what the buffer holds.
    pub(super) const fn new(buffer: Vec<u8>, behind: Option<&'w mut dyn Write>) -> Self {
        Self { buffer, behind, refusal: None }
    }

    /// What was written and not handed over.
    pub(super) fn into_buffer(self) -> Vec<u8> {
        self.buffer
    }

    /// Adds a value.
    pub(super) fn append(&mut self, value: &impl Serialize) -> io::Result<()> {
        self.begin(value, b'{')
    }

    /// Adds the fields of a value to those of the object that was added last.
    pub(super) fn append_fields(&mut self, value: &impl Serialize) -> io::Result<()> {
        self.buffer.pop();
        self.begin(value, b',')
    }

    pub(super) fn end_line(&mut self) {
        self.buffer.push(b'\n');
    }

    fn begin(&mut self, value: &impl Serialize, object: u8) -> io::Result<()> {
        let written = value.serialize(Compact { sheet: self, object });
        written.map_err(|error| self.refusal.take().unwrap_or_else(|| error.into()))
    }

    fn hand_over_when_full(&mut self) -> Done {
        let Some(behind) = &mut self.behind else { return Ok(()) };
        if self.buffer.len() < GATHERED {
            return Ok(());
        }
        let written = behind.write_all(&self.buffer);
        self.buffer.clear();
        written.map_err(|error| {
            self.refusal = Some(error);
            ser::Error::custom("the writer refused")
        })
    }
}

struct Compact<'s, 'w> {
    sheet: &'s mut Sheet<'w>,
    /// What an object begins with: `{`, or a comma when it continues the one before it.
    object: u8,
}

/// An array or an object that is being written.
struct Compound<'s, 'w> {
    sheet: &'s mut Sheet<'w>,
    is_first: bool,
    end: u8,
}

impl<'s, 'w> Compact<'s, 'w> {
    const fn value(sheet: &'s mut Sheet<'w>) -> Self {
        Self { sheet, object: b'{' }
    }

    fn open(self, begin: u8, end: u8) -> Compound<'s, 'w> {
        self.sheet.buffer.push(begin);
        Compound { sheet: self.sheet, is_first: true, end }
    }

    fn general(self, value: impl Serialize) -> Done {
        serde_json::to_writer(&mut self.sheet.buffer, &value)
    }
}

impl Compound<'_, '_> {
    fn separate(&mut self) {
        if !self.is_first {
            self.sheet.buffer.push(b',');
        }
        self.is_first = false;
    }

    fn close(self) -> Done {
        self.sheet.buffer.push(self.end);
        Ok(())
    }
}

fn append_text(text: &str, buffer: &mut Vec<u8>) -> Done {
    // No early way out, so that the compiler makes vector instructions of it.
    let needs_escape = text
        .bytes()
        .fold(false, |found, byte| found | (byte < 0x20) | (byte == b'"') | (byte == b'\\'));
    if needs_escape {
        return serde_json::to_writer(buffer, text);
    }
    buffer.push(b'"');
    buffer.extend_from_slice(text.as_bytes());
    buffer.push(b'"');
    Ok(())
}

fn refused() -> Error {
    ser::Error::custom("a line type uses a shape that the compact writer does not know")
}

impl<'s, 'w> Serializer for Compact<'s, 'w> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Compound<'s, 'w>;
    type SerializeTuple = Impossible<(), Error>;
    type SerializeTupleStruct = Impossible<(), Error>;
    type SerializeTupleVariant = Impossible<(), Error>;
    type SerializeMap = Compound<'s, 'w>;
    type SerializeStruct = Compound<'s, 'w>;
    type SerializeStructVariant = Impossible<(), Error>;

    fn serialize_bool(self, value: bool) -> Done {
        self.general(value)
    }

    fn serialize_i8(self, value: i8) -> Done {
        self.general(value)
    }

    fn serialize_i16(self, value: i16) -> Done {
        self.general(value)
    }

    fn serialize_i32(self, value: i32) -> Done {
        self.general(value)
    }

    fn serialize_i64(self, value: i64) -> Done {
        self.general(value)
    }

    fn serialize_u8(self, value: u8) -> Done {
        self.general(value)
    }

    fn serialize_u16(self, value: u16) -> Done {
        self.general(value)
    }

    fn serialize_u32(self, value: u32) -> Done {
        self.general(value)
    }

    fn serialize_u64(self, value: u64) -> Done {
        self.general(value)
    }

    fn serialize_f32(self, value: f32) -> Done {
        self.general(value)
    }

    fn serialize_f64(self, value: f64) -> Done {
        self.general(value)
    }

    fn serialize_char(self, value: char) -> Done {
        self.general(value)
    }

    fn serialize_str(self, value: &str) -> Done {
        append_text(value, &mut self.sheet.buffer)
    }

    fn serialize_bytes(self, _: &[u8]) -> Done {
        Err(refused())
    }

    fn serialize_none(self) -> Done {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Done {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Done {
        self.sheet.buffer.extend_from_slice(b"null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Done {
        Err(refused())
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Done {
        Err(refused())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Done {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Done {
        Err(refused())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Compound<'s, 'w>, Error> {
        Ok(self.open(b'[', b']'))
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Error> {
        Err(refused())
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, Error> {
        Err(refused())
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        Err(refused())
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Compound<'s, 'w>, Error> {
        let begin = self.object;
        Ok(self.open(begin, b'}'))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Compound<'s, 'w>, Error> {
        let begin = self.object;
        Ok(self.open(begin, b'}'))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        Err(refused())
    }
}

impl SerializeSeq for Compound<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
        self.sheet.hand_over_when_full()?;
        self.separate();
        value.serialize(Compact::value(self.sheet))
    }

    fn end(self) -> Done {
        self.close()
    }
}

impl SerializeMap for Compound<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Done {
        self.separate();
        key.serialize(Compact::value(self.sheet))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
        self.sheet.buffer.push(b':');
        value.serialize(Compact::value(self.sheet))
    }

    fn end(self) -> Done {
        self.close()
    }
}

impl SerializeStruct for Compound<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Done {
        self.separate();
        self.sheet.buffer.push(b'"');
        self.sheet.buffer.extend_from_slice(name.as_bytes());
        self.sheet.buffer.extend_from_slice(b"\":");
        value.serialize(Compact::value(self.sheet))
    }

    fn end(self) -> Done {
        self.close()
    }
}
