#!/usr/bin/env bash
# Runs the fault matrix at real servers, or with `soak` random faults on larger mailboxes, and prints for each row how
# many points were tried and what was lost and doubled. Fails if anything was.
set -euo pipefail
cd "$(dirname "$0")/.."

MATRIX_REPORT=$(mktemp)
trap 'rm -f "$MATRIX_REPORT"' EXIT
export MATRIX_REPORT
matrix=(cargo test --locked --workspace --exclude mailferry-frontend --test fault_matrix --)

status=0
if [ "${1:-}" = soak ]; then
  SOAK_SEED=${SOAK_SEED:-$RANDOM$RANDOM} SOAK_MINUTES=${SOAK_MINUTES:-10} \
    "${matrix[@]}" --ignored --nocapture soak || status=$?
else
  MATRIX_POINTS=${MATRIX_POINTS:-40} "${matrix[@]}" || status=$?
fi

echo
{
  echo 'row|points|lost|doubled'
  sort "$MATRIX_REPORT"
  awk -F'|' '{ points += $2; lost += $3; doubled += $4 } END { printf "all|%d|%d|%d\n", points, lost, doubled }' "$MATRIX_REPORT"
} | column -t -s '|'
exit "$status"
