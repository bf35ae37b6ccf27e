//! Tenancy: who asks, for which organization, and the only way to SQL.
//!
//! - [`Caller`] is made from a verified token and from nothing else; [`Caller::require`] is the first line of every handler
//! - [`Signer`] and [`Verifier`] make and check tokens
//! - [`Db::begin`] opens a transaction that sees the caller's organization and no other
//! - [`Db::begin_forgettable`] is for what a crash of the database may take back, such as a guess that was counted
//! - [`Db::begin_unscoped`] is the greppable exception, on a login of its own
//! - [`Once`] makes a write idempotent by its request id, inside the write's own transaction
//! - [`audit`] records who did what, in the transaction of the deed
//!
//! Every tenant table has `tenant_id` first in its primary key, unique keys and foreign keys, and is put under forced
//! row-level security by `call tenant_table(…)` in its migration.

pub mod audit;
mod caller;
mod db;
mod keys;
mod lent;
mod once;
mod pool;
mod schema;
mod token;

pub use caller::{
    Audience, Caller, ClientMembership, Party, Person, PlatformCaller, Rights, Role, TenantId,
};
pub use db::{Database, Db, TenantTx, UnscopedTx};
pub use keys::{KeyRing, Keys};
pub use once::{MONEY_REQUESTS_KEPT, Once, REQUESTS_KEPT};
pub use schema::{migrate, migrations, newest};
pub use token::{Signer, Verifier, authorized};
