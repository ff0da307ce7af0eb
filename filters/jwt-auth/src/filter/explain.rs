//! The explanation of a refusal for the log and filter state.

use super::JwtAuth;
use crate::config::Config;
use crate::requirement::Refusal;
use filter_kit::config::FilterConfig as _;
use filter_kit::explain::Explanation;
use filter_kit::request::Request;

impl JwtAuth {
    #[cold]
    pub(super) fn explain(&self, refusal: &Refusal, request: &Request) {
        let reason = refusal.reason;
        let mut explanation = Explanation::new(Config::FILTER, self.mode, reason.details());
        let provider = self.authenticator.providers().get(refusal.provider);
        if let Some(provider) = provider.filter(|_| reason.is_of_token()) {
            explanation = explanation.field("provider", provider.name.as_bytes());
        }
        if let Some(rule) = refusal.rule {
            explanation = explanation.field("rule", rule.to_string().into_bytes());
        }
        if let Some(about) = &refusal.about {
            if let Some(kid) = &about.kid {
                explanation = explanation.field("kid", kid.as_bytes());
            }
            if let Some(issuer) = &about.issuer {
                explanation = explanation.detail("issuer", issuer.as_bytes());
            }
            if let Some(issued) = about.issued {
                let age = request.now().as_secs().saturating_sub(issued);
                explanation = explanation.detail("age", format!("{age}s").into_bytes());
            }
        }
        request.explain(&explanation);
    }
}
