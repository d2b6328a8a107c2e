//! Kinds made of kinds: lists, maps, objects in objects, and what may be `null`.

use std::{collections::BTreeMap, marker::PhantomData};

use serde_json::{Value, json};

use super::{Body, Faults, Kind, Place, Raw, blank_of, read::read_values, schema_of};

/// A list of so many of one kind; in a query, separated by commas.
pub fn list<K: Kind>(kind: K, min: usize, max: usize) -> List<K> {
    List { kind, min, max }
}

/// See [`list`].
#[derive(Clone, Copy, Debug)]
pub struct List<K> {
    kind: K,
    min: usize,
    max: usize,
}

impl<K: Kind> Kind for List<K> {
    type Value = Vec<K::Value>;

    fn read(&self, raw: Raw<'_>, at: &Place<'_>, faults: &mut Faults) -> Option<Vec<K::Value>> {
        let Some(entries) = raw.entries() else {
            faults.note(at, "wrong_type", "must be a list");
            return None;
        };
        if !fits(entries.len(), self.min, self.max, at, faults) {
            return None;
        }
        let read: Vec<_> = entries
            .into_iter()
            .enumerate()
            .map(|(index, entry)| self.kind.read(entry, &Place::Entry(at, index), faults))
            .collect();
        read.into_iter().collect()
    }

    fn blank(&self) -> Vec<K::Value> {
        Vec::new()
    }

    fn schema(&self) -> Value {
        let mut schema =
            json!({ "type": "array", "items": self.kind.schema(), "maxItems": self.max });
        if self.min > 0 {
            schema["minItems"] = json!(self.min);
        }
        schema
    }
}

/// An object with free names, each holding this kind, at most so many.
pub fn map_of<K: Kind>(kind: K, max: usize) -> MapOf<K> {
    MapOf { kind, max }
}

/// See [`map_of`].
#[derive(Clone, Copy, Debug)]
pub struct MapOf<K> {
    kind: K,
    max: usize,
}

impl<K: Kind> Kind for MapOf<K> {
    type Value = BTreeMap<String, K::Value>;

    fn read(&self, raw: Raw<'_>, at: &Place<'_>, faults: &mut Faults) -> Option<Self::Value> {
        let Some(values) = raw.members() else {
            faults.note(at, "wrong_type", "must be an object");
            return None;
        };
        if !fits(values.all().count(), 0, self.max, at, faults) {
            return None;
        }
        let mut map = BTreeMap::new();
        let mut sound = true;
        for (name, raw) in values.all() {
            let place = Place::Field(at, name);
            let letters = name.chars().count();
            if !(1..=NAME_LETTERS_MAX).contains(&letters) || name.chars().any(char::is_control) {
                faults.note(&place, "invalid_text", "is not a name");
                sound = false;
                continue;
            }
            match self.kind.read(raw, &place, faults) {
                Some(_) if map.contains_key(name) => {
                    faults.note(&place, "duplicate_field", "is given twice");
                    sound = false;
                }
                Some(value) => {
                    map.insert(name.to_owned(), value);
                }
                None => sound = false,
            }
        }
        sound.then_some(map)
    }

    fn blank(&self) -> Self::Value {
        BTreeMap::new()
    }

    fn schema(&self) -> Value {
        json!({
            "type": "object",
            "additionalProperties": self.kind.schema(),
            "propertyNames": { "minLength": 1, "maxLength": NAME_LETTERS_MAX },
            "maxProperties": self.max,
        })
    }
}

/// An object inside of the body.
pub fn object<B: Body>() -> Object<B> {
    Object(PhantomData)
}

/// See [`object`].
#[derive(Clone, Copy, Debug)]
pub struct Object<B>(PhantomData<B>);

impl<B: Body> Kind for Object<B> {
    type Value = B;

    fn read(&self, raw: Raw<'_>, at: &Place<'_>, faults: &mut Faults) -> Option<B> {
        match raw.members() {
            Some(values) => Some(read_values(values, *at, faults)),
            None => {
                faults.note(at, "wrong_type", "must be an object");
                None
            }
        }
    }

    fn blank(&self) -> B {
        blank_of()
    }

    fn schema(&self) -> Value {
        schema_of::<B>()
    }
}

/// A value that may also be `null`, which empties the field.
pub fn nullable<K: Kind>(kind: K) -> Nullable<K> {
    Nullable { kind }
}

/// See [`nullable`].
#[derive(Clone, Copy, Debug)]
pub struct Nullable<K> {
    kind: K,
}

impl<K: Kind> Kind for Nullable<K> {
    type Value = Option<K::Value>;

    fn read(&self, raw: Raw<'_>, at: &Place<'_>, faults: &mut Faults) -> Option<Option<K::Value>> {
        if raw.is_null() { Some(None) } else { self.kind.read(raw, at, faults).map(Some) }
    }

    fn blank(&self) -> Option<K::Value> {
        None
    }

    fn schema(&self) -> Value {
        json!({ "anyOf": [self.kind.schema(), { "type": "null" }] })
    }
}

fn fits(count: usize, min: usize, max: usize, at: &Place<'_>, faults: &mut Faults) -> bool {
    if count < min {
        let words = match min {
            1 => "choose at least one".to_owned(),
            _ => format!("must have at least {min} entries"),
        };
        faults.note(at, "too_short", words);
    } else if count > max {
        faults.note(at, "too_long", format!("must have at most {max} entries"));
    }
    (min..=max).contains(&count)
}

const NAME_LETTERS_MAX: usize = 100;
