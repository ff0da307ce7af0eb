//! The gRPC server behind [`super::RateLimitService`].

use std::{net::TcpListener, sync::Arc, time::Duration};

use envoy_types::pb::envoy::service::ratelimit::v3::rate_limit_service_server::{
    RateLimitService, RateLimitServiceServer,
};
use tonic::{
    Code, Request, Response, Status, async_trait,
    transport::{Server, server::TcpIncoming},
};

use super::{
    Shared, answer,
    proto::{RateLimitRequest, RateLimitResponse},
};

type Edit = dyn Fn(&mut RateLimitResponse) + Send + Sync;

/// How it has been made to misbehave.
#[derive(Clone, Default)]
pub(super) struct Behaviour {
    pub(super) delay: Duration,
    pub(super) failure: Option<Code>,
    pub(super) edit: Option<Arc<Edit>>,
}

/// Serves until its runtime ends.
pub(super) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("a listening socket");
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let service = RateLimitServiceServer::new(Service(shared));
    // Ends only with its runtime: a broken connection is not an error of the server.
    let _ = Server::builder()
        .serve_with_incoming(service, incoming)
        .await;
}

struct Service(Arc<Shared>);

#[async_trait]
impl RateLimitService for Service {
    async fn should_rate_limit(
        &self,
        request: Request<RateLimitRequest>,
    ) -> Result<Response<RateLimitResponse>, Status> {
        let Self(shared) = self;
        let request = request.into_inner();
        shared.remember(request.clone());
        let behaviour = shared.behaviour().clone();
        let answer = match behaviour.failure {
            Some(code) => Err(Status::new(code, "told to fail")),
            // Like Limitador. With the code UNKNOWN Envoy would let the request pass, but this
            // error is for its failure mode.
            None => answer::answer(&shared.engine, shared.dialect, shared.headers, &request)
                .await
                .map_err(|error| Status::unavailable(format!("{error:#}"))),
        };
        tokio::time::sleep(behaviour.delay).await;
        let mut answer = answer?;
        if let Some(edit) = behaviour.edit {
            edit(&mut answer);
        }
        Ok(Response::new(answer))
    }
}
