//! What documents publishes; the aggregate is the photo.

use ::events::{Aggregate, publish};
use proto::documents::{PhotoAdded, PhotoShared};
use service::Result;
use tenancy::TenantTx;
use uuid::Uuid;

/// A photo is ready.
pub(crate) async fn photo_added(
    tx: &mut TenantTx,
    project: Uuid,
    photo: Uuid,
    actor: Uuid,
) -> Result<()> {
    let event = PhotoAdded {
        project_id: project.to_string(),
        photo_id: photo.to_string(),
        actor_id: actor.to_string(),
    };
    publish(tx, aggregate(photo), &event).await
}

/// A photo is shared with clients from now on.
pub(crate) async fn photo_shared(
    tx: &mut TenantTx,
    project: Uuid,
    photo: Uuid,
    actor: Uuid,
) -> Result<()> {
    let event = PhotoShared {
        project_id: project.to_string(),
        photo_id: photo.to_string(),
        actor_id: actor.to_string(),
    };
    publish(tx, aggregate(photo), &event).await
}

fn aggregate(photo: Uuid) -> Aggregate {
    Aggregate {
        kind: "photo",
        id: photo,
    }
}
