//! The development clock.

use anyhow::{Result, bail};
use axum::{Router, http::StatusCode, routing::get};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{Listen, bind};
use crate::clock;

/// Binds the control address; refuses one where the platform is not a development machine's.
pub async fn bind_control(listen: &Listen) -> Result<Option<TcpListener>> {
    let Some(address) = listen.control_address else {
        return Ok(None);
    };
    if listen.base_domain != "localhost" {
        bail!("control_address may be set only where base_domain is \"localhost\"");
    }
    bind(address).await.map(Some)
}

/// Serves the development clock: `GET /clock` reads it, `PUT /clock` with an RFC 3339 time moves it.
pub async fn serve_control(listener: TcpListener, stopping: CancellationToken) {
    let router = Router::new().route(
        "/clock",
        get(|| async { clock::now().to_string() }).put(|body: String| async move {
            match body.trim().parse() {
                Ok(time) => {
                    clock::set(time);
                    (StatusCode::OK, clock::now().to_string())
                }
                Err(_) => (
                    StatusCode::BAD_REQUEST,
                    "send a time such as 2026-11-25T09:00:00Z".to_owned(),
                ),
            }
        }),
    );
    let served = axum::serve(listener, router)
        .with_graceful_shutdown(stopping.cancelled_owned())
        .await;
    if let Err(error) = served {
        tracing::error!(%error, "the control address is not served");
    }
}
