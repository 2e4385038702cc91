#!/usr/bin/env bash
# Debian's Chromium speaks American English alone; its other languages are in a package of their own. They are taken out
# of it, and a Chromium with them is put together from links beside the tests: nothing is installed.
set -euo pipefail
cd "$(dirname "$0")/.."

[ ! -x .chromium/chromium ] || exit 0
folder=$(mktemp -d .chromium-XXXXXX)
trap 'rm -rf "$folder"' EXIT
version=$(dpkg-query --show --showformat '${Version}' chromium)
(cd "$folder" && apt-get download -qq "chromium-l10n=$version" && dpkg-deb --extract chromium-l10n_*.deb package)
cp --archive --symbolic-link /usr/lib/chromium "$folder/all"
cp "$folder"/package/usr/lib/chromium/locales/*.pak "$folder/all/locales/"
# It looks for its languages beside itself.
rm "$folder/all/chromium"
cp /usr/lib/chromium/chromium "$folder/all/"
rm -rf .chromium
mv "$folder/all" .chromium
