#!/bin/bash
# Takes out one guard after the other, in a copy of the checkout, and shows who notices.
#
# Each sabotage says whether tests must turn red or the compiler must refuse. Whatever else happens stops this script: a
# sabotage that no longer fits the code, or no longer compiles, would prove nothing. One that stays green fails it at the end.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${CARGO_TARGET_DIR:?run this by make}"
devstack=$CARGO_TARGET_DIR/debug/devstack
# of its own: a build with a guard removed must never stand where a sound one is expected
export CARGO_TARGET_DIR=$CARGO_TARGET_DIR-sabotage

folder=$(mktemp -d)
copy=$folder/contractoros
log=$folder/log
git worktree add --quiet --detach "$copy" HEAD
finish() {
    git worktree remove --force "$copy"
    rm -rf "$folder"
    "$devstack" stop-tests >/dev/null
}
trap finish EXIT

stop() {
    printf '%s\n' "$1" >&2
    if [ -e "$log" ]; then tail -n 40 "$log" >&2; fi
    exit 1
}

build() { (cd "$copy" && cargo build --quiet --workspace --bins --tests) >"$log" 2>&1; }

# run TESTS: as cargo names them
run() {
    # logins and templates of another version must not serve this one
    "$devstack" stop-tests >/dev/null
    (cd "$copy" && cargo test --quiet --workspace "$@") >"$log" 2>&1
}

# what a red run says first: an expectation of a matrix, or else a test
why() { grep -m1 -F ' · ' "$log" || grep -m1 -E 'panicked at|^test .* FAILED' "$log"; }

restore() { git -C "$copy" checkout --quiet -- .; }

# replace FILE OLD NEW: puts NEW in place of the first OLD
replace() {
    OLD=$2 NEW=$3 perl -0pi -e 's/\Q$ENV{OLD}\E/$ENV{NEW}/ or exit 1' "$copy/$1" ||
        stop "a sabotage no longer fits: $1 has no: $2"
}

survivors=0

# turns_red NAME TESTS: what was replaced must build, and make one of TESTS fail
turns_red() {
    local name=$1
    shift
    build || stop "does not compile: $name"
    if run "$@"; then
        printf 'NOT NOTICED             %s\n' "$name"
        survivors=$((survivors + 1))
    elif grep -q '^test result: FAILED' "$log"; then
        printf 'noticed by a test       %s: %s\n' "$name" "$(why)"
    else
        stop "the tests did not run: $name"
    fi
    restore
}

# is_refused NAME ERROR: what was replaced must not build, for this reason
is_refused() {
    if build; then
        printf 'NOT NOTICED             %s\n' "$1"
        survivors=$((survivors + 1))
    elif grep -q -F "$2" "$log"; then
        printf 'caught by the compiler  %s: %s\n' "$1" "$2"
    else
        stop "does not compile for another reason: $1"
    fi
    restore
}

build || stop "the checkout does not compile"
run --lib --test tenancy --test pool --test isolation --test routes --test replay || stop "the tests are red without any sabotage"
echo "Without sabotage the tests are green."

replace services/billing/migrations/20261001000010_contract.sql \
    "call tenant_table('contract', 'select, insert, update');" \
    "call tenant_table('contract', 'select, insert, update'); drop policy tenant on contract;"
turns_red "a policy is dropped" --test tenancy

replace libs/tenancy/migrations/20261001000001_tenancy.sql \
    "execute format('alter table %s force row level security', name);" ""
turns_red "a table is not forced under its policy" --test tenancy

replace deploy/devstack/bootstrap.sql "nosuperuser" "superuser"
turns_red "the app login is a superuser" --test tenancy

replace libs/tenancy/src/lent.rs \
    'connection.execute("begin; rollback")' \
    'connection.execute("select 1")'
turns_red "a released connection keeps its transaction" --test pool

replace libs/tenancy/src/lent.rs \
    "self.has_begun && matches!(flush(&mut connection), Some(Ok(())))" \
    "self.has_begun || matches!(flush(&mut connection), Some(Ok(())))"
turns_red "a connection goes back before it is at rest" --test pool

replace libs/service/src/server/layers.rs \
    "self.lifecycle.spawn(work);" "drop(work);"
turns_red "a caller that goes away cuts the work off" --lib server::layers

replace libs/events/src/consumer.rs \
    "Ok(new.into_iter().collect())" \
    "drop(new); Ok(events.iter().map(|event| event.id).collect())"
turns_red "an event is handled as often as it comes" --test replay

replace libs/tenancy/src/caller.rs \
    "            tenant,
            person: asker.person.clone()," \
    "            tenant: request.metadata().get(\"tenant\").and_then(|id| id.to_str().ok()?.parse::<Uuid>().ok()).map_or(tenant, TenantId),
            person: asker.person.clone(),"
turns_red "the tenant comes from the request" --test isolation

replace services/billing/src/rpc/contract.rs \
    "Caller::require(&request, Audience::MANAGERS)?" \
    "Caller::require(&request, Audience::PEOPLE)?"
turns_red "an audience is opened" --test isolation

replace services/billing/src/rpc/contract.rs \
    "let caller = Caller::require(&request, Audience::MANAGERS)?;" ""
is_refused "a require is removed" 'cannot find value `caller`'

replace libs/tenancy/src/caller.rs \
    ".is_none_or(|person| audience.contains(person.audience()));" \
    ".is_none_or(|person| asker.service.is_some() || audience.contains(person.audience()));"
turns_red "a service lets in whomever it acts for" --test isolation

# a client's projects are narrowed twice: by the query, and by what is shown of its rows
all_in_reach() {
    replace services/projects/src/access.rs \
        "            None => Self::All," \
        "            _ if true => Self::All,
            None => Self::All,"
}
all_in_scope() {
    replace services/projects/src/access.rs \
        "person.rights_for(involved.client)?;" \
        "person.rights_for(involved.client).unwrap_or_default();"
}
all_in_reach
turns_red "the query finds every client's projects" --lib access::tests
all_in_scope
turns_red "every client's projects are shown" --lib access::tests
all_in_reach
all_in_scope
turns_red "every client reaches every project" --test isolation

replace services/portal/src/csrf.rs \
    "if is_from_here(headers) {" "if is_from_here(headers) || true {"
turns_red "a form may come from another site" --test routes

replace services/portal/src/csrf.rs \
    "if app.key.confirms_form(&self.0.0, token) {" \
    "if app.key.confirms_form(&self.0.0, token) || true {"
turns_red "a form may carry anybody's token" --test routes

replace services/portal/src/office/branding.rs \
    "fn show_preview(_: Owner," "fn show_preview(_: crate::session::Office,"
turns_red "a form of the owner's is open to the office" --test routes

if [ "$survivors" -gt 0 ]; then
    echo "$survivors sabotages were not noticed."
    exit 1
fi
echo "Every sabotage was noticed."
