//! One value in its place: the meeting point of serde's data model and the page.

use serde::Serialize;
use serde::ser::Serializer;

use super::collection::Collection;
use super::error::YamlError;
use super::key::write_key;
use super::layout::Place;
use super::number::{write_f32, write_f64, write_integer};
use super::scalar::write_value;

/// Writes one value, and the line break after it, into its place.
pub(super) struct Node<'a> {
    pub(super) out: &'a mut String,
    pub(super) place: Place,
    /// How many maps and lists stand around the value.
    pub(super) level: usize,
}

impl<'a> Node<'a> {
    /// The place of a whole document.
    pub(super) fn document(out: &'a mut String) -> Self {
        Self { out, place: Place::Document, level: 0 }
    }

    /// Writes a scalar that every reader understands without quotes: a number, a boolean, null.
    fn bare(self, write: impl FnOnce(&mut String)) {
        self.place.lead(self.out);
        write(self.out);
        self.out.push('\n');
    }

    /// Opens a map of the single key `variant` and yields the place of its value.
    fn under_variant(self, variant: &str) -> Result<Self, YamlError> {
        let mut map = Collection::map(self)?;
        map.begin_entry();
        let place = write_key(map.out, map.indent, variant);
        Ok(Self { out: map.out, place, level: map.level })
    }
}

impl<'a> Serializer for Node<'a> {
    type Ok = ();
    type Error = YamlError;
    type SerializeSeq = Collection<'a>;
    type SerializeTuple = Collection<'a>;
    type SerializeTupleStruct = Collection<'a>;
    type SerializeTupleVariant = Collection<'a>;
    type SerializeMap = Collection<'a>;
    type SerializeStruct = Collection<'a>;
    type SerializeStructVariant = Collection<'a>;

    fn serialize_str(self, text: &str) -> Result<(), YamlError> {
        write_value(self.out, self.place, text);
        Ok(())
    }

    fn serialize_char(self, letter: char) -> Result<(), YamlError> {
        self.serialize_str(letter.encode_utf8(&mut [0; 4]))
    }

    fn serialize_bool(self, value: bool) -> Result<(), YamlError> {
        self.bare(|out| out.push_str(if value { "true" } else { "false" }));
        Ok(())
    }

    fn serialize_unit(self) -> Result<(), YamlError> {
        self.bare(|out| out.push_str("null"));
        Ok(())
    }

    fn serialize_i64(self, value: i64) -> Result<(), YamlError> {
        self.bare(|out| write_integer(out, value));
        Ok(())
    }

    fn serialize_u64(self, value: u64) -> Result<(), YamlError> {
        self.bare(|out| write_integer(out, value));
        Ok(())
    }

    fn serialize_f64(self, value: f64) -> Result<(), YamlError> {
        if !value.is_finite() {
            return Err(YamlError::NotFinite { value });
        }
        self.bare(|out| write_f64(out, value));
        Ok(())
    }

    fn serialize_f32(self, value: f32) -> Result<(), YamlError> {
        if !value.is_finite() {
            return Err(YamlError::NotFinite { value: value.into() });
        }
        self.bare(|out| write_f32(out, value));
        Ok(())
    }

    fn serialize_i8(self, value: i8) -> Result<(), YamlError> {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<(), YamlError> {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<(), YamlError> {
        self.serialize_i64(value.into())
    }

    fn serialize_i128(self, value: i128) -> Result<(), YamlError> {
        match (i64::try_from(value), u64::try_from(value)) {
            (Ok(small), _) => self.serialize_i64(small),
            (_, Ok(large)) => self.serialize_u64(large),
            _ => Err(YamlError::IntegerTooLarge { digits: value.to_string() }),
        }
    }

    fn serialize_u8(self, value: u8) -> Result<(), YamlError> {
        self.serialize_u64(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<(), YamlError> {
        self.serialize_u64(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<(), YamlError> {
        self.serialize_u64(value.into())
    }

    fn serialize_u128(self, value: u128) -> Result<(), YamlError> {
        match u64::try_from(value) {
            Ok(value) => self.serialize_u64(value),
            Err(_) => Err(YamlError::IntegerTooLarge { digits: value.to_string() }),
        }
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<(), YamlError> {
        Err(YamlError::Bytes { len: bytes.len() })
    }

    fn serialize_none(self) -> Result<(), YamlError> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), YamlError> {
        value.serialize(self)
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), YamlError> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _name: &'static str, _index: u32, variant: &'static str) -> Result<(), YamlError> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _name: &'static str, value: &T) -> Result<(), YamlError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), YamlError> {
        value.serialize(self.under_variant(variant)?)
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<Collection<'a>, YamlError> {
        Collection::list(self)
    }

    fn serialize_tuple(self, _len: usize) -> Result<Collection<'a>, YamlError> {
        Collection::list(self)
    }

    fn serialize_tuple_struct(self, _name: &'static str, _len: usize) -> Result<Collection<'a>, YamlError> {
        Collection::list(self)
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Collection<'a>, YamlError> {
        Collection::list(self.under_variant(variant)?)
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Collection<'a>, YamlError> {
        Collection::map(self)
    }

    fn serialize_struct(self, _name: &'static str, _len: usize) -> Result<Collection<'a>, YamlError> {
        Collection::map(self)
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Collection<'a>, YamlError> {
        Collection::map(self.under_variant(variant)?)
    }
}
