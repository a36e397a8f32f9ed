//! The members of a JSON object, found by name.

use std::borrow::Cow;

use super::Json;

/// Members of an object, no name twice (I-JSON, RFC 7493 section 2.3), sorted by name: looking one up costs little
/// however many there are. `null` counts as absent.
#[derive(Debug, Clone, PartialEq, Default, Hash)]
pub struct Members<'a> {
    sorted: Vec<(Cow<'a, str>, Json<'a>)>,
}

/// A name comes twice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the name `{}` comes twice", .0.escape_debug())]
pub struct Repeated(pub String);

impl<'a> Members<'a> {
    /// Members in whatever order they were written.
    ///
    /// # Errors
    /// When a name comes twice; of several such, the first by name is told.
    pub fn new(mut members: Vec<(Cow<'a, str>, Json<'a>)>) -> Result<Self, Repeated> {
        members.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        let mut pairs = members.iter().zip(members.iter().skip(1));
        match pairs.find(|((one, _), (other, _))| one == other) {
            Some(((name, _), _)) => Err(Repeated(name.to_string())),
            None => Ok(Self { sorted: members }),
        }
    }

    fn find(&self, name: &str) -> Result<usize, usize> {
        self.sorted
            .binary_search_by(|(known, _)| (**known).cmp(name))
    }

    /// The member of that name; `null` counts as absent.
    pub fn get(&self, name: &str) -> Option<&Json<'a>> {
        let at = self.find(name).ok()?;
        let (_, value) = self.sorted.get(at)?;
        Some(value).filter(|value| !matches!(value, Json::Null))
    }

    /// Gives a member a value, whether it was there or not.
    pub fn set(&mut self, name: impl Into<Cow<'a, str>>, value: Json<'a>) {
        let name = name.into();
        match self.find(&name) {
            Ok(at) => {
                if let Some((_, known)) = self.sorted.get_mut(at) {
                    *known = value;
                }
            }
            Err(at) => self.sorted.insert(at, (name, value)),
        }
    }

    /// Takes a member's value out; `null` is left in its place, and counts as absent.
    pub fn take(&mut self, name: &str) -> Option<Json<'a>> {
        let at = self.find(name).ok()?;
        let (_, value) = self.sorted.get_mut(at)?;
        Some(std::mem::replace(value, Json::Null)).filter(|value| *value != Json::Null)
    }

    /// Names and values, by name, `null` included.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json<'a>)> {
        self.sorted.iter().map(|(name, value)| (&**name, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_sets_and_takes_by_name() {
        let pairs = [
            ("b", Json::Integer(2)),
            ("a", Json::Integer(1)),
            ("n", Json::Null),
        ];
        let pairs = pairs.map(|(name, value)| (Cow::Borrowed(name), value));
        let mut members = Members::new(pairs.to_vec()).unwrap();
        assert_eq!(members.get("a"), Some(&Json::Integer(1)));
        assert_eq!(members.get("n"), None);
        members.set("a", Json::Bool(true));
        members.set("c", Json::Integer(3));
        assert_eq!(members.take("a"), Some(Json::Bool(true)));
        assert_eq!(members.get("a"), None);
        assert_eq!(members.get("c"), Some(&Json::Integer(3)));
        let twice = vec![
            (Cow::Borrowed("x"), Json::Null),
            (Cow::Borrowed("x"), Json::Null),
        ];
        assert_eq!(Members::new(twice), Err(Repeated("x".into())));
    }
}
