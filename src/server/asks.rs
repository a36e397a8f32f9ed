//! What the head of a request asks for, read in one go over its headers.

use hyper::HeaderMap;
use hyper::header::HeaderValue;

use super::Refusal;

/// The headers that change how a request is answered.
#[derive(Default)]
pub(super) struct Asks {
    /// The caller's own mark, to be given back.
    pub(super) request_id: Option<HeaderValue>,
    /// Whether the client sends its body only once it is told to.
    pub(super) waits: bool,
    /// Whether the reasons are wanted.
    pub(super) reasons: bool,
    content_types: usize,
    is_json: bool,
    generations: usize,
    generation_min: Option<u64>,
    explained: bool,
}

impl Asks {
    /// Of a header that may be given once the first counts, but for those that the answer depends on.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut asks = Self::default();
        for (name, value) in headers {
            match name.as_str() {
                "x-request-id" if asks.request_id.is_none() => {
                    asks.request_id = Some(value.clone());
                }
                "expect" => asks.waits = true,
                "octroi-explain" if !asks.explained => {
                    asks.explained = true;
                    asks.reasons = value.as_bytes().eq_ignore_ascii_case(b"true");
                }
                "content-type" => {
                    asks.content_types += 1;
                    asks.is_json = is_json(value.as_bytes());
                }
                "octroi-min-generation" => {
                    asks.generations += 1;
                    asks.generation_min = generation(value.as_bytes());
                }
                _ => {}
            }
        }
        asks
    }

    /// Whether the body is declared as JSON: once, whatever the parameters, upper or lower case.
    pub(super) fn is_json(&self) -> bool {
        self.content_types == 1 && self.is_json
    }

    /// The oldest generation that may answer; 0 if the caller takes any.
    pub(super) fn generation_min(&self) -> Result<u64, Refusal> {
        match (self.generations, self.generation_min) {
            (0, _) => Ok(0),
            (1, Some(generation)) => Ok(generation),
            _ => Err(Refusal::Generation),
        }
    }
}

fn is_json(kind: &[u8]) -> bool {
    let essence = kind.split(|byte| *byte == b';').next();
    essence.is_some_and(|essence| {
        essence
            .trim_ascii()
            .eq_ignore_ascii_case(b"application/json")
    })
}

/// A generation is digits. More of them than one has can only mean one that is yet to come.
fn generation(text: &[u8]) -> Option<u64> {
    let text = str::from_utf8(text).ok()?;
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderName;

    use super::*;

    fn asks(headers: &[(&'static str, &'static str)]) -> Asks {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = HeaderName::from_static(name);
            map.append(name, HeaderValue::from_static(value));
        }
        Asks::of(&map)
    }

    #[test]
    fn takes_json_only() {
        for (given, expected) in [
            (vec!["application/json"], true),
            (vec!["application/json; charset=utf-8"], true),
            (vec!["Application/JSON ;charset=utf-8"], true),
            (vec!["application/json-patch+json"], false),
            (vec!["text/plain"], false),
            (vec!["application/json", "text/plain"], false),
            (vec!["application/json", "application/json"], false),
            (vec![""], false),
            (vec![], false),
        ] {
            let headers: Vec<_> = given.iter().map(|kind| ("content-type", *kind)).collect();
            assert_eq!(asks(&headers).is_json(), expected, "{given:?}");
        }
    }

    #[test]
    fn a_generation_is_digits_and_said_once() {
        for (given, expected) in [
            (vec!["0"], Some(0)),
            (vec!["1763767814000"], Some(1_763_767_814_000)),
            (vec!["99999999999999999999999"], Some(u64::MAX)),
            (vec![""], None),
            (vec!["-1"], None),
            (vec!["+1"], None),
            (vec!["1.0"], None),
            (vec!["soon"], None),
            (vec!["1", "1"], None),
            (vec!["soon", "1"], None),
            (vec![], Some(0)),
        ] {
            let name = "octroi-min-generation";
            let headers: Vec<_> = given.iter().map(|value| (name, *value)).collect();
            let found = asks(&headers).generation_min().ok();
            assert_eq!(found, expected, "{given:?}");
        }
    }

    #[test]
    fn of_the_others_the_first_counts() {
        let found = asks(&[
            ("x-request-id", "a"),
            ("octroi-explain", "TRUE"),
            ("x-request-id", "b"),
            ("octroi-explain", "false"),
            ("expect", "100-continue"),
        ]);
        assert_eq!(found.request_id.unwrap(), "a");
        assert!(found.reasons && found.waits);
        assert!(!asks(&[("octroi-explain", "yes")]).reasons);
    }
}
