#!/usr/bin/env bash
# Debian's Chromium speaks American English alone; its other languages are in a package of their own. They are taken out
# of it, and a Chromium with them is put together from links beside the tests: nothing is installed.
set -euo pipefail
cd "$(dirname "$0")/.."

version=$(dpkg-query --show --showformat '${Version}' chromium)
# One of another version would miss what it looks for beside itself.
[ "$(cat .chromium/version 2>/dev/null)" != "$version" ] || exit 0
# Here, so that it is moved to its place at once; ignored by git.
folder=$(mktemp -d .chromium-XXXXXX)
trap 'rm -rf "$folder"' EXIT
(cd "$folder" && apt-get download -qq "chromium-l10n=$version" && dpkg-deb --extract chromium-l10n_*.deb package)
cp --archive --symbolic-link /usr/lib/chromium "$folder/all"
cp "$folder"/package/usr/lib/chromium/locales/*.pak "$folder/all/locales/"
# It looks for its languages beside itself.
rm "$folder/all/chromium"
cp /usr/lib/chromium/chromium "$folder/all/"
echo "$version" > "$folder/all/version"
rm -rf .chromium
mv "$folder/all" .chromium
