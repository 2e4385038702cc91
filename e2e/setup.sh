#!/usr/bin/env bash
# Installs what demo, tests and page need on a Debian 12 that has rustup and build-essential. Does nothing, quickly, when
# all is there.
set -euo pipefail
cd "$(dirname "$0")"

say() { printf 'setup: %s\n' "$*"; }

has_dovecot() { [ -x /usr/sbin/dovecot ] && [ -e /usr/lib/dovecot/imap ]; }
has_cyrus() { [ -x /usr/lib/cyrus/bin/master ]; }
has_cyrus_imapd() { [ -x /usr/lib/cyrus/bin/imapd ] || [ -x .cyrus/usr/lib/cyrus/bin/imapd ]; }
has_postgres() { compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null; }
has_browser() { [ -n "${CHROMIUM:-}" ] || command -v chromium >/dev/null; }
# Any Node can install the packages; one of them is the Node that runs everything else. Ours is not asked here.
system_path() { printf '%s' "$PATH" | tr ':' '\n' | grep -v "$PWD/node_modules/.bin" | paste -sd:; }
has_venv() { python3 -c 'import ensurepip, venv' 2>/dev/null; }
has_javac() { command -v javac >/dev/null; }
has_java_annotations() { [ -e /usr/share/java/geronimo-annotation-1.3-spec.jar ]; }
has_curl() { command -v curl >/dev/null; }
# The program, not the shell's own.
has_kill() { type -P kill >/dev/null; }
has_npm() { PATH=$(system_path) command -v npm >/dev/null; }

packages=()
has_dovecot || packages+=(dovecot-imapd)
has_cyrus || packages+=(cyrus-common)
has_postgres || packages+=(postgresql)
has_browser || packages+=(chromium fonts-liberation fonts-droid-fallback)
has_curl || packages+=(curl)
has_kill || packages+=(procps)
has_npm || packages+=(nodejs npm)
has_venv || packages+=(python3 python3-venv)
has_javac || packages+=(openjdk-17-jdk-headless)
has_java_annotations || packages+=(libgeronimo-annotation-1.3-spec-java)

install_packages() {
  local become=()
  if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
      say "these Debian packages are missing, and there is no sudo; as root, run:"
      say "  apt-get install --no-install-recommends ${packages[*]}"
      exit 1
    fi
    become=(sudo)
  fi
  say "installing ${packages[*]}"
  # The tests start servers of their own: keep Debian from starting the packages' ones now.
  local policy=/usr/sbin/policy-rc.d made_policy=
  if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' | "${become[@]}" tee $policy >/dev/null
    "${become[@]}" chmod +x $policy
    made_policy=yes
  fi
  local status=0
  "${become[@]}" apt-get update -qq &&
    "${become[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
      "${packages[@]}" >apt.log 2>&1 || status=$?
  [ -z "$made_policy" ] || "${become[@]}" rm -f $policy
  if [ $status != 0 ]; then
    tail -n 20 apt.log >&2 || true
    say "apt-get failed; the packages needed are ${packages[*]}"
    exit $status
  fi
  rm -f apt.log
}

[ ${#packages[@]} = 0 ] || install_packages

# Debian lets only one IMAP server be installed. Of Cyrus only this one program is missing beside Dovecot: it is taken
# out of its package, and nothing is installed.
if ! has_cyrus_imapd; then
  say "taking Cyrus's imapd out of its package"
  mkdir -p .cyrus
  version=$(dpkg-query --show --showformat '${Version}' cyrus-common)
  # As root apt would download as a user who may not write here, and say so.
  (cd .cyrus && apt-get download -qq -o APT::Sandbox::User=root "cyrus-imapd=$version" && dpkg-deb --extract cyrus-imapd_*.deb . && rm cyrus-imapd_*.deb)
fi

if ! cmp -s package-lock.json node_modules/.installed; then
  say "installing npm packages"
  # No package's script is run, and no browser is downloaded: Debian's chromium is used.
  PATH=$(system_path) PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 \
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
  # npm links it only under its package's name on some versions.
  for node in node_modules/node-linux-*/bin/node; do ln -sf "../${node#node_modules/}" node_modules/.bin/node; done
  cp package-lock.json node_modules/.installed
fi

if ! cmp -s requirements.txt .venv/.installed; then
  say "installing Python packages"
  python3 -m venv --clear .venv
  .venv/bin/pip install --quiet --disable-pip-version-check --only-binary :all: --requirement requirements.txt
  cp requirements.txt .venv/.installed
fi

if command -v rustup >/dev/null && ! rustup target list --installed | grep -q '^wasm32-unknown-unknown$'; then
  say "installing the wasm32 target"
  rustup target add wasm32-unknown-unknown
fi
