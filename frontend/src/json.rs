//! JSON of the API → its types, with no more than the API needs: no fractions, and no words about what is wrong, which
//! the user could not mend. In WebAssembly this is a fraction of the size of a reader for every purpose, and the page
//! reads some sixty types.

use std::{borrow::Cow, slice};

use serde::{
    Deserializer,
    de::{self, DeserializeSeed, EnumAccess, MapAccess, SeqAccess, Unexpected, VariantAccess, Visitor},
    forward_to_deserialize_any,
};

/// How deep lists and objects may stand in each other.
const MAX_DEPTH: u8 = 64;

/// The text is no JSON, or not of the type that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the answer cannot be read")]
pub struct Malformed;

/// Reads a value.
///
/// # Errors
/// [`Malformed`].
pub fn read<T: de::DeserializeOwned>(text: &str) -> Result<T, Malformed> {
    T::deserialize(&parse(text)?)
}

/// A value as it stands in the text.
enum Value<'a> {
    Null,
    Bool(bool),
    Unsigned(u64),
    Negative(i64),
    /// A fraction, or what is too large: nothing of the API's types, but it may stand where nobody looks.
    OtherNumber,
    Text(Cow<'a, str>),
    List(Vec<Value<'a>>),
    /// Pairs of a name, which is a text, and its value.
    Map(Vec<(Value<'a>, Value<'a>)>),
}

fn parse(text: &str) -> Result<Value<'_>, Malformed> {
    let mut parser = Parser { text, at: 0, depth: 0 };
    let value = parser.value()?;
    parser.blanks();
    if parser.at == text.len() { Ok(value) } else { Err(Malformed) }
}

/// Goes through the text once.
struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: u8,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or_default()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), b' ' | b'\n' | b'\r' | b'\t') {
            self.at += 1;
        }
    }

    /// Goes past `wanted`, if it is next; true then.
    fn takes(&mut self, wanted: &str) -> bool {
        let is_next = self.text.as_bytes()[self.at..].starts_with(wanted.as_bytes());
        if is_next {
            self.at += wanted.len();
        }
        is_next
    }

    fn value(&mut self) -> Result<Value<'a>, Malformed> {
        self.blanks();
        match self.peek() {
            b'"' => self.string().map(Value::Text),
            b'{' => self
                .nested("}", |parser| {
                    parser.blanks();
                    let name = parser.string()?;
                    parser.blanks();
                    if parser.takes(":") { Ok((Value::Text(name), parser.value()?)) } else { Err(Malformed) }
                })
                .map(Value::Map),
            b'[' => self.nested("]", Self::value).map(Value::List),
            b'-' | b'0'..=b'9' => Ok(self.number()),
            _ if self.takes("null") => Ok(Value::Null),
            _ if self.takes("true") => Ok(Value::Bool(true)),
            _ if self.takes("false") => Ok(Value::Bool(false)),
            _ => Err(Malformed),
        }
    }

    /// What stands between a bracket and its `end`.
    fn nested<T>(&mut self, end: &str, item: fn(&mut Self) -> Result<T, Malformed>) -> Result<Vec<T>, Malformed> {
        self.at += 1;
        self.depth += 1;
        let mut items = Vec::new();
        self.blanks();
        if self.depth > MAX_DEPTH {
            return Err(Malformed);
        }
        let mut ended = self.takes(end);
        while !ended {
            items.push(item(self)?);
            self.blanks();
            ended = self.takes(end);
            if !ended && !self.takes(",") {
                return Err(Malformed);
            }
        }
        self.depth -= 1;
        Ok(items)
    }

    fn number(&mut self) -> Value<'a> {
        let start = self.at;
        while matches!(self.peek(), b'+' | b'-' | b'.' | b'0'..=b'9' | b'e' | b'E') {
            self.at += 1;
        }
        let digits = &self.text[start..self.at];
        let unsigned = digits.parse().map(Value::Unsigned);
        unsigned.or_else(|_| digits.parse().map(Value::Negative)).unwrap_or(Value::OtherNumber)
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Malformed> {
        if !self.takes("\"") {
            return Err(Malformed);
        }
        let mut text = Cow::Borrowed("");
        loop {
            let rest = &self.text[self.at..];
            let plain = rest.find(['"', '\\']).ok_or(Malformed)?;
            self.at += plain + 1;
            text += &rest[..plain];
            if rest.as_bytes()[plain] == b'"' {
                return Ok(text);
            }
            text.to_mut().push(self.escape()?);
        }
    }

    /// What stands behind a backslash.
    fn escape(&mut self) -> Result<char, Malformed> {
        let letter = self.peek();
        self.at += 1;
        Ok(match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let mut code = self.four_digits()?;
                // Beyond the first plane a character is two halves (RFC 8259 section 7).
                if (0xd800..0xdc00).contains(&code) && self.takes("\\u") {
                    let low = self.four_digits()?.checked_sub(0xdc00).filter(|low| *low < 0x400).ok_or(Malformed)?;
                    code = 0x1_0000 + ((code - 0xd800) << 10) + low;
                }
                char::from_u32(code).ok_or(Malformed)?
            }
            _ => return Err(Malformed),
        })
    }

    fn four_digits(&mut self) -> Result<u32, Malformed> {
        let digits = self.text.get(self.at..self.at + 4).ok_or(Malformed)?;
        self.at += 4;
        u32::from_str_radix(digits, 16).map_err(|_| Malformed)
    }
}

