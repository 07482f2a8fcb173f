//! What a Kubernetes type has at a place: its fields' names, asked of its own deserializer.
//!
//! `k8s-openapi` hands the names of a type's fields to the deserializer; this one notes them at the wanted
//! place and gives up. So the names are those of the Kubernetes version that the program is built for.

use std::cell::Cell;

use serde::de::value::{Error, StrDeserializer};
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};
use serde::forward_to_deserialize_any;

/// What stands at a place of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spot {
    /// A struct with these fields.
    Struct(&'static [&'static str]),
    /// A newtype of this name.
    Newtype(&'static str),
}

/// What `T` has at `path`, a list of field names, map keys and list positions.
pub(super) fn spot<'de, T: Deserialize<'de>>(path: &[String]) -> Option<Spot> {
    let found = Cell::new(None);
    // It always fails: with the answer, or because the path leads nowhere.
    let _ = T::deserialize(Probe { path, found: &found });
    found.get()
}

#[derive(Clone, Copy)]
struct Probe<'a> {
    path: &'a [String],
    found: &'a Cell<Option<Spot>>,
}

impl Probe<'_> {
    fn done<T>(self, spot: Spot) -> Result<T, Error> {
        self.found.set(Some(spot));
        Err(Error::custom("found"))
    }
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("no struct here"))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        if self.path.is_empty() {
            return self.done(Spot::Newtype(name));
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if self.path.is_empty() {
            return self.done(Spot::Struct(fields));
        }
        visitor.visit_map(Below { probe: self, asked: false })
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(Below { probe: self, asked: false })
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(Below { probe: self, asked: false })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct tuple tuple_struct enum identifier ignored_any
    }
}

/// The one element on the way to the wanted place.
struct Below<'a> {
    probe: Probe<'a>,
    asked: bool,
}

impl<'a> Below<'a> {
    fn split(&self) -> Option<(&'a str, Probe<'a>)> {
        let (first, rest) = self.probe.path.split_first()?;
        Some((first, Probe { path: rest, ..self.probe }))
    }
}

impl<'de> MapAccess<'de> for Below<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        match self.split() {
            Some((token, _)) if !std::mem::replace(&mut self.asked, true) => {
                let token: StrDeserializer<'_, Error> = token.into_deserializer();
                seed.deserialize(token).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let (_, probe) = self.split().ok_or_else(|| Error::custom("the path ends here"))?;
        seed.deserialize(probe)
    }
}

impl<'de> SeqAccess<'de> for Below<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        match self.split() {
            Some((_, probe)) if !std::mem::replace(&mut self.asked, true) => {
                seed.deserialize(probe).map(Some)
            }
            _ => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::PodTemplateSpec;

    use super::super::pointer::tokens;
    use super::{Spot, spot};

    #[test]
    fn fields_and_newtypes_are_found_by_path() {
        let at = |pointer: &str| spot::<PodTemplateSpec>(&tokens(pointer));
        assert_eq!(at(""), Some(Spot::Struct(&["metadata", "spec"])));
        assert_eq!(
            at("/spec/containers/3/ports/0"),
            Some(Spot::Struct(&["containerPort", "hostIP", "hostPort", "name", "protocol"]))
        );
        assert_eq!(at("/spec/containers/0/resources/limits/cpu"), Some(Spot::Newtype("Quantity")));
        assert_eq!(at("/spec/nodeName"), None);
        assert_eq!(at("/spec/nosuch/x"), None);
    }
}
