//! Maps and lists, entry by entry.

use serde::Serialize;
use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple, SerializeTupleStruct,
    SerializeTupleVariant,
};

use super::error::YamlError;
use super::key::{Key, write_key};
use super::layout::{Place, push_indent};
use super::serializer::Node;

/// How many maps and lists may stand within each other. The reader that gives up first is js-yaml, behind 98.
const MAX_LEVELS: usize = 96;

/// A map or list that is being written.
///
/// Whether it has entries shows only while they come, so nothing is written before the first of them.
pub(super) struct Collection<'a> {
    pub(super) out: &'a mut String,
    /// The column of the keys or dashes.
    pub(super) indent: usize,
    /// How many maps and lists stand around an entry.
    pub(super) level: usize,
    /// Where the whole collection stands.
    place: Place,
    empty: bool,
    /// Where the value belongs whose key was written last.
    value_place: Option<Place>,
}

impl<'a> Collection<'a> {
    pub(super) fn map(node: Node<'a>) -> Result<Self, YamlError> {
        let indent = node.place.map_indent();
        Self::new(node, indent)
    }

    pub(super) fn list(node: Node<'a>) -> Result<Self, YamlError> {
        let indent = node.place.list_indent();
        Self::new(node, indent)
    }

    fn new(node: Node<'a>, indent: usize) -> Result<Self, YamlError> {
        let Node { out, place, level } = node;
        if level >= MAX_LEVELS {
            return Err(YamlError::TooDeep { limit: MAX_LEVELS });
        }
        Ok(Self { out, indent, level: level + 1, place, empty: true, value_place: None })
    }

    /// Moves to where the next key or dash belongs.
    pub(super) fn begin_entry(&mut self) {
        let first = std::mem::replace(&mut self.empty, false);
        match self.place {
            Place::AfterMark { .. } if first => self.out.push(' '),
            Place::AfterKey { .. } if first => {
                self.out.push('\n');
                push_indent(self.out, self.indent);
            }
            _ => push_indent(self.out, self.indent),
        }
    }

    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), YamlError> {
        self.begin_entry();
        self.out.push('-');
        let place = Place::AfterMark { indent: self.indent };
        value.serialize(Node { out: self.out, place, level: self.level })
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), YamlError> {
        self.begin_entry();
        let place = write_key(self.out, self.indent, name);
        value.serialize(Node { out: self.out, place, level: self.level })
    }

    fn end(self, if_empty: &str) {
        if self.empty {
            self.place.lead(self.out);
            self.out.push_str(if_empty);
            self.out.push('\n');
        }
    }
}

impl SerializeMap for Collection<'_> {
    type Ok = ();
    type Error = YamlError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), YamlError> {
        self.begin_entry();
        let place = key.serialize(Key { out: self.out, indent: self.indent })?;
        self.value_place = Some(place);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), YamlError> {
        let place = self.value_place.take().ok_or(YamlError::ValueWithoutKey)?;
        value.serialize(Node { out: self.out, place, level: self.level })
    }

    fn end(self) -> Result<(), YamlError> {
        self.end("{}");
        Ok(())
    }
}

/// The kinds of map whose keys are names known to the program.
macro_rules! map_with_names {
    ($($kind:ident),+) => {$(
        impl $kind for Collection<'_> {
            type Ok = ();
            type Error = YamlError;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), YamlError> {
                self.field(name, value)
            }

            fn end(self) -> Result<(), YamlError> {
                self.end("{}");
                Ok(())
            }
        }
    )+};
}

map_with_names!(SerializeStruct, SerializeStructVariant);

/// The kinds of list, which differ only in what serde calls them.
macro_rules! list {
    ($($kind:ident :: $method:ident),+) => {$(
        impl $kind for Collection<'_> {
            type Ok = ();
            type Error = YamlError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), YamlError> {
                self.item(value)
            }

            fn end(self) -> Result<(), YamlError> {
                self.end("[]");
                Ok(())
            }
        }
    )+};
}

list!(
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field
);
