//! Asks the sidecar at an https URL everything that `authzen-rs` can ask, and prints what comes: the URL, the certificate
//! to trust, and a token are its arguments. The crate itself checks each answer against its request.

use std::error::Error;

use authzen_rs::prelude::*;
use authzen_rs::{EvaluationOptions, EvaluationsSemantic};

type Outcome<T> = Result<T, Box<dyn Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, url, certificate, token] = &arguments[..] else {
        return Err("usage: authzen-rs-client URL CERTIFICATE TOKEN".into());
    };
    let certificate = reqwest::Certificate::from_pem(&std::fs::read(certificate)?)?;
    let http = reqwest::Client::builder()
        .add_root_certificate(certificate)
        .build()?;
    let builder = || AuthZenClient::builder(url).http_client(http.clone());

    // Where the endpoints are: as the document says, and by default.
    for builder in [builder().discover(), builder()] {
        let client = builder.bearer_token(token).build().await?;
        evaluation(&client).await?;
        evaluations(&client).await?;
        searches(&client).await?;
    }
    let client = builder().bearer_token("another").build().await?;
    let refused = client.evaluate(reading("paris-marais")).await;
    println!("another token: {}", refused.unwrap_err());
    Ok(())
}

fn marc() -> Subject {
    Subject::new("user", "marc")
}

fn conversation(place: &str) -> Resource {
    Resource::new("conversation", "c-1")
        .with_property("tenant", "boutiques-durand")
        .with_property("sub_account", place)
        .with_property("status", "closed")
}

fn reading(place: &str) -> EvaluationRequest {
    EvaluationRequest::new(marc(), Action::new("read"), conversation(place))
}

async fn evaluation(client: &AuthZenClient) -> Outcome<()> {
    for place in ["paris-marais", "lyon"] {
        let decision = client.evaluate(reading(place)).await?;
        println!("evaluation: {place} {}", decision.allowed());
    }
    Ok(())
}

async fn evaluations(client: &AuthZenClient) -> Outcome<()> {
    let items = |actions: &[&str]| -> Vec<EvaluationRequest> {
        let place = |action: &&str| {
            EvaluationRequest::new(marc(), Action::new(*action), conversation("paris-marais"))
        };
        actions.iter().map(place).collect()
    };
    for semantic in [
        EvaluationsSemantic::ExecuteAll,
        EvaluationsSemantic::DenyOnFirstDeny,
        EvaluationsSemantic::PermitOnFirstPermit,
    ] {
        let request = EvaluationsRequest::new(items(&["read", "close", "reply"]))
            .with_options(EvaluationOptions::new(semantic));
        let answer = client.evaluations(request).await?;
        let allowed: Vec<bool> = answer.evaluations().iter().map(Decision::allowed).collect();
        println!("evaluations: {semantic:?} {allowed:?}");
    }
    let single = EvaluationsRequest::new(Vec::new()).with_defaults(
        Some(marc()),
        Some(Action::new("read")),
        Some(conversation("paris-marais")),
        None,
    );
    let answer = client.evaluations(single).await?;
    println!("evaluations: of none {:?}", answer.decision());
    Ok(())
}

async fn searches(client: &AuthZenClient) -> Outcome<()> {
    let page = || PageRequest::new().with_limit(2);

    let request = SubjectSearchRequest::new(
        Subject::query("user"),
        Action::new("reply"),
        conversation("lyon"),
    );
    let whole = client.search_subjects(request.clone()).await?;
    assert!(whole.page().is_none());
    let mut pages = client.paginate_subjects(request.with_page(page()))?;
    let mut found = Vec::new();
    while let Some(page) = pages.next_page().await? {
        let ids: Vec<&str> = page.results().iter().filter_map(Subject::id).collect();
        println!(
            "subjects: {ids:?} of {:?}",
            page.page().and_then(PageResponse::total)
        );
        found.extend_from_slice(page.results());
    }
    assert_eq!(found, whole.results());

    let request = ResourceSearchRequest::new(
        Subject::new("user", "claire"),
        Action::new("read"),
        Resource::query("sub_account").with_property("tenant", "boutiques-durand"),
    );
    let whole = client.search_resources(request.clone()).await?;
    let mut pages = client.paginate_resources(request.with_page(page()))?;
    let mut found = Vec::new();
    while let Some(page) = pages.next_page().await? {
        let ids: Vec<&str> = page.results().iter().filter_map(Resource::id).collect();
        println!(
            "resources: {ids:?} of {:?}",
            page.page().and_then(PageResponse::total)
        );
        found.extend_from_slice(page.results());
    }
    assert_eq!(found, whole.results());

    let request = ActionSearchRequest::new(marc(), conversation("paris-marais"));
    let whole = client.search_actions(request.clone()).await?;
    let mut pages = client.paginate_actions(request.with_page(page()))?;
    let mut found = Vec::new();
    while let Some(page) = pages.next_page().await? {
        let names: Vec<&str> = page.results().iter().filter_map(Action::name).collect();
        println!(
            "actions: {names:?} of {:?}",
            page.page().and_then(PageResponse::total)
        );
        found.extend_from_slice(page.results());
    }
    assert_eq!(found, whole.results());

    let nobody = SubjectSearchRequest::new(
        Subject::query("user"),
        Action::new("reply"),
        Resource::new("conversation", "c-1").with_property("tenant", "nowhere"),
    );
    let answer = client.search_subjects(nobody.with_page(page())).await?;
    println!("nowhere: {:?}", answer.results());
    Ok(())
}
