//! One pass over an object as it would be serialized: how long its compact JSON is, and which gated fields it uses.
//!
//! Nothing is written and nothing is allocated. A full pass over a PVC and a Job costs about as much as copying them.

use std::fmt::{self, Display, Write as _};

use serde::ser::{self, Serialize};

use super::sink::segment;
use super::version::Feature;

/// Where the walk is, as a chain through the stack.
enum Path<'p> {
    Root,
    Key(&'p Path<'p>, &'p str),
    Index(&'p Path<'p>, usize),
}

impl Path<'_> {
    fn pointer(&self) -> String {
        match self {
            Self::Root => String::new(),
            Self::Key(parent, key) => format!("{}/{}", parent.pointer(), segment(key)),
            Self::Index(parent, index) => format!("{}/{index}", parent.pointer()),
        }
    }
}

/// A gated field that the object uses, and where.
pub(super) struct Use {
    pub(super) feature: &'static Feature,
    pub(super) pointer: String,
}

/// How the bytes of texts are counted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Count {
    /// As if every byte were escaped, without reading the texts.
    AtMost,
    /// As they are.
    Exactly,
}

struct State {
    bytes: usize,
    uses: Vec<Use>,
    count: Count,
}

/// What a pass over an object found.
pub(super) struct Walked {
    /// The length of the compact JSON, or a bound of it.
    pub(super) bytes: usize,
    /// The gated fields, in the order of the object.
    pub(super) uses: Vec<Use>,
}

/// Passes over an object.
pub(super) fn walk(object: &impl Serialize, count: Count) -> Walked {
    let mut state = State { bytes: 0, uses: Vec::new(), count };
    // The walk itself never fails, and no Kubernetes type refuses to be serialized.
    let _: Result<(), Stop> = object.serialize(Walker { state: &mut state, path: &Path::Root });
    Walked { bytes: state.bytes, uses: state.uses }
}

/// What JSON may make of one byte: `\u0001`.
const LONGEST_ESCAPE: usize = 6;

/// The length of a JSON string: two quotes, and what escapes add.
pub(super) fn json_string_len(text: &str) -> usize {
    // Most texts have nothing to escape; this loop has no branch, so that it runs over many bytes at once.
    let escapes = text
        .bytes()
        .fold(0, |found, byte| found | u8::from(byte < 0x20) | u8::from(byte == b'"') | u8::from(byte == b'\\'));
    if escapes == 0 {
        return text.len() + 2;
    }
    let extra: usize = text
        .bytes()
        .map(|byte| match byte {
            b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 1,
            byte if byte < 0x20 => 5,
            _ => 0,
        })
        .sum();
    text.len() + 2 + extra
}

#[derive(Debug)]
struct Stop;

impl Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the object cannot be serialized")
    }
}

impl std::error::Error for Stop {}

impl ser::Error for Stop {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }
}

struct Walker<'w> {
    state: &'w mut State,
    path: &'w Path<'w>,
}

/// Counts what a `Display` writes.
struct Written(usize);

impl fmt::Write for Written {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += json_string_len(text) - 2;
        Ok(())
    }
}

macro_rules! numbers {
    ($($name:ident: $type:ty),+ $(,)?) => {
        $(fn $name(self, value: $type) -> Result<(), Stop> {
            let mut count = Written(0);
            // Counting never fails.
            let _ = write!(count, "{value}");
            self.state.bytes += count.0;
            Ok(())
        })+
    };
}

impl<'w> ser::Serializer for Walker<'w> {
    type Ok = ();
    type Error = Stop;
    type SerializeSeq = Items<'w>;
    type SerializeTuple = Items<'w>;
    type SerializeTupleStruct = Items<'w>;
    type SerializeTupleVariant = Items<'w>;
    type SerializeMap = Fields<'w>;
    type SerializeStruct = Fields<'w>;
    type SerializeStructVariant = Fields<'w>;

    numbers!(
        serialize_i8: i8, serialize_i16: i16, serialize_i64: i64, serialize_u8: u8, serialize_u16: u16,
        serialize_u32: u32, serialize_u64: u64, serialize_f32: f32, serialize_f64: f64,
    );

