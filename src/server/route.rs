//! Which path is which endpoint, and which methods it takes.

use hyper::Method;

use super::Refusal;
use crate::metrics::Endpoint;

/// The paths of the AuthZEN endpoints (Authorization API 1.0, section 10.1).
pub(super) mod path {
    pub(in super::super) const EVALUATION: &str = "/access/v1/evaluation";
    pub(in super::super) const EVALUATIONS: &str = "/access/v1/evaluations";
    pub(in super::super) const SEARCH_SUBJECT: &str = "/access/v1/search/subject";
    pub(in super::super) const SEARCH_RESOURCE: &str = "/access/v1/search/resource";
    pub(in super::super) const SEARCH_ACTION: &str = "/access/v1/search/action";
    pub(in super::super) const METADATA: &str = "/.well-known/authzen-configuration";
}

/// A path that is served.
pub(super) struct Route {
    pub(super) path: &'static str,
    pub(super) endpoint: Endpoint,
    pub(super) methods: Methods,
}

/// What a path takes.
#[derive(Clone, Copy)]
pub(super) enum Methods {
    /// A question in the body.
    Post,
    /// Reading only.
    Get,
}

impl Methods {
    fn take(self, method: &Method) -> bool {
        match self {
            Self::Post => method == Method::POST,
            Self::Get => method == Method::GET || method == Method::HEAD,
        }
    }

    pub(super) fn allow(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Get => "GET, HEAD",
        }
    }
}

/// The paths of a listener.
pub(super) struct Routes {
    /// What is served, to tell who asks for something else.
    pub(super) served: &'static str,
    pub(super) routes: &'static [Route],
}

impl Routes {
    /// The endpoint of a path, and whether it takes the method.
    pub(super) fn find(&self, path: &str, method: &Method) -> (Endpoint, Result<(), Refusal>) {
        match self.routes.iter().find(|route| route.path == path) {
            None => {
                let served = self.served;
                (Endpoint::Other, Err(Refusal::NotFound { served }))
            }
            Some(route) if route.methods.take(method) => (route.endpoint, Ok(())),
            Some(route) => {
                let allow = route.methods.allow();
                (route.endpoint, Err(Refusal::Method { allow }))
            }
        }
    }
}
