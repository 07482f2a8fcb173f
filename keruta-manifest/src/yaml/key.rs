//! Map keys: strings, and only strings.

use serde::Serialize;
use serde::ser::{Impossible, Serializer};

use super::error::YamlError;
use super::layout::{Place, push_indent};
use super::scalar::write_on_one_line;

/// The longest key, in bytes, that is written as `key: value`. It is kubectl's bound too. Readers look for the
/// colon within 1,024 characters only, and no escape makes more than four characters of one byte.
const LONGEST_SIMPLE_KEY: usize = 128;

/// Writes a key and its colon into column `indent`, where the line already stands, and yields the value's place.
pub(super) fn write_key(out: &mut String, indent: usize, key: &str) -> Place {
    if key.len() <= LONGEST_SIMPLE_KEY {
        write_on_one_line(out, key);
        out.push(':');
        return Place::AfterKey { indent };
    }
    out.push_str("? ");
    write_on_one_line(out, key);
    out.push('\n');
    push_indent(out, indent);
    out.push(':');
    Place::AfterMark { indent }
}

/// Takes a map's key from serde, refusing what is no string.
pub(super) struct Key<'a> {
    pub(super) out: &'a mut String,
    pub(super) indent: usize,
}

fn refuse<T>(found: &'static str) -> Result<T, YamlError> {
    Err(YamlError::KeyNotString { found })
}

/// Methods that refuse a scalar, naming what it is.
macro_rules! refuse_scalars {
    ($($method:ident($kind:ty) => $found:literal),+ $(,)?) => {$(
        fn $method(self, _: $kind) -> Result<Place, YamlError> {
            refuse($found)
        }
    )+};
}

type Never = Impossible<Place, YamlError>;

impl Serializer for Key<'_> {
    type Ok = Place;
    type Error = YamlError;
    type SerializeSeq = Never;
    type SerializeTuple = Never;
    type SerializeTupleStruct = Never;
    type SerializeTupleVariant = Never;
    type SerializeMap = Never;
    type SerializeStruct = Never;
    type SerializeStructVariant = Never;

    fn serialize_str(self, key: &str) -> Result<Place, YamlError> {
        Ok(write_key(self.out, self.indent, key))
    }

    fn serialize_char(self, letter: char) -> Result<Place, YamlError> {
        self.serialize_str(letter.encode_utf8(&mut [0; 4]))
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<Place, YamlError> {
        self.serialize_str(variant)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Place, YamlError> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<Place, YamlError> {
        value.serialize(self)
    }

    refuse_scalars! {
        serialize_bool(bool) => "a boolean",
        serialize_i8(i8) => "an integer",
        serialize_i16(i16) => "an integer",
        serialize_i32(i32) => "an integer",
        serialize_i64(i64) => "an integer",
        serialize_i128(i128) => "an integer",
        serialize_u8(u8) => "an integer",
        serialize_u16(u16) => "an integer",
        serialize_u32(u32) => "an integer",
        serialize_u64(u64) => "an integer",
        serialize_u128(u128) => "an integer",
        serialize_f32(f32) => "a float",
        serialize_f64(f64) => "a float",
        serialize_bytes(&[u8]) => "raw bytes",
        serialize_unit_struct(&'static str) => "null",
    }

    fn serialize_none(self) -> Result<Place, YamlError> {
        refuse("null")
    }

    fn serialize_unit(self) -> Result<Place, YamlError> {
        refuse("null")
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _value: &T,
    ) -> Result<Place, YamlError> {
        refuse("a map")
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<Never, YamlError> {
        refuse("a list")
    }

    fn serialize_tuple(self, _len: usize) -> Result<Never, YamlError> {
        refuse("a list")
    }

    fn serialize_tuple_struct(self, _name: &'static str, _len: usize) -> Result<Never, YamlError> {
        refuse("a list")
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _len: usize,
    ) -> Result<Never, YamlError> {
        refuse("a map")
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Never, YamlError> {
        refuse("a map")
    }

    fn serialize_struct(self, _name: &'static str, _len: usize) -> Result<Never, YamlError> {
        refuse("a map")
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _len: usize,
    ) -> Result<Never, YamlError> {
        refuse("a map")
    }
}
