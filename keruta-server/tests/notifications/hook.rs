//! A webhook that answers as it is told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::StatusCode;
use serde_json::Value;
use tokio::net::TcpListener;

/// How it answers once.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    Status(u16),
    /// 429 with this `Retry-After`.
    TooMany(&'static str),
    Redirect(String),
    /// Not within the time of a test.
    Hang,
}

#[derive(Clone, Default)]
pub(crate) struct Hook(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    answers: VecDeque<Answer>,
    received: Vec<Value>,
    url: String,
}

impl Hook {
    pub(crate) async fn start() -> Self {
        let hook = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        hook.0.lock().unwrap().url = format!("http://{}/services/T0/B0/secret", listener.local_addr().unwrap());
        let router = Router::new().route("/services/T0/B0/secret", post(take)).with_state(hook.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        hook
    }

    pub(crate) fn url(&self) -> String {
        self.0.lock().unwrap().url.clone()
    }

    /// What it answers next; 200 where nothing is left.
    pub(crate) fn will(&self, answers: impl IntoIterator<Item = Answer>) {
        self.0.lock().unwrap().answers.extend(answers);
    }

    pub(crate) fn received(&self) -> Vec<Value> {
        self.0.lock().unwrap().received.clone()
    }

    pub(crate) fn texts(&self) -> Vec<String> {
        self.received().iter().map(|body| body["text"].as_str().unwrap().to_owned()).collect()
    }
}

async fn take(State(hook): State<Hook>, body: String) -> Response {
    let answer = {
        let mut inner = hook.0.lock().unwrap();
        inner.received.push(serde_json::from_str(&body).unwrap());
        inner.answers.pop_front().unwrap_or(Answer::Status(200))
    };
    match answer {
        Answer::Status(status) => (StatusCode::from_u16(status).unwrap(), "so be it").into_response(),
        Answer::TooMany(after) => {
            (StatusCode::TOO_MANY_REQUESTS, [("retry-after", after)], "rate_limited").into_response()
        }
        Answer::Redirect(to) => (StatusCode::TEMPORARY_REDIRECT, [("location", to)]).into_response(),
        Answer::Hang => {
            tokio::time::sleep(Duration::from_mins(10)).await;
            StatusCode::OK.into_response()
        }
    }
}
