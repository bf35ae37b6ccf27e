#!/bin/bash
# Takes out one guard after the other, in a copy of the checkout, and shows that the tests notice.
# A sabotage that leaves the tests green fails this script.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${CARGO_TARGET_DIR:?run this by make}"
devstack=$CARGO_TARGET_DIR/debug/devstack
# of its own: a build with a guard removed must never stand where a sound one is expected
export CARGO_TARGET_DIR=$CARGO_TARGET_DIR-sabotage

copy=$(mktemp -d)/contractoros
git worktree add --quiet --detach "$copy" HEAD
finish() {
    git worktree remove --force "$copy"
    "$devstack" stop-tests >/dev/null
}
trap finish EXIT

survivors=0

# sabotage NAME FILE OLD NEW TESTS: replaces the first OLD in FILE by NEW, and expects one of TESTS to fail
sabotage() {
    local name=$1 file=$copy/$2 old=$3 new=$4 tests=$5
    OLD=$old NEW=$new perl -0pi -e 's/\Q$ENV{OLD}\E/$ENV{NEW}/ or die "not found: $ENV{OLD}\n"' "$file"
    # logins and templates of the sound version must not serve the sabotaged one
    "$devstack" stop-tests >/dev/null
    if ! (cd "$copy" && cargo build --quiet --workspace --tests) >"$copy/sabotage.log" 2>&1; then
        printf 'does not compile  %s\n' "$name"
    elif (cd "$copy" && cargo test --quiet --workspace $tests) >"$copy/sabotage.log" 2>&1; then
        printf 'NOT NOTICED       %s\n' "$name"
        survivors=$((survivors + 1))
    else
        printf 'noticed           %s: %s\n' "$name" "$(grep -m1 -E "^test .* FAILED|expectations do not hold|panicked at" "$copy/sabotage.log" || echo red)"
    fi
    git -C "$copy" checkout --quiet -- .
}

sabotage "a policy is dropped" \
    services/billing/migrations/20261001000010_contract.sql \
    "call tenant_table('contract', 'select, insert, update');" \
    "call tenant_table('contract', 'select, insert, update'); drop policy tenant on contract;" \
    "--test tenancy"
sabotage "a table is not forced under its policy" \
    libs/tenancy/migrations/20261001000001_tenancy.sql \
    "execute format('alter table %s force row level security', name);" "" \
    "--test tenancy"
sabotage "an audience is opened" \
    services/billing/src/rpc/contract.rs \
    "Caller::require(&request, Audience::MANAGERS)?" \
    "Caller::require(&request, Audience::PEOPLE)?" \
    "--test isolation"
sabotage "a require is removed" \
    services/billing/src/rpc/contract.rs \
    "let caller = Caller::require(&request, Audience::MANAGERS)?;" "" \
    "--test isolation"
sabotage "the tenant comes from the request" \
    libs/tenancy/src/caller.rs \
    "            tenant,
            person: asker.person.clone()," \
    "            tenant: request.metadata().get(\"tenant\").and_then(|id| id.to_str().ok()?.parse::<Uuid>().ok()).map_or(tenant, TenantId),
            person: asker.person.clone()," \
    "--test isolation"
sabotage "the app login is a superuser" \
    deploy/devstack/bootstrap.sql \
    "nosuperuser" "superuser" \
    "--test tenancy"
sabotage "a released connection keeps its transaction" \
    libs/tenancy/src/db.rs \
    'connection.execute("begin; rollback").await?;' \
    'let _ = connection.execute("select 1").await?;' \
    "--test tenancy"
sabotage "every client reaches every project" \
    services/projects/src/access.rs \
    "            None => Self::All," \
    "            _ if true => Self::All,
            None => Self::All," \
    "--test isolation"

if [ "$survivors" -gt 0 ]; then
    echo "$survivors sabotages were not noticed."
    exit 1
fi
echo "Every sabotage was noticed."
