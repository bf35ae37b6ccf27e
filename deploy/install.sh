#!/bin/sh
# Installs what building, running and testing the platform needs and this machine lacks.
# Says what before it does; asks nothing; changes nothing where nothing is missing.
set -eu

say() { printf '%s\n' "$*"; }

if ! command -v cargo >/dev/null 2>&1; then
    say "Rust is missing. Install it with rustup (https://rustup.rs), then run this again."
    exit 1
fi

missing=""
# need PROGRAM-OR-FILE PACKAGE WHY
need() {
    case $1 in
        /*) [ -e "$1" ] && return ;;
        *) command -v "$1" >/dev/null 2>&1 && return ;;
    esac
    case " $missing " in *" $2 "*) return ;; esac
    say "  missing: $2 ($3)"
    missing="$missing $2"
}

say "What the platform needs:"
need cmake cmake "builds the Kafka client and the JPEG codec"
need g++ g++ "builds the Kafka client"
need make make "runs this"
need pkg-config pkg-config "builds the Kafka client"
need /usr/include/openssl/ssl.h libssl-dev "the Kafka client's TLS"
need /usr/include/zlib.h zlib1g-dev "the Kafka client's compression"
[ -e /usr/include/curl/curl.h ] || need "/usr/include/$(uname -m)-linux-gnu/curl/curl.h" libcurl4-openssl-dev "headers of the Kafka client"
need java default-jre-headless "runs Kafka, which wants Java 17 or later"
need mvn maven "fetches Kafka and PostgreSQL"
need unzip unzip "unpacks PostgreSQL"
need xz xz-utils "unpacks PostgreSQL"
need nasm nasm "builds the JPEG codec"
need heif-convert libheif-examples "opens photos of iPhones"
need setpriv util-linux "runs PostgreSQL as a user of its own"
if [ "${1:-}" = "--tests" ]; then
    # Ubuntu has Chromium as a snap alone, so that any of these will do
    command -v google-chrome >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 ||
        need chromium-headless-shell chromium-headless-shell "the browser of the tests"
    need node nodejs "drives the browser"
    need npm npm "fetches the browser's driver"
    if command -v node >/dev/null 2>&1 && [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 20 ]; then
        say "Node 20 or later is needed, and this is $(node --version): https://nodejs.org has it."
        exit 1
    fi
fi
if [ "${1:-}" = "--bench" ]; then
    need /usr/share/backgrounds/mate/nature mate-backgrounds "photographs to measure with"
    need "/usr/lib/$(uname -m)-linux-gnu/libvips.so.42" libvips42 "what our photos are measured against"
    need python3 python3 "drives libvips"
    need pgbench postgresql "pgbench, which plays our statements; its package brings a server, which nothing here uses"
    python3 -c 'import ensurepip' >/dev/null 2>&1 || need ensurepip python3-venv "fetches what drives libvips"
fi

if [ -z "$missing" ]; then
    say "  all there"
    exit 0
fi
if ! command -v apt-get >/dev/null 2>&1; then
    say "This machine has no apt-get: install the packages above, then run this again."
    exit 1
fi
as_root=""
[ "$(id -u)" = 0 ] || as_root="sudo"
say "Installing:$missing"
$as_root apt-get update -qq
# shellcheck disable=SC2086 # a list of words
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing
