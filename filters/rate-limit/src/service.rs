//! The call to the rate limit service.

mod answer;
pub(crate) mod proto;

use crate::config::OnError;
use crate::decision::Question;
use crate::key::Entry;

use filter_kit::host::GrpcCall;
use prost::Message;
use proto::{Descriptor, DescriptorEntry, RateLimitRequest};
use std::time::Duration;

pub(crate) use answer::{Answer, answered};

/// The gRPC service.
pub(crate) const SERVICE: &str = "envoy.service.ratelimit.v3.RateLimitService";

/// Its method.
pub(crate) const METHOD: &str = "ShouldRateLimit";

/// The rate limit service of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// The name of Envoy's cluster.
    pub cluster: String,
    /// The domain of the limits.
    pub domain: String,
    /// How long a request waits for an answer.
    pub timeout: Duration,
    /// What to do with a request if there is no answer.
    pub on_error: OnError,
}

impl Service {
    /// Returns a call with all questions of a request.
    #[must_use]
    pub fn call(&self, questions: &[Question]) -> GrpcCall {
        GrpcCall {
            cluster: self.cluster.clone(),
            service: SERVICE,
            method: METHOD,
            message: self.message(questions),
            timeout: self.timeout,
        }
    }

    fn message(&self, questions: &[Question]) -> Vec<u8> {
        let costs = || questions.iter().map(|question| question.cost);
        let most = costs().max().unwrap_or(1);
        // Every service supports one cost for the whole request, but only some support a cost per
        // descriptor.
        let differ = costs().any(|cost| cost != most);
        let descriptor = |question: &Question| Descriptor {
            entries: question.entries.iter().map(entry).collect(),
            hits_addend: differ.then_some(question.cost.into()),
        };
        RateLimitRequest {
            domain: self.domain.clone(),
            descriptors: questions.iter().map(descriptor).collect(),
            hits_addend: most,
        }
        .encode_to_vec()
    }
}

fn entry(entry: &Entry) -> DescriptorEntry {
    DescriptorEntry {
        key: entry.name.clone(),
        value: text(&entry.value),
    }
}

/// Converts bytes to text. Bytes that are not UTF-8 are percent-encoded.
fn text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
mod tests;
