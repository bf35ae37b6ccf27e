//! Health, in plain gRPC: "" and "readiness" ask whether calls are served, "liveness" whether the process runs.

use std::time::Duration;

use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::CancellationToken;

use super::Ready;

/// Answers until `drained` fires, NOT_SERVING from `stopping` on.
pub(super) async fn serve(
    listener: TcpListener,
    ready: Ready,
    stopping: CancellationToken,
    drained: CancellationToken,
) {
    let (reporter, health) = tonic_health::server::health_reporter();
    let serving = |is_ready| {
        if is_ready {
            tonic_health::ServingStatus::Serving
        } else {
            tonic_health::ServingStatus::NotServing
        }
    };
    reporter.set_service_status("liveness", serving(true)).await;
    let watch = async {
        loop {
            let is_ready = !stopping.is_cancelled() && ready().await;
            for name in ["", "readiness"] {
                reporter.set_service_status(name, serving(is_ready)).await;
            }
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
                () = stopping.cancelled(), if !stopping.is_cancelled() => {}
            }
        }
    };
    let serve = tonic::transport::Server::builder()
        .add_service(health)
        .serve_with_incoming_shutdown(
            TcpListenerStream::new(listener),
            drained.clone().cancelled_owned(),
        );
    tokio::select! {
        outcome = serve => if let Err(error) = outcome {
            tracing::error!(%error, "health is not served");
        },
        () = watch => {}
        () = drained.cancelled() => {}
    }
}
