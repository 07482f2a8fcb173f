//! The macro behind every value that is a checked text.

/// Defines a newtype over a text that only its parser can make.
///
/// `check` is a `fn(&str) -> Result<(), Error>`; `expected` completes "expected …" for a JSON value of
/// another type; `schema` is the body of its JSON Schema besides `"type": "string"`.
macro_rules! text_value {
    (
        $(#[$meta:meta])*
        $name:ident, error = $error:ty, check = $check:path, expected = $expected:literal,
        schema = { $($schema:tt)* } $(,)?
    ) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(std::borrow::Cow<'static, str>);

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// A constant of this crate, which its tests hold against the rule.
            #[allow(dead_code, reason = "not every kind of value has a built-in one")]
            pub(crate) const fn constant(text: &'static str) -> Self {
                Self(std::borrow::Cow::Borrowed(text))
            }
        }

        impl std::str::FromStr for $name {
            type Err = $error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $check(text)?;
                Ok(Self(text.to_owned().into()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = $error;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                $check(&text)?;
                Ok(Self(text.into()))
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0.into_owned()
            }
        }

        impl From<&$name> for String {
            fn from(value: &$name) -> Self {
                value.0.clone().into_owned()
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Debug::fmt(&self.0, f)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::value::text_value::deserialize(deserializer, $expected)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", $($schema)* })
            }
        }
    };
}

/// Reads a text and parses it, keeping the error's rule and cure in serde's error text.
pub(crate) fn deserialize<'de, D, T>(deserializer: D, expected: &'static str) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: std::str::FromStr + TryFrom<String, Error = <T as std::str::FromStr>::Err>,
    <T as std::str::FromStr>::Err: crate::problem::Explain,
{
    struct Visitor<T>(&'static str, std::marker::PhantomData<T>);

    impl<T> serde::de::Visitor<'_> for Visitor<T>
    where
        T: std::str::FromStr + TryFrom<String, Error = <T as std::str::FromStr>::Err>,
        <T as std::str::FromStr>::Err: crate::problem::Explain,
    {
        type Value = T;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(self.0)
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
            text.parse().map_err(|error| E::custom(crate::problem::Explained(&error)))
        }

        fn visit_string<E: serde::de::Error>(self, text: String) -> Result<T, E> {
            T::try_from(text).map_err(|error| E::custom(crate::problem::Explained(&error)))
        }
    }

    deserializer.deserialize_string(Visitor(expected, std::marker::PhantomData))
}