impl de::Error for Malformed {
    fn custom<T: std::fmt::Display>(_: T) -> Self {
        Self
    }

    // The usual ones would make sentences that nobody reads.
    fn invalid_type(_: Unexpected<'_>, _: &dyn de::Expected) -> Self {
        Self
    }

    fn invalid_value(_: Unexpected<'_>, _: &dyn de::Expected) -> Self {
        Self
    }

    fn invalid_length(_: usize, _: &dyn de::Expected) -> Self {
        Self
    }

    fn unknown_variant(_: &str, _: &'static [&'static str]) -> Self {
        Self
    }

    fn unknown_field(_: &str, _: &'static [&'static str]) -> Self {
        Self
    }

    fn missing_field(_: &'static str) -> Self {
        Self
    }

    fn duplicate_field(_: &'static str) -> Self {
        Self
    }
}

impl<'de> Deserializer<'de> for &Value<'_> {
    type Error = Malformed;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Malformed> {
        match self {
            Value::Null => visitor.visit_unit(),
            Value::Bool(is) => visitor.visit_bool(*is),
            Value::Unsigned(number) => visitor.visit_u64(*number),
            Value::Negative(number) => visitor.visit_i64(*number),
            Value::OtherNumber => Err(Malformed),
            Value::Text(text) => visitor.visit_str(text),
            Value::List(_) => self.deserialize_seq(visitor),
            Value::Map(_) => self.deserialize_map(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Malformed> {
        if let Value::Bool(is) = self { visitor.visit_bool(*is) } else { Err(Malformed) }
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Malformed> {
        if let Value::Unsigned(number) = self { visitor.visit_u64(*number) } else { Err(Malformed) }
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Malformed> {
        self.deserialize_u64(visitor)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Malformed> {
        self.deserialize_u64(visitor)
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Malformed> {
        self.deserialize_u64(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Malformed> {
        if let Value::Text(text) = self { visitor.visit_str(text) } else { Err(Malformed) }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Malformed> {
        self.deserialize_str(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Malformed> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Malformed> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Malformed> {
        if let Value::Null = self { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Malformed> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Malformed> {
        if let Value::List(items) = self { visitor.visit_seq(Items(items.iter())) } else { Err(Malformed) }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Malformed> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Malformed> {
        let Value::Map(pairs) = self else { return Err(Malformed) };
        visitor.visit_map(Pairs { rest: pairs.iter(), value: &Value::Null })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Malformed> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Malformed> {
        match self {
            Value::Text(_) => visitor.visit_enum(Variant { name: self, content: &Value::Null }),
            Value::Map(pairs) => match pairs.as_slice() {
                [(name, content)] => visitor.visit_enum(Variant { name, content }),
                _ => Err(Malformed),
            },
            _ => Err(Malformed),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Malformed> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! { i8 i16 i32 i64 i128 u128 f32 f64 bytes byte_buf unit unit_struct tuple_struct }
}

/// The rest of a list.
struct Items<'v, 'a>(slice::Iter<'v, Value<'a>>);

impl<'de> SeqAccess<'de> for Items<'_, '_> {
    type Error = Malformed;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Malformed> {
        self.0.next().map(|item| seed.deserialize(item)).transpose()
    }
}

/// The rest of an object, and the value of the name that was read last.
struct Pairs<'v, 'a> {
    rest: slice::Iter<'v, (Value<'a>, Value<'a>)>,
    value: &'v Value<'a>,
}

impl<'de> MapAccess<'de> for Pairs<'_, '_> {
    type Error = Malformed;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Malformed> {
        let Some((name, value)) = self.rest.next() else { return Ok(None) };
        self.value = value;
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Malformed> {
        seed.deserialize(self.value)
    }
}

/// One of several: its name alone, or an object with the name and its content.
struct Variant<'v, 'a> {
    name: &'v Value<'a>,
    content: &'v Value<'a>,
}

impl<'de> EnumAccess<'de> for Variant<'_, '_> {
    type Error = Malformed;
    type Variant = Self;

    fn variant_seed<N: DeserializeSeed<'de>>(self, seed: N) -> Result<(N::Value, Self), Malformed> {
        Ok((seed.deserialize(self.name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, '_> {
    type Error = Malformed;

    fn unit_variant(self) -> Result<(), Malformed> {
        if let Value::Null = self.content { Ok(()) } else { Err(Malformed) }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Malformed> {
        seed.deserialize(self.content)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Malformed> {
        self.content.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Malformed> {
        self.content.deserialize_map(visitor)
    }
}

#[cfg(test)]
mod tests;