    fn serialize_i32(self, value: i32) -> Result<(), Stop> {
        let digits = value.unsigned_abs().checked_ilog10().map_or(1, |log| log as usize + 1);
        self.state.bytes += digits + usize::from(value < 0);
        Ok(())
    }

    fn serialize_bool(self, value: bool) -> Result<(), Stop> {
        self.state.bytes += if value { 4 } else { 5 };
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), Stop> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Stop> {
        self.state.bytes += match self.state.count {
            Count::AtMost => value.len() * LONGEST_ESCAPE + 2,
            Count::Exactly => json_string_len(value),
        };
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Stop> {
        self.state.bytes += value.len() * 4 + 2;
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Stop> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Stop> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Stop> {
        self.state.bytes += 4;
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Stop> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Stop> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Stop> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Stop> {
        self.state.bytes += json_string_len(variant) + 3;
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items<'w>, Stop> {
        self.state.bytes += 2;
        Ok(Items { walker: self, index: 0 })
    }

    fn serialize_tuple(self, len: usize) -> Result<Items<'w>, Stop> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Items<'w>, Stop> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Items<'w>, Stop> {
        self.state.bytes += json_string_len(variant) + 3;
        self.serialize_seq(Some(len))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Fields<'w>, Stop> {
        self.serialize_struct("", 0)
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Fields<'w>, Stop> {
        self.state.bytes += 2;
        Ok(Fields { walker: self, owner: name, first: true })
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Fields<'w>, Stop> {
        self.state.bytes += json_string_len(variant) + 3;
        self.serialize_struct("", len)
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<(), Stop> {
        let mut count = Written(2);
        // Counting never fails.
        let _ = write!(count, "{value}");
        self.state.bytes += count.0;
        Ok(())
    }
}

struct Items<'w> {
    walker: Walker<'w>,
    index: usize,
}

impl Items<'_> {
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
        self.walker.state.bytes += usize::from(self.index > 0);
        let path = Path::Index(self.walker.path, self.index);
        self.index += 1;
        value.serialize(Walker { state: self.walker.state, path: &path })
    }
}

macro_rules! items {
    ($($trait:ident: $method:ident),+ $(,)?) => {
        $(impl ser::$trait for Items<'_> {
            type Ok = ();
            type Error = Stop;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
                self.item(value)
            }

            fn end(self) -> Result<(), Stop> {
                Ok(())
            }
        })+
    };
}

items!(
    SerializeSeq: serialize_element,
    SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field,
    SerializeTupleVariant: serialize_field,
);

struct Fields<'w> {
    walker: Walker<'w>,
    owner: &'static str,
    first: bool,
}

impl Fields<'_> {
    fn comma(&mut self) {
        self.walker.state.bytes += usize::from(!self.first);
        self.first = false;
    }

    fn field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Stop> {
        self.comma();
        // Field names have no character that JSON escapes.
        self.walker.state.bytes += key.len() + 3;
        let path = Path::Key(self.walker.path, key);
        if let Some(feature) = Feature::of(self.owner, key) {
            self.walker.state.uses.push(Use { feature, pointer: path.pointer() });
        }
        value.serialize(Walker { state: self.walker.state, path: &path })
    }
}

impl ser::SerializeStruct for Fields<'_> {
    type Ok = ();
    type Error = Stop;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Stop> {
        self.field(key, value)
    }

    fn end(self) -> Result<(), Stop> {
        Ok(())
    }
}

impl ser::SerializeStructVariant for Fields<'_> {
    type Ok = ();
    type Error = Stop;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Stop> {
        self.field(key, value)
    }

    fn end(self) -> Result<(), Stop> {
        self.walker.state.bytes += 1;
        Ok(())
    }
}

impl ser::SerializeMap for Fields<'_> {
    type Ok = ();
    type Error = Stop;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Stop> {
        self.comma();
        self.walker.state.bytes += 1;
        key.serialize(Walker { state: self.walker.state, path: self.walker.path })
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
        // No map of a manifest has values with gated fields, so that the key needs not be remembered.
        let path = Path::Key(self.walker.path, "*");
        value.serialize(Walker { state: self.walker.state, path: &path })
    }

    fn end(self) -> Result<(), Stop> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
