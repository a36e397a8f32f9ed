//! A question, and its form as an AuthZEN request.

use serde_json::{Map, Value as Json, json};

/// May the subject do the action to the resource?
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// `subject.type`
    pub subject_type: String,
    /// `subject.id`
    pub subject_id: String,
    /// `subject.properties`
    pub subject: Map<String, Json>,
    /// `action.name`
    pub action_name: String,
    /// `action.properties`
    pub action: Map<String, Json>,
    /// `resource.type`
    pub resource_type: String,
    /// `resource.id`
    pub resource_id: String,
    /// `resource.properties`
    pub resource: Map<String, Json>,
    /// `context`
    pub context: Map<String, Json>,
}

impl Question {
    /// The question as the body of `POST /access/v1/evaluation`; what is empty is left out.
    pub fn to_json(&self) -> Json {
        let mut subject = json!({"type": self.subject_type, "id": self.subject_id});
        let mut action = json!({"name": self.action_name});
        let mut resource = json!({"type": self.resource_type, "id": self.resource_id});
        add(&mut subject, "properties", &self.subject);
        add(&mut action, "properties", &self.action);
        add(&mut resource, "properties", &self.resource);
        let mut request = json!({"subject": subject, "action": action, "resource": resource});
        add(&mut request, "context", &self.context);
        request
    }
}

fn add(to: &mut Json, key: &str, properties: &Map<String, Json>) {
    if !properties.is_empty() {
        to[key] = Json::Object(properties.clone());
    }
}
